#include "common/json_names.h"

#include <stdexcept>
#include <string>

namespace stakewatch {

JsonNames::JsonNames(const std::map<std::string_view, JsonMeaning>& wanted) {
  std::vector<Slot> all;
  for (const auto& [name, meaning] : wanted) {
    const std::string readable = std::string(name) + std::string(sizeof(std::uint64_t), '\0');
    const Key key = KeyOf(std::string_view(readable).substr(0, name.size()));
    if (std::ranges::find(all, key, &Slot::key) != all.end()) {
      throw std::invalid_argument("names too alike: " + std::string(name));
    }
    all.push_back({key, name, meaning});
  }
  // With as many slots as the square of their number, about every second multiplier leaves each its
  // own.
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(2, all.size() * all.size()));
  shift_ = 64 - std::countr_zero(slots);
  do {
    multiplier_ = multiplier_ * 6364136223846793005U + 2;  // Stays odd.
    slots_.assign(slots, {});
  } while (!Settle(all));
}

// False when two of them want the same slot.
bool JsonNames::Settle(const std::vector<Slot>& all) {
  return std::ranges::all_of(all, [this](const Slot& one) {
    Slot& slot = slots_[Place(one.key)];
    if (slot.key != Key{}) return false;
    slot = one;
    return true;
  });
}

}  // namespace stakewatch
