#pragma once
// How fast a syncing node gets on, by the last scrapes.
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace stakewatch {

// The last ten minutes of a height (a block number, a slot). Thread-safe; kept between scrapes,
// which house style allows for what only a series of answers can tell.
class SyncWindow {
 public:
  // Least squares over the window: heights per second. None until three answers lie 30 s apart at
  // least. A height that falls begins anew: a restart, a rewind.
  std::optional<double> Add(double now_seconds, double height);
  void Clear();

 private:
  std::mutex mutex_;
  std::deque<std::pair<double, double>> samples_;
};

}  // namespace stakewatch
