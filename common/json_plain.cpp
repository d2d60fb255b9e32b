#include "common/json_plain.h"

#include <algorithm>

#include "common/json_text.h"

namespace stakewatch {
namespace {

using Fit = JsonFields::Fit;

constexpr std::size_t kDepthMax = 4;

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
  Plain(const char* at, const char* end, const JsonWanted& wanted, std::span<JsonScalar> values,
        JsonSteps* steps)
      : at_(at), end_(end), wanted_(wanted), values_(values), steps_(steps) {}

  JsonExtent Read() {
    std::ranges::fill(values_, JsonScalar{});
    if (!Is('{')) return Failed();
    Open({});
    do {
      if (!Member()) return Failed();
    } while (depth_ > 0);
    if (at_ > end_) return {Fit::kMore, nullptr};
    return {Fit::kRead, at_};
  }

 private:
  bool Is(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  bool IsAfterSpace(char c) {
    at_ = SkipJsonSpace(at_);
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
    at_ = SkipJsonSpace(at_);
    empty_ = false;
    const int field = Find(name);
    if (steps_ != nullptr) Note(name);
    if (*at_ == '{') {
      if (depth_ == kDepthMax) return false;
      if (field >= 0) Set({Since(at_), JsonKind::kOther, field});
      ++at_;
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
    Set({text, kind, field});
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
    if (depth_ > 2 || !wanted_.MayBe(name)) return -1;
    const std::string_view object = depth_ == 1 ? std::string_view() : within_[1].name;
    int found = -1;
    for (std::size_t i = 0; i < wanted_.fields.size(); ++i) {
      const JsonField& field = wanted_.fields[i];
      if (depth_ == 1 && !field.object.empty() && field.object == name) values_[i] = {};
      if (field.object.empty() != (depth_ == 1) || field.name != name) continue;
      if (depth_ == 2 && field.object != object) continue;
      found = static_cast<int>(i);
    }
    return found;
  }

  void Note(std::string_view name) {
    const JsonName here{within_[depth_ - 1].object, name};
    auto& names = steps_->names;
    if (names.size() == JsonSteps::kMax || std::ranges::find(names, here) != names.end()) {
      steps_->complete = false;
      return;
    }
    names.push_back(here);
  }
  void Set(const JsonStep& step) {
    if (step.field >= 0) values_[static_cast<std::size_t>(step.field)] = {step.kind, step.text};
    if (steps_ != nullptr && steps_->complete) steps_->steps.push_back(step);
  }

  const char* at_;
  const char* const end_;
  const JsonWanted& wanted_;
  std::span<JsonScalar> values_;
  JsonSteps* const steps_;
  std::array<JsonName, kDepthMax> within_{};
  std::size_t depth_ = 0;
  std::size_t objects_ = 0;
  bool empty_ = true;  // Nothing has come in this object yet.
};

}  // namespace

JsonWanted::JsonWanted(std::span<const JsonField> wanted) : fields(wanted) {
  for (const JsonField& field : fields) {
    lengths |= std::uint64_t{1} << (field.name.size() % 64);
    if (!field.object.empty()) lengths |= std::uint64_t{1} << (field.object.size() % 64);
  }
}

JsonExtent ReadPlainly(const char* at, const char* end, const JsonWanted& wanted,
                       std::span<JsonScalar> values, JsonSteps* steps) {
  return Plain(at, end, wanted, values, steps).Read();
}

}  // namespace stakewatch
