#pragma once
// How often something may happen: `burst` times at once, and once more after each interval.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>

#include "common/deadline.h"

namespace stakewatch {

// Thread-safe.
class TokenBucket {
 public:
  TokenBucket(milliseconds interval, std::size_t burst)
      : interval_(interval), burst_(static_cast<double>(burst)), tokens_(burst_) {}

  bool Take() {
    const std::lock_guard lock(mutex_);
    Fill();
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void GiveBack() {
    const std::lock_guard lock(mutex_);
    tokens_ = std::min(burst_, tokens_ + 1);
  }
  bool Full() {
    const std::lock_guard lock(mutex_);
    Fill();
    return tokens_ >= burst_;
  }

 private:
  void Fill() {
    const auto now = Deadline::Clock::now();
    tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - filled_) /
                                             std::chrono::duration<double>(interval_));
    filled_ = now;
  }

  std::mutex mutex_;
  const milliseconds interval_;
  const double burst_;
  double tokens_;
  Deadline::Clock::time_point filled_ = Deadline::Clock::now();
};

}  // namespace stakewatch
