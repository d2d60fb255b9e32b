#pragma once
// Small pieces that the simulator's answers are made of: hex forms, JSON strings, repeatable
// randomness.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stakewatch::sim {

// A text that many answers share without a copy, e.g. 3 MB of peers.
using SharedText = std::shared_ptr<const std::string>;

inline SharedText Share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// A well mixed 64-bit function of `seed` (splitmix64): the same seed gives the same simulation.
std::uint64_t Mix(std::uint64_t seed);

// Two seeds into one.
inline std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  return Mix(Mix(a) ^ b);
}

// Geth's form of a quantity: 0x, no leading zeros.
std::string Quantity(std::uint64_t value);

// `digits` hexadecimal digits that look random, the same for the same seed; without 0x.
std::string HexDigits(std::uint64_t seed, std::size_t digits);

// 32 bytes with 0x.
std::string Hash(std::uint64_t seed);

// A JSON string with its quotes. Bytes above 0x7f pass through as they are, valid or not.
std::string JsonString(std::string_view text);

}  // namespace stakewatch::sim
