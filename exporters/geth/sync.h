#pragma once
// Source sync: how far the node is (eth_syncing), how fast, and when it will be there.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "common/sync_window.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

struct SyncStatus {
  bool syncing = false;  // eth_syncing is `false`, or an object while syncing.
  std::optional<double> current_block;
  std::optional<double> highest_block;
  std::optional<double> starting_block;
  std::vector<std::pair<std::string_view, double>> progress;  // Geth's other fields, by name.
};

// `window` may be null: then speed and ETA are not told (a probe sees its target once).
Result<void> ScrapeSync(const Client& client, const Deadline& deadline, SyncWindow* window,
                        Sheet& sheet);

Result<SyncStatus> ParseSyncing(const std::string& answer);
// `speed` in blocks per second.
void TellSync(const SyncStatus& status, std::optional<double> speed, Sheet& sheet);

}  // namespace stakewatch::geth
