#pragma once
// A whole number as text.
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace stakewatch {

// `text` as a number, all of it; none for an empty one, for a sign that the type does not have, and
// for one that the type cannot hold.
template <class Integer>
std::optional<Integer> WholeNumber(std::string_view text, int base = 10) {
  Integer number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace stakewatch
