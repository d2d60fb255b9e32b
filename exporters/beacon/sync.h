#pragma once
// Source sync: where the node's head is, by its own word and by the clock.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/metrics.h"
#include "common/sync_window.h"
#include "exporters/beacon/chain.h"

namespace stakewatch::beacon {

// node/syncing.
struct Syncing {
  std::uint64_t head_slot = 0;
  std::uint64_t sync_distance = 0;
  bool is_syncing = false;
  std::optional<bool> is_optimistic;  // Older clients do not tell.
  std::optional<bool> el_offline;
};

Result<Syncing> ParseSyncing(const std::string& answer);
// Clock slot less head slot, not below 0: the node may be ahead of our clock by a moment.
std::optional<std::uint64_t> HeadLag(const Syncing& syncing, const Chain& chain, double now);
// `speed` in slots per second.
void TellSync(const Syncing& syncing, const Chain& chain, std::optional<double> speed, double now,
              Sheet& sheet);

// `window` may be null: then speed and ETA are not told (a probe sees its target once). `clock`
// tells Unix seconds; it is read when the node has answered, lest a slow one seem ahead of it.
Result<void> ScrapeSync(const Client& client, const Deadline& deadline, ChainOf& chain,
                        SyncWindow* window, const std::function<double()>& clock, Sheet& sheet);

}  // namespace stakewatch::beacon
