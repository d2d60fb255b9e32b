#pragma once
// The few scalars that are wanted of each of a million JSON objects, however they are written.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace stakewatch {

// A member of the object itself (`object` is empty), or of the object that is its member `object`.
struct JsonField {
  std::string_view object;
  std::string_view name;
};

enum class JsonKind { kMissing, kNull, kBool, kNumber, kString, kOther };

struct JsonScalar {
  JsonKind kind = JsonKind::kMissing;
  // Of a string what it says, without escapes; of a number or a bool as it is written. Until the
  // next object is read.
  std::string_view text;

  // A whole number, written as one or in a string, as the Beacon API does; none for anything else,
  // or above 2^64 - 1.
  std::optional<std::uint64_t> Unsigned() const;
};

// Reads one object after the other, in one of three ways, each for what the one before cannot read:
// by its shape, when one before had all the same but for the digits and letters in its strings;
// plainly, when there are but strings without escapes, numbers, words and objects; and by simdjson.
// Of duplicate names the last counts, always.
class JsonFields {
 public:
  // What the names point to outlives this.
  explicit JsonFields(std::vector<JsonField> fields);
  ~JsonFields();
  JsonFields(JsonFields&&) noexcept;
  JsonFields& operator=(JsonFields&&) noexcept;

  enum class Fit {
    kRead,
    kMore,  // There is not the whole object yet, as far as one can tell so.
    kNo,    // It must be cut out first, and given to Read.
  };
  // Tries the object that `text` begins with; there may be less of it, or more behind it. `size`
  // says how long it was. What follows in memory is of no matter, but must end in kJsonReach zeros.
  Fit TryRead(std::string_view text, std::size_t& size);
  // One whole object, and nothing else. 64 readable bytes follow.
  Result<void> Read(std::string_view object);
  // A string with its quotes, without its escapes; none if it is not right.
  std::optional<std::string_view> Unescaped(std::string_view quoted);

  // In the order of the fields.
  std::span<const JsonScalar> Values() const { return values_; }

 private:
  struct Ways;
  std::vector<JsonField> fields_;
  std::vector<JsonScalar> values_;
  std::unique_ptr<Ways> ways_;
};

}  // namespace stakewatch
