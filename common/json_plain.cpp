#include "common/json_plain.h"

#include <algorithm>
#include <array>
#include <map>

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

constexpr std::size_t kOutermost = 1;

// One object, read plainly. All that follows the text is inlined, so that the place in it stays in
// a register.
class Plain {
 public:
  Plain(const char* at, const char* end, const JsonWanted& wanted, std::span<JsonScalar> values,
        JsonSteps* steps)
      : at_(at), end_(end), quotes_(at), wanted_(wanted), values_(values), steps_(steps) {}

  JsonExtent Read() {
    std::ranges::fill(values_, JsonScalar{});
    if (!Is('{') || !Open(kOutermost)) return Failed();
    while (depth_ > 0) {
      if (!Member()) return Failed();
    }
    if (at_ > end_) return {Fit::kMore, nullptr};
    return {Fit::kRead, at_};
  }

 private:
  struct Within {
    std::size_t number = 0;            // Of this object, in the order of the text.
    const JsonNames* names = nullptr;  // Those that are wanted in it.
  };

  bool Is(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  STAKEWATCH_INLINE bool IsAfterSpace(char c) {
    at_ = SkipJsonSpace(at_);
    return Is(c);
  }
  // Behind the opening quote.
  STAKEWATCH_INLINE std::string_view String() {
    const char* const begin = at_;
    at_ = quotes_.EndOf(begin);
    return Since(begin);
  }
  std::string_view Since(const char* begin) const {
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }
  // Where the text goes against us may be where there is no more of it.
  JsonExtent Failed() const { return {at_ >= end_ ? Fit::kMore : Fit::kNo, nullptr}; }

  // Behind the opening bracket.
  STAKEWATCH_INLINE bool Open(std::size_t wanted) {
    within_[depth_++] = {objects_++, &wanted_.names[wanted]};
    if (!IsAfterSpace('}')) return true;
    return --depth_ == 0 || AfterValue();
  }

  // A name with its value or the opening of it, and all closings behind.
  STAKEWATCH_INLINE bool Member() {
    if (!IsAfterSpace('"')) return false;
    const std::string_view name = String();
    if (!Is('"') || !IsAfterSpace(':')) return false;
    if (*at_ == ' ') ++at_;  // As many write it.
    at_ = SkipJsonSpace(at_);
    const Within& here = within_[depth_ - 1];
    const JsonMeaning meaning = here.names->Find(name);
    if (meaning.object != 0) Forget(meaning.object);
    if (steps_ != nullptr) Note(*steps_, {here.number, name});
    if (*at_ == '{') {
      if (depth_ == kDepthMax) return false;
      Set({Since(at_), JsonKind::kOther, meaning.field});
      ++at_;
      return Open(meaning.object);
    }
    return Scalar(meaning.field) && AfterValue();
  }

  STAKEWATCH_INLINE bool Scalar(int field) {
    if (Is('"')) {
      Set({String(), JsonKind::kString, field});
      return Is('"');
    }
    const char* const begin = at_;
    at_ = SkipBare(at_);
    const JsonKind kind = BareKind(Since(begin));
    Set({Since(begin), kind, field});
    return kind != JsonKind::kMissing;
  }

  STAKEWATCH_INLINE bool AfterValue() {
    for (;;) {
      if (IsAfterSpace(',')) return true;
      if (!Is('}')) return false;
      if (--depth_ == 0) return true;
    }
  }

  // What an earlier object of the same name brought.
  void Forget(std::size_t object) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (wanted_.objects[i] == object) values_[i] = {};
    }
  }

  static void Note(JsonSteps& steps, const JsonName& name) {
    if (steps.names.size() == JsonSteps::kMax ||
        std::ranges::find(steps.names, name) != steps.names.end()) {
      steps.complete = false;
      return;
    }
    steps.names.push_back(name);
  }
  // A store in any case is quicker than a guess whether there is one.
  STAKEWATCH_INLINE void Set(const JsonStep& step) {
    JsonScalar& value = step.field >= 0 ? values_[static_cast<std::size_t>(step.field)] : unwanted_;
    value = {step.kind, step.text};
    if (steps_ != nullptr && steps_->complete) steps_->steps.push_back(step);
  }

  const char* at_;
  const char* const end_;
  JsonQuotes quotes_;
  const JsonWanted& wanted_;
  std::span<JsonScalar> values_;
  JsonScalar unwanted_;
  JsonSteps* const steps_;
  std::array<Within, kDepthMax> within_{};
  std::size_t depth_ = 0;
  std::size_t objects_ = 0;
};

}  // namespace

JsonWanted::JsonWanted(std::span<const JsonField> fields) {
  std::vector<std::map<std::string_view, JsonMeaning>> wanted(kOutermost + 1);
  std::map<std::string_view, std::size_t> known = {{"", kOutermost}};
  for (const JsonField& field : fields) {
    const auto [object, is_new] = known.try_emplace(field.object, wanted.size());
    if (is_new) {
      wanted.emplace_back();
      wanted[kOutermost][field.object].object = object->second;
    }
    wanted[object->second][field.name].field = static_cast<int>(objects.size());
    objects.push_back(object->second);
  }
  for (const auto& one : wanted) names.emplace_back(one);
}

JsonExtent ReadPlainly(const char* at, const char* end, const JsonWanted& wanted,
                       std::span<JsonScalar> values, JsonSteps* steps) {
  return Plain(at, end, wanted, values, steps).Read();
}

}  // namespace stakewatch
