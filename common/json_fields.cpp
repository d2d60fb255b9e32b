#include "common/json_fields.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "common/json.h"
#include "common/json_plain.h"
#include "common/json_shape.h"

namespace stakewatch {
namespace {

using simdjson::ondemand::json_type;

JsonScalar Scalar(JsonValue value) {
  switch (value.type()) {
    case json_type::string:
      return {JsonKind::kString, value.get_string()};
    case json_type::number: {
      const std::string_view token = value.raw_json_token();
      return {JsonKind::kNumber, token.substr(0, token.find_first_of(" \t\r\n"))};
    }
    case json_type::boolean:
      return {JsonKind::kBool, value.get_bool() ? "true" : "false"};
    case json_type::null:
      if (!value.is_null()) throw BadShape{"not JSON: a word that is not null"};
      return {JsonKind::kNull, "null"};
    default:
      return {JsonKind::kOther, {}};
  }
}

// Eight digits at once, as the bytes of one word: pairs are put together, then pairs of pairs. None
// when there is something else.
std::optional<std::uint64_t> EightDigits(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  constexpr std::uint64_t kHigh = 0xf0f0f0f0f0f0f0f0;
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  constexpr std::uint64_t kSixes = 0x0606060606060606;
  if (((word & kHigh) | (((word + kSixes) & kHigh) >> 4)) != (kZeros | (kZeros >> 4))) {
    return std::nullopt;
  }
  word -= kZeros;
  word = word * 10 + (word >> 8);
  constexpr std::uint64_t kPairs = 0x000000ff000000ff;
  return (((word & kPairs) * (100 + (1'000'000ULL << 32))) +
          (((word >> 16) & kPairs) * (1 + (10'000ULL << 32)))) >>
         32;
}

}  // namespace

std::optional<std::uint64_t> JsonScalar::Unsigned() const {
  if (kind != JsonKind::kNumber && kind != JsonKind::kString) return std::nullopt;
  std::uint64_t number = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (text.size() >= 8 && text.size() < 20) {  // Of balances; fits in any case.
    for (; end - at >= 8; at += 8) {
      const auto eight = EightDigits(at);
      if (!eight) return std::nullopt;
      number = number * 100'000'000 + *eight;
    }
    for (; at != end; ++at) {
      if (*at < '0' || *at > '9') return std::nullopt;
      number = number * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    return number;
  }
  const auto [stop, error] = std::from_chars(at, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

struct JsonFields::Ways {
  explicit Ways(std::span<const JsonField> fields) : wanted(fields) {}

  JsonWanted wanted;
  simdjson::ondemand::parser parser;
  JsonShapes shapes;

  void ReadObject(JsonObject object, std::string_view name, std::span<const JsonField> fields,
                  std::span<JsonScalar> values);
};

// The object itself, or its member `name`.
void JsonFields::Ways::ReadObject(JsonObject object, std::string_view name,
                                  std::span<const JsonField> fields, std::span<JsonScalar> values) {
  for (auto member : object) {
    const std::string_view key = member.unescaped_key();
    JsonValue value = member.value();
    const bool is_object = value.type() == json_type::object;
    bool within = false;
    bool read = false;
    JsonScalar scalar;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const JsonField& field = fields[i];
      if (name.empty() && !field.object.empty() && field.object == key) {
        values[i] = {};
        within = true;
      }
      if (field.object != name || field.name != key) continue;
      if (!read) scalar = Scalar(value);
      read = true;
      values[i] = scalar;
    }
    if (within && is_object) ReadObject(value.get_object(), key, fields, values);
  }
}

JsonFields::JsonFields(std::vector<JsonField> fields)
    : fields_(std::move(fields)), values_(fields_.size()), ways_(std::make_unique<Ways>(fields_)) {}
JsonFields::~JsonFields() = default;
JsonFields::JsonFields(JsonFields&&) noexcept = default;
JsonFields& JsonFields::operator=(JsonFields&&) noexcept = default;

JsonFields::Fit JsonFields::TryRead(std::string_view text, std::size_t& size) {
  JsonShapes& shapes = ways_->shapes;
  size = shapes.Read(text, values_);
  if (size > 0) return Fit::kRead;
  const char* const begin = text.data();
  const bool learn = shapes.MayLearn();
  std::optional<JsonSteps> steps;
  if (learn) steps.emplace();
  const JsonExtent read =
      ReadPlainly(begin, begin + text.size(), ways_->wanted, values_, learn ? &*steps : nullptr);
  if (read.fit != Fit::kRead) return read.fit;
  size = static_cast<std::size_t>(read.end - begin);
  if (learn) shapes.Learn(text.substr(0, size), *steps);
  return Fit::kRead;
}

Result<void> JsonFields::Read(std::string_view object) {
  std::ranges::fill(values_, JsonScalar{});
  try {
    auto document = ways_->parser.iterate(object.data(), object.size(),
                                          object.size() + simdjson::SIMDJSON_PADDING);
    ways_->ReadObject(document.get_object(), {}, fields_, values_);
    return {};
  } catch (const simdjson::simdjson_error& e) {
    return Fail(Reason::kBadAnswer, std::string("not JSON: ") + e.what());
  } catch (const BadShape& e) {
    return Fail(Reason::kBadAnswer, e.what);
  }
}

std::optional<std::string_view> JsonFields::Unescaped(std::string_view quoted) {
  try {
    auto document = ways_->parser.iterate(quoted.data(), quoted.size(),
                                          quoted.size() + simdjson::SIMDJSON_PADDING);
    return std::string_view(document.get_string());
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;
  }
}

}  // namespace stakewatch
