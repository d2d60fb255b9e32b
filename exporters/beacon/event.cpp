#include "exporters/beacon/event.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/json.h"

namespace stakewatch::beacon {
namespace {

// Above it, numbers are not exact in Prometheus, and no chain comes there.
constexpr std::uint64_t kNumberMax = 1ULL << 53;

std::uint64_t Number(std::string_view name, JsonValue value) {
  const std::uint64_t number = Decimal(value);
  if (number >= kNumberMax) throw BadShape{std::string(name) + " out of all proportion"};
  return number;
}

Event ReadEvent(Topic topic, JsonObject members) {
  const bool has_depth = topic == Topic::kChainReorg;
  const bool has_slot = topic == Topic::kHead || topic == Topic::kBlock || has_depth;
  std::optional<std::uint64_t> slot;
  std::optional<std::uint64_t> depth;
  for (auto member : members) {
    const std::string_view key = member.unescaped_key();
    if (has_slot && key == "slot") slot = Number(key, member.value());
    if (has_depth && key == "depth") depth = Number(key, member.value());
  }
  if (has_slot && !slot) throw BadShape{"no slot"};
  if (has_depth && !depth) throw BadShape{"no depth"};
  return {.topic = topic, .slot = slot.value_or(0), .depth = depth.value_or(0)};
}

}  // namespace

std::optional<Topic> TopicOf(std::string_view type) {
  const auto* const found = std::ranges::find(kTopics, type);
  if (found == kTopics.end()) return std::nullopt;
  return static_cast<Topic>(found - kTopics.begin());
}

Result<Event> ParseEvent(Topic topic, const std::string& data) {
  auto event = Decode(data, [&](JsonValue root) { return ReadEvent(topic, root.get_object()); });
  if (event) return event;
  Error error = event.error();
  error.what = "event " + std::string(kTopics[static_cast<std::size_t>(topic)]) + ": " + error.what;
  return std::unexpected(std::move(error));
}

}  // namespace stakewatch::beacon
