// Hex forms, JSON strings and repeatable randomness.
#include "tests/sim/text.h"

#include <array>
#include <charconv>

namespace stakewatch::sim {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

std::uint64_t Mix(std::uint64_t seed) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::string Quantity(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value, 16).ptr;
  return "0x" + std::string(digits.begin(), end);
}

std::string HexDigits(std::uint64_t seed, std::size_t digits) {
  std::string text(digits, '0');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (i % 16 == 0) bits = Mix(seed, i);
    text[i] = kHex[bits & 15U];
    bits >>= 4U;
  }
  return text;
}

std::string Hash(std::uint64_t seed) {
  return "0x" + HexDigits(seed, 64);
}

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20) {
      quoted += "\\u00";
      quoted += kHex[byte >> 4U];
      quoted += kHex[byte & 15U];
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

}  // namespace stakewatch::sim
