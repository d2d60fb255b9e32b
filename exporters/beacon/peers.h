#pragma once
// Source peers: how many there are, by state and by direction.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/metrics.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

inline constexpr std::array<std::string_view, 4> kPeerStates = {"connected", "connecting",
                                                                "disconnected", "disconnecting"};

// node/peer_count; in the order of kPeerStates.
using PeerCount = std::array<std::optional<double>, 4>;

// Connected peers of node/peers by direction.
struct PeerDirections {
  double inbound = 0, outbound = 0, unknown = 0;
};

Result<PeerCount> ParsePeerCount(const std::string& answer);
Result<PeerDirections> ParsePeers(const std::string& answer);
void TellPeers(const PeerCount& count, const PeerDirections& directions, Sheet& sheet);

Result<void> ScrapePeers(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::beacon
