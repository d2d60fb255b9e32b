#pragma once
// The few names that are wanted, found among many by no branch that hangs on the name: with each
// object in an order of its own, a processor would guess most such branches wrong.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

namespace stakewatch {

// What a name stands for in one object.
struct JsonMeaning {
  int field = -1;          // Of the wanted fields; -1 for none.
  std::size_t object = 0;  // Of the objects with wanted fields; 0 for none.
};

class JsonNames {
 public:
  JsonNames() : JsonNames(std::map<std::string_view, JsonMeaning>{}) {}
  // Names of the same length that differ in neither their first nor their last eight bytes throw
  // std::invalid_argument. What the names point to outlives this.
  explicit JsonNames(const std::map<std::string_view, JsonMeaning>& wanted);

  // Eight bytes from the beginning of `name` on are readable, however short it is.
  JsonMeaning Find(std::string_view name) const {
    const Key key = KeyOf(name);
    const Slot& slot = slots_[Place(key)];
    const bool same = ((slot.key.first ^ key.first) | (slot.key.last ^ key.last) |
                       (slot.key.size ^ key.size)) == 0;
    // Of what the key leaves out; names are seldom that long.
    if (same && key.size > 16 && slot.name != name) return {};
    return same ? slot.meaning : JsonMeaning{};
  }

 private:
  struct Key {
    std::uint64_t first = 0;  // Eight bytes at most.
    std::uint64_t last = 0;
    std::uint64_t size = ~std::uint64_t{0};  // No name is that long.

    bool operator==(const Key&) const = default;
  };
  struct alignas(64) Slot {  // A line of the cache.
    Key key;
    std::string_view name;
    JsonMeaning meaning;
  };

  static Key KeyOf(std::string_view name) {
    constexpr std::array<std::uint64_t, 9> kMasks = {0,
                                                     0xff,
                                                     0xffff,
                                                     0xffffff,
                                                     0xffffffff,
                                                     0xffffffffff,
                                                     0xffffffffffff,
                                                     0xffffffffffffff,
                                                     0xffffffffffffffff};
    const std::size_t some = std::min(name.size(), sizeof(std::uint64_t));
    Key key{.size = name.size()};
    std::memcpy(&key.first, name.data(), sizeof key.first);
    std::memcpy(&key.last, name.data() + name.size() - some, sizeof key.last);
    key.first &= kMasks[some];
    key.last &= kMasks[some];
    return key;
  }

  std::size_t Place(const Key& key) const {
    return ((key.first + std::rotl(key.last, 21)) ^ key.size) * multiplier_ >> shift_;
  }
  bool Settle(const std::vector<Slot>& all);

  std::vector<Slot> slots_;  // A power of two; each name has one to itself.
  int shift_ = 0;
  std::uint64_t multiplier_ = 0x9e3779b97f4a7c15;
};

}  // namespace stakewatch
