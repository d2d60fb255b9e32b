#include "exporters/jormungandr/values.h"

#include <algorithm>
#include <chrono>

#include "common/number.h"

namespace stakewatch::jormungandr {
namespace {

// The digits of `text` from `at` on, as many as `size`.
std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t size) {
  if (at + size > text.size()) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(at, size)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// ".00104162" -> 0.00104162, and what is behind it.
std::optional<double> Fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  double fraction = 0;
  double scale = 1;
  std::size_t size = 0;
  for (; size < text.size() && text[size] >= '0' && text[size] <= '9'; ++size) {
    scale /= 10;
    fraction += (text[size] - '0') * scale;
  }
  if (size == 0 || size > 9) return std::nullopt;
  text.remove_prefix(size);
  return fraction;
}

// Z or +hh:mm, in seconds.
std::optional<int> Offset(std::string_view text) {
  if (text == "Z") return 0;
  const auto hours = Digits(text, 1, 2);
  const auto minutes = Digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours ||
      !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  const int seconds = (*hours * 60 + *minutes) * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<BlockDate> ReadBlockDate(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto epoch = WholeNumber<std::uint64_t>(text.substr(0, dot));
  const auto slot = WholeNumber<std::uint64_t>(text.substr(std::min(dot + 1, text.size())));
  if (!epoch || !slot) return std::nullopt;
  return BlockDate{*epoch, *slot};
}

std::optional<double> ReadTime(std::string_view text) {
  const auto year = Digits(text, 0, 4);
  const auto month = Digits(text, 5, 2);
  const auto day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2);
  const auto minute = Digits(text, 14, 2);
  const auto second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 ||
      *second > 60 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(19);
  const auto fraction = Fraction(rest);
  const auto offset = Offset(rest);
  if (!fraction || !offset) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400 + *hour * 3600 + *minute * 60 + *second - *offset +
         *fraction;
}

std::optional<std::uint64_t> CountOf(JsonValue value) {
  if (value.is_null()) return std::nullopt;
  return Decimal(value);
}

std::optional<double> SampleOf(JsonValue value) {
  const auto count = CountOf(value);
  if (!count) return std::nullopt;
  return static_cast<double>(*count);
}

std::optional<double> NumberOf(JsonValue value) {
  if (value.is_null()) return std::nullopt;
  return value.get_double();
}

std::optional<double> TimeOf(JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const std::string_view text = value.get_string();
  const auto time = ReadTime(text);
  if (!time) throw BadShape{"no time: " + std::string(text.substr(0, 40))};
  return time;
}

}  // namespace stakewatch::jormungandr
