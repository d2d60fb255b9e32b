#pragma once
// Durations as Prometheus writes them: 500ms, 10s, 5m, 1h, 2d.
#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace stakewatch {

// A whole number and one unit of ms, s, m, h, d; at most a year.
Checked<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string WriteDuration(std::chrono::milliseconds duration);

}  // namespace stakewatch
