#include "common/json_layout.h"

#include <algorithm>
#include <cstring>

#include "common/json_text.h"

namespace stakewatch {
namespace {

using Fit = JsonFields::Fit;

constexpr std::size_t kDepthMax = 4;
constexpr std::size_t kLiteralBytesMax = kJsonReach / 2;

const char* SkipDigits(const char* at) {
  while (*at >= '0' && *at <= '9') ++at;
  return at;
}

// Of RFC 8259, section 6. What follows `text` is none of its characters.
bool IsNumber(std::string_view text) {
  const char* at = text.data();
  if (*at == '-') ++at;
  const char* const digits = at;
  at = SkipDigits(at);
  if (at == digits || (*digits == '0' && at - digits > 1)) return false;
  if (*at == '.') {
    const char* const fraction = ++at;
    at = SkipDigits(at);
    if (at == fraction) return false;
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '-' || *at == '+') ++at;
    const char* const exponent = at;
    at = SkipDigits(at);
    if (at == exponent) return false;
  }
  return at == text.data() + text.size();
}

// kMissing for what is none.
JsonKind BareKind(std::string_view text) {
  if (text == "false" || text == "true") return JsonKind::kBool;
  if (text == "null") return JsonKind::kNull;
  return IsNumber(text) ? JsonKind::kNumber : JsonKind::kMissing;
}

// One object, read plainly.
class Plain {
 public:
  Plain(const char* at, const char* end, std::span<const JsonField> fields,
        std::span<JsonScalar> values, JsonSteps* steps)
      : at_(at), end_(end), fields_(fields), values_(values), steps_(steps), literal_(at) {}

  JsonExtent Read() {
    std::ranges::fill(values_, JsonScalar{});
    if (!Is('{')) return Failed();
    Open({});
    do {
      if (!Member()) return Failed();
    } while (depth_ > 0);
    if (at_ > end_) return {Fit::kMore, nullptr};
    if (steps_ != nullptr) steps_->last_literal = Since(literal_);
    return {Fit::kRead, at_};
  }

 private:
  struct Name {
    std::size_t object;  // Each object has a number.
    std::string_view name;
  };

  bool Is(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  bool IsAfterSpace(char c) {
    if (IsJsonSpace(*at_)) at_ = SkipJsonSpace(at_);
    return Is(c);
  }
  std::string_view Since(const char* begin) const {
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }
  // Where the text goes against us may be where there is no more of it.
  JsonExtent Failed() const { return {at_ >= end_ ? Fit::kMore : Fit::kNo, nullptr}; }

  void Open(std::string_view name) {
    within_[depth_++] = {objects_++, name};
    empty_ = true;
  }

  // A name with its value or the opening of it, and all closings behind.
  bool Member() {
    if (empty_ && IsAfterSpace('}')) return Close();
    if (!IsAfterSpace('"')) return false;
    const char* const name_begin = at_;
    at_ = SkipPlain(at_);
    const std::string_view name = Since(name_begin);
    if (!Is('"') || !IsAfterSpace(':')) return false;
    if (IsJsonSpace(*at_)) at_ = SkipJsonSpace(at_);
    empty_ = false;
    const int field = Find(name);
    if (steps_ != nullptr) Note(name);
    if (*at_ == '{') {
      if (depth_ == kDepthMax) return false;
      ++at_;
      if (field >= 0) values_[static_cast<std::size_t>(field)] = {JsonKind::kOther, {}};
      Open(name);
      return true;
    }
    return Scalar(field) && AfterValue();
  }

  bool Scalar(int field) {
    const bool quoted = Is('"');
    const char* const begin = at_;
    at_ = quoted ? SkipPlain(at_) : SkipBare(at_);
    const std::string_view text = Since(begin);
    const JsonKind kind = quoted ? JsonKind::kString : BareKind(text);
    if (kind == JsonKind::kMissing) return false;
    if (field >= 0) values_[static_cast<std::size_t>(field)] = {kind, text};
    if (steps_ != nullptr) Note(begin, quoted, field);
    return !quoted || Is('"');
  }

  bool AfterValue() {
    if (IsAfterSpace(',')) return true;
    return Is('}') && Close();
  }

  bool Close() {
    empty_ = false;
    return --depth_ == 0 || AfterValue();
  }

  // The field of this name; what an earlier member of the name brought is forgotten.
  int Find(std::string_view name) {
    if (depth_ > 2) return -1;
    const std::string_view object = depth_ == 1 ? std::string_view() : within_[1].name;
    int found = -1;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const JsonField& field = fields_[i];
      if (depth_ == 1 && !field.object.empty() && field.object == name) values_[i] = {};
      if (field.object.empty() != (depth_ == 1) || field.name != name) continue;
      if (depth_ == 2 && field.object != object) continue;
      found = static_cast<int>(i);
    }
    return found;
  }

  void Note(std::string_view name) {
    const Name here{within_[depth_ - 1].object, name};
    const auto known = std::span(names_).first(names_count_);
    const bool twice = std::ranges::any_of(known, [&](const Name& other) {
      return other.object == here.object && other.name == here.name;
    });
    if (twice || names_count_ == names_.size()) {
      steps_->learnable = false;
    } else {
      names_[names_count_++] = here;
    }
  }
  void Note(const char* value, bool quoted, int field) {
    if (steps_->count == JsonSteps::kMax) {
      steps_->learnable = false;
      return;
    }
    const std::string_view literal(literal_, static_cast<std::size_t>(value - literal_));
    steps_->steps[steps_->count++] = {literal, quoted, field};
    literal_ = at_;
  }

  const char* at_;
  const char* const end_;
  std::span<const JsonField> fields_;
  std::span<JsonScalar> values_;
  JsonSteps* const steps_;
  const char* literal_;  // Where the value before ended.
  std::array<Name, kDepthMax> within_{};
  std::size_t depth_ = 0;
  std::size_t objects_ = 0;
  bool empty_ = true;  // Nothing has come in this object yet.
  std::array<Name, 2 * JsonSteps::kMax> names_;
  std::size_t names_count_ = 0;
};

}  // namespace

JsonExtent ReadPlainly(const char* at, const char* end, std::span<const JsonField> fields,
                       std::span<JsonScalar> values, JsonSteps* steps) {
  return Plain(at, end, fields, values, steps).Read();
}

std::optional<JsonLayout> JsonLayout::Learn(std::string_view object,
                                            std::span<const JsonField> fields) {
  JsonSteps steps;
  std::vector<JsonScalar> values(fields.size());
  const auto read =
      ReadPlainly(object.data(), object.data() + object.size(), fields, values, &steps);
  if (read.fit != Fit::kRead || !steps.learnable) return std::nullopt;
  JsonLayout layout;
  const auto fits = [](std::string_view literal) { return literal.size() <= kLiteralBytesMax; };
  for (const JsonStep& step : std::span(steps.steps).first(steps.count)) {
    if (!fits(step.literal)) return std::nullopt;
    layout.Add(step, false);
  }
  if (!fits(steps.last_literal)) return std::nullopt;
  layout.Add({steps.last_literal}, true);
  return layout;
}

void JsonLayout::Add(const JsonStep& step, bool last) {
  for (std::string_view left = step.literal; !left.empty();) {
    const std::size_t n = std::min(left.size(), sizeof(std::uint64_t));
    Word& word = words_.emplace_back();
    std::memcpy(&word.text, left.data(), n);
    std::memset(&word.mask, 0xff, n);
    left.remove_prefix(n);
  }
  steps_.push_back({std::string(step.literal), words_.size(), step.quoted, last, step.field});
}

// What there is of the literal, as far as `text` goes.
bool JsonLayout::Begins(const Step& step, std::string_view text) {
  return text.size() < step.literal.size() && step.literal.starts_with(text);
}

JsonExtent JsonLayout::Read(const char* at, const char* end, std::span<JsonScalar> values) const {
  std::ranges::fill(values, JsonScalar{});
  const Word* word = words_.data();
  for (const Step& step : steps_) {
    std::uint64_t differs = 0;
    const char* text = at;
    for (const Word* const words_end = words_.data() + step.words_end; word != words_end;
         ++word, text += sizeof(std::uint64_t)) {
      std::uint64_t here = 0;
      std::memcpy(&here, text, sizeof here);
      differs |= (here ^ word->text) & word->mask;
    }
    if (differs != 0) {
      const bool more = at >= end || Begins(step, {at, end});
      return {more ? Fit::kMore : Fit::kNo, nullptr};
    }
    at += step.literal.size();
    if (step.last) break;
    const char* const value = at;
    at = step.quoted ? SkipPlain(at) : SkipBare(at);
    const std::string_view told(value, static_cast<std::size_t>(at - value));
    const JsonKind kind = step.quoted ? JsonKind::kString : BareKind(told);
    if (kind == JsonKind::kMissing) return {at >= end ? Fit::kMore : Fit::kNo, nullptr};
    if (step.field >= 0) values[static_cast<std::size_t>(step.field)] = {kind, told};
  }
  return {at > end ? Fit::kMore : Fit::kRead, at};
}

}  // namespace stakewatch
