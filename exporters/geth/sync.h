#pragma once
// Source sync: how far the node is (eth_syncing), how fast, and when it will be there.
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

struct SyncStatus {
  bool syncing = false;  // eth_syncing is `false`, or an object while syncing.
  std::optional<double> current_block;
  std::optional<double> highest_block;
  std::optional<double> starting_block;
  std::vector<std::pair<std::string_view, double>> progress;  // Geth's other fields, by name.
};

// The last ten minutes of currentBlock. Thread-safe; kept between scrapes, which house style allows
// for what only a series of answers can tell.
class SyncWindow {
 public:
  // Least squares over the window: blocks per second. None until three answers lie 30 s apart at
  // least. Anything but a rising currentBlock begins anew: a restart, a rewind.
  std::optional<double> Add(double now_seconds, double current_block);
  void Clear();

 private:
  std::mutex mutex_;
  std::deque<std::pair<double, double>> samples_;
};

// `window` may be null: then speed and ETA are not told (a probe sees its target once).
Result<void> ScrapeSync(const Client& client, const Deadline& deadline, SyncWindow* window,
                        Sheet& sheet);

Result<SyncStatus> ParseSyncing(const std::string& answer);
// `speed` in blocks per second.
void TellSync(const SyncStatus& status, std::optional<double> speed, Sheet& sheet);

}  // namespace stakewatch::geth
