#include "common/json_shape.h"

#include <algorithm>

namespace stakewatch {
namespace {

constexpr std::size_t kSizeMax = 2048;

// Plain text of a string, but for the backslash, the space and the exclamation mark.
constexpr char kLeastPlain = '#';
constexpr char kGreatestPlain = '~';

bool IsPlain(char c) {
  return c >= kLeastPlain && c <= kGreatestPlain && c != '\\';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

JsonShape::JsonShape(std::string_view object, const JsonSteps& steps) {
  if (!steps.complete || object.size() > kSizeMax) return;
  blocks_.resize((object.size() + kBlock - 1) / kBlock);
  for (std::size_t i = 0; i < blocks_.size() * kBlock; ++i) {
    if (i < object.size()) {
      Allow(i, object[i], object[i]);
    } else {
      Allow(i, '\0', '\xff');
    }
  }
  for (const JsonStep& step : steps.steps) {
    const auto at = static_cast<std::size_t>(step.text.data() - object.data());
    if (step.field >= 0) {
      values_.push_back({static_cast<std::size_t>(step.field), step.kind, at, step.text.size()});
    }
    if (step.kind == JsonKind::kString) {
      if (!std::ranges::all_of(step.text, IsPlain)) return;
      for (std::size_t i = 0; i < step.text.size(); ++i) Allow(at + i, kLeastPlain, kGreatestPlain);
    } else if (step.kind == JsonKind::kNumber && std::ranges::all_of(step.text, IsDigit)) {
      // More than one digit does not begin with 0.
      for (std::size_t i = 0; i < step.text.size(); ++i) {
        Allow(at + i, i == 0 && step.text.size() > 1 ? '1' : '0', '9');
      }
    }
  }
  size_ = object.size();
}

void JsonShape::Allow(std::size_t at, char least, char greatest) {
  Block& block = blocks_[at / kBlock];
  block.least[at % kBlock] = static_cast<std::uint8_t>(least);
  block.greatest[at % kBlock] = static_cast<std::uint8_t>(greatest);
}

// A loop that the compiler turns into vector instructions.
bool JsonShape::Fits(const Block& block, const char* text) {
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t below = std::min(c, block.least[i]) ^ block.least[i];
    const std::uint8_t above = std::max(c, block.greatest[i]) ^ block.greatest[i];
    const std::uint8_t backslash = c == '\\' ? 0xff : 0;
    bad |= below | above | backslash;
  }
  return bad == 0;
}

bool JsonShape::Read(std::string_view text, std::span<JsonScalar> values) const {
  if (text.size() < size_) return false;
  // Others of another size mostly differ here.
  const std::size_t last = size_ - 1;
  if (static_cast<std::uint8_t>(text[last]) != blocks_.back().least[last % kBlock] ||
      text[last - 1] !=
          static_cast<char>(blocks_[(last - 1) / kBlock].least[(last - 1) % kBlock])) {
    return false;
  }
  const char* at = text.data();
  for (const Block& block : blocks_) {
    if (!Fits(block, at)) return false;
    at += kBlock;
  }
  std::ranges::fill(values, JsonScalar{});
  for (const Value& value : values_) {
    values[value.field] = {value.kind, text.substr(value.at, value.size)};
  }
  return true;
}

std::size_t JsonShapes::Read(std::string_view text, std::span<JsonScalar> values) {
  // After many that have none, only now and then one is tried.
  ++misses_;
  if (misses_ > kMissesMax && misses_ % 16 != 0) return 0;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    if (!shapes_[i].Read(text, values)) continue;
    const std::size_t size = shapes_[i].Size();
    if (i > 0) std::swap(shapes_[i], shapes_[i - 1]);
    if (credit_ < kCreditMax) ++credit_;
    misses_ = 0;
    return size;
  }
  return 0;
}

void JsonShapes::Learn(std::string_view object, const JsonSteps& steps) {
  credit_ -= kLearnCost;
  JsonShape shape(object, steps);
  if (shape.Size() == 0) return;
  if (shapes_.size() == kMax) shapes_.pop_back();
  shapes_.push_back(std::move(shape));
}

}  // namespace stakewatch
