#pragma once
// Walks through a JSON document that comes in pieces, however long: each bracket, name and scalar
// is given as it comes. Takes the memory of one text. For documents of a known shape with arrays
// within arrays; JsonItems is for one array of small objects.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace stakewatch {

struct JsonToken {
  enum class Kind { kOpenObject, kCloseObject, kOpenArray, kCloseArray, kName, kString, kBare };
  Kind kind;
  // Of a name, a string (both without quotes, escapes as they are written) or a number, true, false
  // or null as it is written; until the call ends.
  std::string_view text;
};

class JsonWalk {
 public:
  static constexpr std::size_t kDepthMax = 64;

  // An error of it ends the walk.
  using OnToken = std::function<Checked<void>(const JsonToken&)>;

  explicit JsonWalk(OnToken on_token, std::size_t text_bytes_max = 64U << 10);

  // Brackets, commas, colons and quotes must be right; what is in a number or an escape is for who
  // reads the text to judge. After an error nothing more may be taken.
  Checked<void> Take(std::string_view piece);
  // To be asked once all has come: an error for a document that is cut short.
  Checked<void> Finish();

 private:
  // What must come next.
  enum class Next { kValue, kFirstValue, kFirstName, kName, kColon, kMore, kNothing };
  enum class Within { kNothing, kString, kEscape, kBare };

  Checked<void> TakeOne(char c);
  Checked<void> Open(char c);
  Checked<void> Close(char c);
  Checked<void> EndText(bool quoted);
  // The plain text that `piece` begins with, at least one byte of it.
  std::size_t TakePlain(std::string_view piece);
  Checked<void> Tell(JsonToken::Kind kind, std::string_view text = {});

  const OnToken on_token_;
  const std::size_t text_bytes_max_;
  Next next_ = Next::kValue;
  Within within_ = Within::kNothing;
  std::string open_;  // The brackets that will close what is open.
  std::string text_;
};

}  // namespace stakewatch
