#pragma once
// Sources settings (what chain it is, and what slot it is by our clock) and network (what peers
// sent last).
#include <cstdint>
#include <optional>
#include <string>

#include "common/metrics.h"
#include "exporters/jormungandr/client.h"

namespace stakewatch::jormungandr {

// /api/v0/settings. A chain's slots and epochs are fixed by its block 0.
struct ChainSettings {
  std::string block0_hash;
  std::string consensus;
  double block0_time = 0;  // Unix seconds.
  double slot_seconds = 0;
  std::uint64_t slots_per_epoch = 0;
};

// Where a moment stands on the chain.
struct SlotClock {
  std::uint64_t epoch = 0;
  std::uint64_t slot = 0;
  double slot_progress = 0;  // 0 to 1.
};

// Refuses slots of no length or more than a day, and epochs of none or more than 2^32 slots.
Result<ChainSettings> ParseSettings(const std::string& answer);
// None before block 0. `now` in Unix seconds.
std::optional<SlotClock> ClockAt(const ChainSettings& settings, double now);

// /api/v0/network/stats: the newest over all peers.
struct PeerTimes {
  std::optional<double> block, fragment, gossip;
};
Result<PeerTimes> ParseNetworkStats(const std::string& answer);

// `block0` is the hash that is expected, or empty.
Result<void> ScrapeSettings(const Client& client, const Deadline& deadline,
                            const std::string& block0, double now, Sheet& sheet);
Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::jormungandr
