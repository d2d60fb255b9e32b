#include "common/json_fields.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "common/json.h"
#include "common/json_layout.h"
#include "common/json_text.h"

namespace stakewatch {
namespace {

using simdjson::ondemand::json_type;

// Clients leave a member out, or add one, for some objects; what has no layout in the end costs no
// more than one try for each.
constexpr std::size_t kLayoutsMax = 4;
constexpr int kLearnsMax = 64;

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

}  // namespace

std::optional<std::uint64_t> JsonScalar::Unsigned() const {
  if (kind != JsonKind::kNumber && kind != JsonKind::kString) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

struct JsonFields::Ways {
  simdjson::ondemand::parser parser;
  std::vector<JsonLayout> layouts;
  std::size_t last = 0;  // The layout that was right last.
  int learns_left = kLearnsMax;

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
    : fields_(std::move(fields)), values_(fields_.size()), ways_(std::make_unique<Ways>()) {}
JsonFields::~JsonFields() = default;
JsonFields::JsonFields(JsonFields&&) noexcept = default;
JsonFields& JsonFields::operator=(JsonFields&&) noexcept = default;

JsonFields::Fit JsonFields::TryRead(std::string_view text, std::size_t& size) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  Ways& ways = *ways_;
  for (std::size_t i = 0; i < ways.layouts.size(); ++i) {
    const std::size_t at = (ways.last + i) % ways.layouts.size();
    const JsonExtent read = ways.layouts[at].Read(begin, end, values_);
    if (read.fit == Fit::kNo) continue;
    ways.last = at;
    size = static_cast<std::size_t>(read.end - begin);
    return read.fit;
  }
  const JsonExtent read = ReadPlainly(begin, end, fields_, values_, nullptr);
  if (read.fit != Fit::kRead) return read.fit;
  size = static_cast<std::size_t>(read.end - begin);
  if (ways.layouts.size() < kLayoutsMax && ways.learns_left > 0) {
    --ways.learns_left;
    if (auto layout = JsonLayout::Learn(text.substr(0, size), fields_)) {
      ways.layouts.push_back(std::move(*layout));
      ways.last = ways.layouts.size() - 1;
    }
  }
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
