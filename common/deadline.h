#pragma once
// The instant by which something must be over, however many steps it takes.
#include <algorithm>
#include <chrono>
#include <stop_token>
#include <utility>

namespace stakewatch {

using std::chrono::milliseconds;

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(milliseconds from_now) : at_(Clock::now() + from_now) {}
  explicit Deadline(Clock::time_point at) : at_(at) {}
  // Over before its time as soon as `stop` asks for it: who waits for a socket or for a name looks
  // every kLook. For work of minutes on a thread that the program's end has to wait for.
  Deadline(milliseconds from_now, std::stop_token stop)
      : at_(Clock::now() + from_now), stop_(std::move(stop)) {}

  Clock::time_point At() const { return at_; }
  bool Over() const { return stop_.stop_requested() || Clock::now() >= at_; }
  // Rounded up, so that a wait of Left() does not wake too early; never below zero.
  milliseconds Left() const {
    if (stop_.stop_requested()) return milliseconds(0);
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(at_ - Clock::now()));
  }
  // For how long one may wait before one asks Over() again.
  milliseconds Wait() const { return stop_.stop_possible() ? std::min(Left(), kLook) : Left(); }
  // Another time from now on, the same stop.
  Deadline Anew(milliseconds from_now) const { return {from_now, stop_}; }
  // The same with less time.
  Deadline Within(milliseconds from_now) const {
    Deadline sooner(*this);
    sooner.at_ = std::min(at_, Clock::now() + from_now);
    return sooner;
  }

 private:
  static constexpr milliseconds kLook{100};

  Clock::time_point at_;
  std::stop_token stop_;
};

}  // namespace stakewatch
