#include "common/json_items.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/json_text.h"

namespace stakewatch {
namespace {

// An object that drips in is tried so often from its beginning; then each byte is looked at once.
constexpr int kTriesMax = 8;

}  // namespace

JsonItems::JsonItems(std::string_view array, std::vector<JsonField> fields, OnItem on_item,
                     JsonItemsLimits limits)
    : array_(array),
      fields_(std::move(fields)),
      on_item_(std::move(on_item)),
      limits_(limits),
      capacity_(limits.item_bytes_max + limits.read_bytes),
      buffer_(std::make_unique<char[]>(capacity_ + kJsonReach)) {}

std::span<char> JsonItems::Room() {
  if (begin_ == used_) {
    begin_ = used_ = 0;
  } else if (capacity_ - used_ < limits_.read_bytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, used_ - begin_);
    used_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + used_, limits_.read_bytes};
}

Result<void> JsonItems::Take(std::size_t bytes) {
  used_ += bytes;
  bytes_ += bytes;
  Step step = error_.empty() ? Step::kOn : Step::kBad;
  while (step == Step::kOn) step = cutting_ == Cutting::kNone ? TakeStep() : TakeCut();
  if (step == Step::kMore && Text().size() > limits_.item_bytes_max) step = TooLong();
  if (step != Step::kBad) return {};
  return Fail(Reason::kBadAnswer, error_);
}

Result<void> JsonItems::Finish() const {
  if (!error_.empty()) return Fail(Reason::kBadAnswer, error_);
  if (next_ != Next::kNothing) {
    return Fail(Reason::kBadAnswer, "the JSON is cut short after " + std::to_string(bytes_) +
                                        " bytes and " + std::to_string(items_) + " elements");
  }
  if (!found_) return Fail(Reason::kBadAnswer, "the JSON has no \"" + array_ + "\"");
  return {};
}

JsonItems::Step JsonItems::Bad(std::string what) {
  error_ = "\"" + array_ + "\", after " + std::to_string(items_) + " elements: " + std::move(what);
  return Step::kBad;
}

JsonItems::Step JsonItems::TooLong() {
  return Bad("an element, or a name, of more than " + std::to_string(limits_.item_bytes_max) +
             " bytes");
}

JsonItems::Step JsonItems::Expect(char c, char wanted, Next then, std::string_view where) {
  if (c != wanted) return Bad("not the JSON expected " + std::string(where));
  ++begin_;
  next_ = then;
  return Step::kOn;
}

// Up to the next token. Behind the text there is always something that is no space.
JsonItems::Step JsonItems::TakeStep() {
  const char* const at = SkipJsonSpace(buffer_.get() + begin_);
  begin_ = std::min(used_, static_cast<std::size_t>(at - buffer_.get()));
  if (begin_ == used_) return Step::kMore;
  const char c = buffer_[begin_];
  switch (next_) {
    case Next::kItemEnd:
      if (c == ']') return Expect(c, ']', Next::kMemberEnd, "");
      return Expect(c, ',', Next::kItem, "between two elements");
    case Next::kFirstItem:
      if (c == ']') return Expect(c, ']', Next::kMemberEnd, "");
      return TakeItem(c);
    case Next::kItem:
      return TakeItem(c);
    case Next::kRoot:
      return Expect(c, '{', Next::kFirstName, "at the beginning, which is no object");
    case Next::kFirstName:
      if (c == '}') return Expect(c, '}', Next::kNothing, "");
      [[fallthrough]];
    case Next::kName:
      if (c != '"') return Bad("not the JSON expected where a name should be");
      return Cut(Cutting::kName);
    case Next::kColon:
      return Expect(c, ':', Next::kValue, "after a name");
    case Next::kValue:
      return TakeValue(c);
    case Next::kMemberEnd:
      if (c == '}') return Expect(c, '}', Next::kNothing, "");
      return Expect(c, ',', Next::kName, "after a member");
    case Next::kNothing:
      break;
  }
  return Bad("something follows the JSON");
}

JsonItems::Step JsonItems::TakeValue(char c) {
  if (!is_array_) return Cut(Cutting::kValue);
  if (found_) return Bad("a second one");
  found_ = true;
  return Expect(c, '[', Next::kFirstItem, "where the array should be");
}

JsonItems::Step JsonItems::TakeItem(char c) {
  if (c != '{') return Bad("an element that is no object");
  std::size_t size = 0;
  switch (fields_.TryRead(Text(), size)) {
    case JsonFields::Fit::kRead:
      if (size > limits_.item_bytes_max) return TooLong();
      begin_ += size;
      return TellItem();
    case JsonFields::Fit::kMore:
      if (++tries_ < kTriesMax) return Step::kMore;
      [[fallthrough]];
    case JsonFields::Fit::kNo:
      break;
  }
  return Cut(Cutting::kItem);
}

JsonItems::Step JsonItems::TellItem() {
  tries_ = 0;
  if (auto told = on_item_(fields_.Values()); !told) return Bad(std::move(told).error());
  ++items_;
  next_ = Next::kItemEnd;
  return Step::kOn;
}

JsonItems::Step JsonItems::Cut(Cutting what) {
  cutting_ = what;
  cut_.Begin();
  cut_done_ = 0;
  return Step::kOn;
}

JsonItems::Step JsonItems::TakeCut() {
  const JsonCut::State state = cut_.Take(Text(), cut_done_);
  if (state == JsonCut::State::kBad) return Bad("not JSON: brackets or strings that do not match");
  const std::string_view whole = Text().substr(0, cut_done_);
  if (cutting_ == Cutting::kValue) {  // Of which nothing is wanted, so it may be of any size.
    begin_ += cut_done_;
    cut_done_ = 0;
  }
  if (state == JsonCut::State::kMore) return Step::kMore;
  const Cutting what = std::exchange(cutting_, Cutting::kNone);
  if (what == Cutting::kValue) {
    next_ = Next::kMemberEnd;
    return Step::kOn;
  }
  if (whole.size() > limits_.item_bytes_max) return TooLong();
  begin_ += whole.size();
  if (what == Cutting::kName) return TakeName(whole);
  if (auto read = fields_.Read(whole); !read) return Bad(std::move(read).error().what);
  return TellItem();
}

JsonItems::Step JsonItems::TakeName(std::string_view quoted) {
  std::string_view name = quoted.substr(1, quoted.size() - 2);
  if (name.contains('\\')) {
    const auto unescaped = fields_.Unescaped(quoted);
    if (!unescaped) return Bad("not JSON: a name with a bad escape");
    name = *unescaped;
  }
  is_array_ = name == array_;
  next_ = Next::kColon;
  return Step::kOn;
}

}  // namespace stakewatch
