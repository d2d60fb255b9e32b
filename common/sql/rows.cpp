#include "common/sql/rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/number.h"
#include "common/text.h"

namespace stakewatch {
namespace {

[[noreturn]] void Wrong(std::string_view column, std::string_view text, std::string_view wanted) {
  throw BadShape{"column " + std::string(column) + ": \"" + CleanText(text, 40) + "\" is no " +
                 std::string(wanted)};
}

}  // namespace

std::optional<std::string_view> SqlRow::Text(std::string_view column) const {
  const auto at = std::ranges::find(columns_, column);
  if (at == columns_.end()) throw BadShape{"no column " + std::string(column)};
  const auto& cell = cells_[static_cast<std::size_t>(at - columns_.begin())];
  if (!cell) return std::nullopt;
  return *cell;
}

std::optional<double> SqlRow::Number(std::string_view column) const {
  const auto cell = Text(column);
  if (!cell) return std::nullopt;
  const std::string_view text = *cell;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size();
  // What a double cannot hold (numeric has 131072 digits) is none either.
  if (error == std::errc::result_out_of_range && whole) return std::nullopt;
  if (error != std::errc() || !whole) Wrong(column, text, "number");
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::int64_t> SqlRow::Whole(std::string_view column) const {
  const auto text = Text(column);
  if (!text) return std::nullopt;
  const auto number = WholeNumber<std::int64_t>(*text);
  if (!number) Wrong(column, *text, "whole number");
  return number;
}

std::optional<bool> SqlRow::Flag(std::string_view column) const {
  const auto text = Text(column);
  if (!text) return std::nullopt;
  if (*text != "t" && *text != "f") Wrong(column, *text, "boolean");
  return *text == "t";
}

SqlRow SqlRows::One() const {
  if (cells.size() != 1) throw BadShape{std::to_string(cells.size()) + " rows instead of one"};
  return Row(0);
}

}  // namespace stakewatch
