#pragma once
// Objects as the Beacon API writes them: almost every number is a string.
#include <cstdint>
#include <string>
#include <string_view>

namespace stakewatch::sim {

class BeaconObject {
 public:
  BeaconObject& Text(std::string_view name, std::string_view text);  // Without escapes.
  BeaconObject& Number(std::string_view name, std::uint64_t value);
  BeaconObject& Amount(std::string_view name, std::int64_t gwei);
  BeaconObject& Flag(std::string_view name, bool value);
  BeaconObject& Json(std::string_view name, std::string_view json);
  std::string Done() { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
  void Name(std::string_view name);
};

// Adds an element; an empty text becomes an array of one.
void AddToArray(std::string& array, std::string_view json);

}  // namespace stakewatch::sim
