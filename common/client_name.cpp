#include "common/client_name.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace stakewatch {
namespace {

bool Digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string_view VersionOf(std::string_view text) {
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  std::size_t length = 0;
  std::size_t dots = 0;
  while (length < text.size() && (Digit(text[length]) || text[length] == '.')) {
    if (text[length] == '.') {
      const bool between = length > 0 && Digit(text[length - 1]) && length + 1 < text.size() &&
                           Digit(text[length + 1]);
      if (!between) break;
      ++dots;
    }
    ++length;
  }
  return dots >= 1 && dots <= 3 && length <= 24 ? text.substr(0, length) : std::string_view();
}

ClientName ParseClientName(std::string_view name, std::span<const std::string_view> known) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  std::string client(name.substr(0, std::min<std::size_t>(slash, 32)));
  std::ranges::transform(client, client.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  if (std::ranges::find(known, client) == known.end()) client = "other";
  name.remove_prefix(slash);
  // An identity comes before the version; more than a few parts are not a client's doing.
  for (int part = 0; part < 4 && !name.empty(); ++part) {
    name.remove_prefix(1);
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view version = VersionOf(name.substr(0, end));
    if (!version.empty()) return {client, std::string(version)};
    name.remove_prefix(end);
  }
  return {client, "unknown"};
}

std::optional<double> VersionNumber(std::string_view version) {
  double number = 0;
  const char* at = version.data();
  const char* const end = at + version.size();
  for (const double weight : {1e6, 1e3, 1.0}) {
    unsigned part = 0;
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc() || part > 999) return std::nullopt;
    number += weight * part;
    at = next;
    if (at == end) return weight == 1e6 ? std::nullopt : std::optional(number);
    if (*at++ != '.') return std::nullopt;
  }
  return number;
}

}  // namespace stakewatch
