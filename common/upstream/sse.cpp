#include "common/upstream/sse.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::chrono::hours kRetryMax{24};

// Digits and nothing else; a longer time than a day is a day.
std::optional<std::chrono::milliseconds> Milliseconds(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return kRetryMax;
  return std::min<std::chrono::milliseconds>(std::chrono::milliseconds(number), kRetryMax);
}

}  // namespace

Checked<void> SseParser::Feed(std::string_view bytes, const OnEvent& on_event) {
  while (error_.empty() && !bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    if (end > bytes_max_ - line_.size()) {
      Refuse("a line of the event stream is longer than " + std::to_string(bytes_max_) + " bytes");
      break;
    }
    if (end == bytes.size()) {
      line_ += bytes;
      break;
    }
    after_cr_ = bytes[end] == '\r';
    // A line that lies whole in the bytes is read where it lies.
    if (line_.empty()) {
      Line(bytes.substr(0, end), on_event);
    } else {
      line_ += bytes.substr(0, end);
      Line(std::exchange(line_, std::string()), on_event);
    }
    bytes.remove_prefix(end + 1);
  }
  if (!error_.empty()) return std::unexpected(error_);
  return {};
}

void SseParser::Line(std::string_view line, const OnEvent& on_event) {
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) return Dispatch(on_event);
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // A comment: beacon nodes send one to show that they are there.
  if (colon == std::string_view::npos) return Field(line, "");
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  return Field(line.substr(0, colon), value);
}

void SseParser::Field(std::string_view name, std::string_view value) {
  if (name == "event") {
    type_ = value;
  } else if (name == "data") {
    if (value.size() + 1 > bytes_max_ + 1 - data_.size()) {
      return Refuse("an event's data is longer than " + std::to_string(bytes_max_) + " bytes");
    }
    data_ += value;
    data_ += '\n';
  } else if (name == "retry") {
    if (const auto time = Milliseconds(value)) retry_ = time;
  }
}

void SseParser::Dispatch(const OnEvent& on_event) {
  ServerEvent event{std::exchange(type_, std::string()), std::exchange(data_, std::string())};
  if (event.data.empty()) return;
  event.data.pop_back();
  if (event.type.empty()) event.type = "message";
  // A character is never split by what separates lines and fields, so each part may be mended by
  // itself.
  event.type = MendUtf8(std::move(event.type));
  event.data = MendUtf8(std::move(event.data));
  on_event(std::move(event));
}

void SseParser::Refuse(std::string why) {
  error_ = std::move(why);
  line_ = type_ = data_ = std::string();
}

}  // namespace stakewatch
