#pragma once
// The wall clock as Prometheus writes it.
#include <chrono>

namespace stakewatch {

// Seconds since 1970 with their fraction.
inline double UnixNow() {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return now.count();
}

}  // namespace stakewatch
