#include "exporters/beacon/event.h"

#include <algorithm>
#include <string>

#include "common/json.h"

namespace stakewatch::beacon {
namespace {

// Above it, numbers are not exact in Prometheus, and no chain comes there.
constexpr std::uint64_t kNumberMax = 1ULL << 53;

std::uint64_t Number(JsonObject event, const char* name) {
  const std::uint64_t number = Decimal(event.find_field_unordered(name));
  if (number >= kNumberMax) throw BadShape{std::string(name) + " out of all proportion"};
  return number;
}

}  // namespace

std::optional<Topic> TopicOf(std::string_view type) {
  const auto* const found = std::ranges::find(kTopics, type);
  if (found == kTopics.end()) return std::nullopt;
  return static_cast<Topic>(found - kTopics.begin());
}

Result<Event> ParseEvent(Topic topic, const std::string& data) {
  auto event = Decode(data, [&](JsonValue root) {
    JsonObject members = root.get_object();
    Event read{.topic = topic};
    const bool slot =
        topic == Topic::kHead || topic == Topic::kBlock || topic == Topic::kChainReorg;
    if (slot) read.slot = Number(members, "slot");
    if (topic == Topic::kChainReorg) read.depth = Number(members, "depth");
    return read;
  });
  if (event) return event;
  Error error = event.error();
  error.what = "event " + std::string(kTopics[static_cast<std::size_t>(topic)]) + ": " + error.what;
  return std::unexpected(std::move(error));
}

}  // namespace stakewatch::beacon
