#pragma once
// Finds where a JSON value ends that comes in pieces, each byte looked at once. Brackets must
// match and strings have no control characters; the rest is for a parser to judge.
#include <cstddef>
#include <string>
#include <string_view>

namespace stakewatch {

class JsonCut {
 public:
  static constexpr std::size_t kDepthMax = 1024;

  enum class State { kMore, kDone, kBad };

  void Begin();
  // Takes up `text`, of which the first `done` bytes were there before: `done` is moved on to the
  // end of the value, or of the text. kJsonReach readable bytes follow. A number or a word is done
  // only when something follows it.
  State Take(std::string_view text, std::size_t& done);

 private:
  State TakeString(std::string_view text, std::size_t& done);
  bool Closes(char c);

  enum class Within { kNothing, kString, kEscape, kBare, kBrackets };
  Within within_ = Within::kNothing;
  std::string open_;  // The brackets that will close what is open.
};

}  // namespace stakewatch
