#pragma once
// Objects that look like one before: the same names in the same order, the same white space, and
// strings of the same lengths. To compare is all there is to do, 16 bytes in a few instructions.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/json_fields.h"
#include "common/json_plain.h"

namespace stakewatch {

class JsonShape {
 public:
  // None (Size() is 0) for an object that is too long, or has what this cannot compare.
  JsonShape(std::string_view object, const JsonSteps& steps);

  std::size_t Size() const { return size_; }
  // Whether `text` begins with such an object; `values` are only set if so.
  bool Read(std::string_view text, std::span<JsonScalar> values) const;

 private:
  static constexpr std::size_t kBlock = 128;
  // What each byte may be, from the least to the greatest.
  struct Block {
    std::array<std::uint8_t, kBlock> least;
    std::array<std::uint8_t, kBlock> greatest;
  };
  struct Value {
    std::size_t field;
    JsonKind kind;
    std::size_t at;
    std::size_t size;
  };

  void Allow(std::size_t at, char least, char greatest);
  static bool Fits(const Block& block, const char* text);

  std::size_t size_ = 0;
  std::vector<Block> blocks_;
  std::vector<Value> values_;
};

// The shapes of one answer: clients write all objects alike, and what is in them has one of a few
// lengths.
class JsonShapes {
 public:
  // The size of the object that `text` begins with; 0 when it has none of the shapes.
  std::size_t Read(std::string_view text, std::span<JsonScalar> values);
  // What has no order costs no more than some shapes that nothing fits.
  bool MayLearn() const { return credit_ > 0; }
  void Learn(std::string_view object, const JsonSteps& steps);

 private:
  static constexpr std::size_t kMax = 16;
  static constexpr int kCreditMax = 1024;
  static constexpr int kLearnCost = 16;
  static constexpr unsigned kMissesMax = 64;

  std::vector<JsonShape> shapes_;  // The one used last is in front.
  int credit_ = kCreditMax;
  unsigned misses_ = 0;  // In a row.
};

}  // namespace stakewatch
