#pragma once
// Objects read without a parser: plainly, and by the layout that one of them had.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_fields.h"

namespace stakewatch {

// A scalar and what stands between it and the one before, the quotes of both included.
struct JsonStep {
  std::string_view literal;
  bool quoted = false;
  int field = -1;  // Which of the fields it is.
};

// Where the scalars of one object are, for a layout.
struct JsonSteps {
  static constexpr std::size_t kMax = 32;
  std::array<JsonStep, kMax> steps;
  std::size_t count = 0;
  std::string_view last_literal;
  bool learnable =
      true;  // Each name stands once in its object, and there are at most kMax scalars.
};

struct JsonExtent {
  JsonFields::Fit fit = JsonFields::Fit::kNo;
  const char* end = nullptr;  // Of the object, if it was read.
};

// Reads the object at `at` if it has but strings without escapes in ASCII, numbers, words and
// objects in it, at most four deep. What is at `end` and after does not count, but must end in
// kJsonReach zeros. `steps` may be null.
JsonExtent ReadPlainly(const char* at, const char* end, std::span<const JsonField> fields,
                       std::span<JsonScalar> values, JsonSteps* steps);

// What stands between the values of an object, byte for byte. An object that has the same there has
// the same names, so that its values mean the same.
class JsonLayout {
 public:
  // None for what takes too long to compare.
  static std::optional<JsonLayout> Learn(std::string_view object,
                                         std::span<const JsonField> fields);

  // As ReadPlainly.
  JsonExtent Read(const char* at, const char* end, std::span<JsonScalar> values) const;

 private:
  struct Word {  // Eight bytes of a literal.
    std::uint64_t text = 0;
    std::uint64_t mask = 0;
  };
  struct Step {
    std::string literal;
    std::size_t words_end = 0;  // Of its words in words_, which begin where those before end.
    bool quoted = false;
    bool last = false;  // Nothing but the literal.
    int field = -1;
  };

  void Add(const JsonStep& step, bool last);
  static bool Begins(const Step& step, std::string_view text);

  std::vector<Word> words_;
  std::vector<Step> steps_;
};

}  // namespace stakewatch
