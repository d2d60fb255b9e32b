#pragma once
// Objects read without a parser: what nearly all of them are like.
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "common/json_fields.h"
#include "common/json_names.h"

namespace stakewatch {

// A scalar: of a string what is between the quotes.
struct JsonStep {
  std::string_view text;
  JsonKind kind = JsonKind::kMissing;
  int field = -1;  // Which of the fields it is.
};

// A name, and which of the objects it stands in: each has a number.
struct JsonName {
  std::size_t object = 0;
  std::string_view name;

  bool operator==(const JsonName&) const = default;
};

// What one object is made of, in its order.
struct JsonSteps {
  static constexpr std::size_t kMax = 64;
  std::vector<JsonStep> steps;
  std::vector<JsonName> names;
  bool complete = true;  // There are at most kMax names, and each stands once in its object.
};

// The fields by their names.
struct JsonWanted {
  explicit JsonWanted(std::span<const JsonField> fields);

  std::vector<std::size_t> objects;  // Of each field, its object in `names`.
  // By JsonMeaning::object: of 0 none is wanted, 1 is the outermost.
  std::vector<JsonNames> names;
};

struct JsonExtent {
  JsonFields::Fit fit = JsonFields::Fit::kNo;
  const char* end = nullptr;  // Of the object, if it was read.
};

// Reads the object at `at` if it has but strings without escapes in ASCII, numbers, words and
// objects in it, at most four deep. What is at `end` and after does not count, but must end in
// kJsonReach zeros. `steps` may be null.
JsonExtent ReadPlainly(const char* at, const char* end, const JsonWanted& wanted,
                       std::span<JsonScalar> values, JsonSteps* steps);

}  // namespace stakewatch
