#include "common/duration.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace stakewatch {
namespace {

struct Unit {
  std::string_view word;
  std::int64_t ms;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::int64_t kYearMs = 365LL * 86400000;

}  // namespace

Checked<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view word = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (error == std::errc() && number >= 0 && word == unit.word && number <= kYearMs / unit.ms) {
      return std::chrono::milliseconds(number * unit.ms);
    }
  }
  return std::unexpected("\"" + std::string(text) +
                         "\" is no duration: a number with ms, s, m, h or d is right, as 10s");
}

std::string WriteDuration(std::chrono::milliseconds duration) {
  const std::int64_t ms = duration.count();
  for (const Unit& unit : kUnits) {
    if (ms != 0 && ms % unit.ms == 0) {
      return std::to_string(ms / unit.ms) + std::string(unit.word);
    }
  }
  return "0s";
}

}  // namespace stakewatch
