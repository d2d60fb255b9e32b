#include "exporters/beacon/peers.h"

#include <algorithm>

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {

Result<PeerCount> ParsePeerCount(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    PeerCount count;
    for (auto field : root.get_object().find_field_unordered("data").get_object()) {
      const std::string_view key = field.unescaped_key();
      const auto state = std::ranges::find(kPeerStates, key);
      if (state == kPeerStates.end()) continue;
      count[static_cast<std::size_t>(state - kPeerStates.begin())] =
          static_cast<double>(Decimal(field.value()));
    }
    if (!count.front()) throw BadShape{"no connected"};
    return count;
  });
}

Result<PeerDirections> ParsePeers(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    PeerDirections directions;
    for (auto peer : root.get_object().find_field_unordered("data").get_array()) {
      std::string_view direction;
      std::string_view state = "connected";
      for (auto field : peer.get_object()) {
        const std::string_view key = field.unescaped_key();
        JsonValue value = field.value();
        if (value.type() != simdjson::ondemand::json_type::string) continue;
        if (key == "direction") direction = value.get_string();
        if (key == "state") state = value.get_string();
      }
      if (state != "connected") continue;  // A client that does not heed the filter.
      if (direction == "inbound") {
        ++directions.inbound;
      } else if (direction == "outbound") {
        ++directions.outbound;
      } else {
        ++directions.unknown;
      }
    }
    return directions;
  });
}

void TellPeers(const PeerCount& count, const PeerDirections& directions, Sheet& sheet) {
  for (std::size_t i = 0; i < count.size(); ++i) sheet.Set(kPeers, count[i], kPeerStates[i]);
  sheet.Set(kPeersByDirection, directions.inbound, "inbound");
  sheet.Set(kPeersByDirection, directions.outbound, "outbound");
  if (directions.unknown > 0) sheet.Set(kPeersByDirection, directions.unknown, "unknown");
}

Result<void> ScrapePeers(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto count = client.Ask(Call::kNodePeerCount, deadline, ParsePeerCount);
  if (!count) return std::unexpected(count.error());
  const auto directions = client.Ask(Call::kNodePeersConnected, deadline, ParsePeers);
  if (!directions) return std::unexpected(directions.error());
  TellPeers(*count, *directions, sheet);
  return {};
}

}  // namespace stakewatch::beacon
