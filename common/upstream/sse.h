#pragma once
// Server-sent events: the text/event-stream format of the WHATWG's HTML standard, section 9.2, read
// as it comes.
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace stakewatch {

struct ServerEvent {
  std::string type;  // "message" where the stream names none.
  std::string data;  // Valid UTF-8. Its lines are joined by '\n'.
};

// The parser of one connection, in bounded memory: what comes next depends only on the bytes, not
// on how they were cut. Bytes that are no UTF-8 become U+FFFD, one for each longest piece of a
// character, as the standard wants it. Not kept: `id`, since no upstream of ours takes events up
// again where they stopped.
class SseParser {
 public:
  using OnEvent = std::function<void(ServerEvent)>;

  static constexpr std::size_t kBytesMax = 1U << 20;  // Of a line, and of an event's data.

  explicit SseParser(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // Calls `on_event` for each event that these bytes complete. An event is complete with its blank
  // line; one without it is none. An error, of a line or data over the limit, is final: later calls
  // give it again and no event.
  Checked<void> Feed(std::string_view bytes, const OnEvent& on_event);

  // The last `retry`: how long the upstream would have us wait after a loss.
  std::optional<std::chrono::milliseconds> Retry() const { return retry_; }

 private:
  void Line(std::string_view line, const OnEvent& on_event);
  void Field(std::string_view name, std::string_view value);
  void Dispatch(const OnEvent& on_event);
  void Refuse(std::string why);

  const std::size_t bytes_max_;
  std::string line_;        // The start of a line whose end has not come.
  bool first_line_ = true;  // Which may begin with a byte order mark.
  bool after_cr_ = false;   // A line feed that comes now belongs to the line before.
  std::string type_;
  std::string data_;  // Each line with a '\n' behind it.
  std::optional<std::chrono::milliseconds> retry_;
  std::string error_;
};

}  // namespace stakewatch
