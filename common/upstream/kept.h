#pragma once
// Connections kept open between requests.
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/deadline.h"

namespace stakewatch {

// Thread-safe. At most 16 idle ones; what has been idle for 60 s is not given out again and is
// closed by the next Take or Keep.
template <class Connected>
class Kept {
 public:
  // The one used last, or null.
  std::unique_ptr<Connected> Take() {
    const std::lock_guard lock(mutex_);
    CloseOld();
    if (idle_.empty()) return nullptr;
    auto taken = std::move(idle_.back().connected);
    idle_.pop_back();
    return taken;
  }

  void Keep(std::unique_ptr<Connected> connected) {
    const std::lock_guard lock(mutex_);
    CloseOld();
    if (idle_.size() < kIdleMax) idle_.push_back({std::move(connected), Deadline(kIdleTime)});
  }

 private:
  static constexpr std::size_t kIdleMax = 16;
  static constexpr std::chrono::seconds kIdleTime{60};

  struct Idle {
    std::unique_ptr<Connected> connected;
    Deadline until;
  };

  // The oldest are in front.
  void CloseOld() {
    while (!idle_.empty() && idle_.front().until.Over()) idle_.erase(idle_.begin());
  }

  std::mutex mutex_;
  std::vector<Idle> idle_;
};

}  // namespace stakewatch
