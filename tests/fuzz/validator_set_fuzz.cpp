// JSON that streams in, read as the whole validator set is. The first two bytes say how it is cut;
// the rest is the document. What nlohmann/json calls valid must be read as it reads it, and what is
// found must not depend on the cuts.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/json_items.h"
#include "exporters/beacon/validator_set.h"

namespace {

using Json = nlohmann::json;
using stakewatch::JsonKind;
using stakewatch::JsonScalar;

struct Row {
  JsonKind kind;
  std::string text;
  bool operator==(const Row&) const = default;
};
using Rows = std::vector<Row>;

const std::vector<stakewatch::JsonField> kFields = {
    {"", "balance"}, {"", "status"}, {"validator", "slashed"}, {"validator", "effective_balance"}};
constexpr stakewatch::JsonItemsLimits kLimits{.item_bytes_max = 70'000, .read_bytes = 3000};

// Pieces of many sizes in the order of a simple generator.
template <class Reader>
bool Feed(std::string_view text, unsigned seed, Reader& reader) {
  while (!text.empty()) {
    seed = seed * 1103515245 + 12345;
    const auto room = reader.Room();
    const std::size_t most = (seed >> 16) % 4 == 0 ? 3000 : 1 + (seed >> 20) % 97;
    const std::size_t n = std::min({most, text.size(), room.size()});
    if (n == 0) __builtin_trap();
    std::ranges::copy(text.substr(0, n), room.begin());
    text.remove_prefix(n);
    if (!reader.Take(n)) return false;
  }
  return true;
}

std::optional<Rows> Ours(std::string_view text, unsigned seed) {
  Rows rows;
  stakewatch::JsonItems items(
      "data", kFields,
      [&](std::span<const JsonScalar> values) -> stakewatch::Checked<void> {
        for (const JsonScalar& value : values)
          rows.push_back({value.kind, std::string(value.text)});
        return {};
      },
      kLimits);
  if (!Feed(text, seed, items) || !items.Finish()) return std::nullopt;
  return rows;
}

const Json* Member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() ? nullptr : &*at;
}

bool Same(const Row& ours, const Json* theirs) {
  switch (ours.kind) {
    case JsonKind::kMissing:
      return theirs == nullptr;
    case JsonKind::kNull:
      return theirs != nullptr && theirs->is_null();
    case JsonKind::kBool:
      return theirs != nullptr && theirs->is_boolean() &&
             theirs->get<bool>() == (ours.text == "true");
    case JsonKind::kString:
      return theirs != nullptr && theirs->is_string() && theirs->get<std::string>() == ours.text;
    case JsonKind::kOther:
      return theirs != nullptr && (theirs->is_object() || theirs->is_array());
    case JsonKind::kNumber:
      break;
  }
  if (theirs == nullptr || !theirs->is_number()) return false;
  const auto number = JsonScalar{ours.kind, ours.text}.Unsigned();
  if (theirs->is_number_unsigned()) {
    return number ? *number == theirs->get<std::uint64_t>() : ours.text == "-0";
  }
  return !number && std::strtod(ours.text.c_str(), nullptr) == theirs->get<double>();
}

// How deep it is, and how often "data" stands in the outermost object.
struct Outline {
  std::size_t depth = 0;
  int arrays = 0;
};

void Compare(const std::optional<Rows>& ours, const Json& document, const Outline& outline) {
  const Json* const data = Member(document, "data");
  const bool right = data != nullptr && outline.arrays == 1 && data->is_array() &&
                     std::ranges::all_of(*data, [](const Json& e) { return e.is_object(); });
  if (right != ours.has_value()) __builtin_trap();
  if (!right) return;
  if (ours->size() != data->size() * kFields.size()) __builtin_trap();
  std::size_t at = 0;
  for (const Json& element : *data) {
    for (const auto& field : kFields) {
      const Json* const object = field.object.empty() ? &element : Member(element, field.object);
      const Json* const theirs = object == nullptr ? nullptr : Member(*object, field.name);
      if (!Same((*ours)[at++], theirs)) __builtin_trap();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned seed = data[0] | (data[1] << 8U);
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto ours = Ours(text, seed);
  if (ours != Ours(text, seed + 1)) __builtin_trap();

  stakewatch::beacon::ValidatorSetReader one(kLimits);
  stakewatch::beacon::ValidatorSetReader other;
  const bool one_read = Feed(text, seed, one) && one.Finish();
  const bool other_read = Feed(text, ~seed, other) && other.Finish();
  if (one_read != other_read) __builtin_trap();
  if (one_read && one.Finish()->Active().balance != other.Finish()->Active().balance) {
    __builtin_trap();
  }

  // nlohmann takes a zero for the end, and skips a byte order mark.
  if (text.contains('\0') || text.starts_with("\xef\xbb\xbf")) return 0;
  Outline outline;
  const auto note = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    outline.depth = std::max(outline.depth, static_cast<std::size_t>(depth));
    if (event == Json::parse_event_t::key && depth == 1 && parsed == "data") ++outline.arrays;
    return true;
  };
  const Json document = Json::parse(text, note, false);
  if (document.is_discarded() || outline.depth + 2 > stakewatch::JsonCut::kDepthMax) return 0;
  Compare(ours, document, outline);
  return 0;
}
