#pragma once
// The instant by which something must be over, however many steps it takes.
#include <algorithm>
#include <chrono>

namespace stakewatch {

using std::chrono::milliseconds;

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(milliseconds from_now) : at_(Clock::now() + from_now) {}
  explicit Deadline(Clock::time_point at) : at_(at) {}

  Clock::time_point At() const { return at_; }
  bool Over() const { return Clock::now() >= at_; }
  // Rounded up, so that a wait of Left() does not wake too early; never below zero.
  milliseconds Left() const {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(at_ - Clock::now()));
  }

 private:
  Clock::time_point at_;
};

}  // namespace stakewatch
