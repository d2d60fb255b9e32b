#pragma once
// The same work several times at once.
#include <cstddef>
#include <functional>

namespace stakewatch {

// Runs run(0) to run(count - 1) at the same time, and returns when all have ended. Where no thread
// is to be had, one after the other.
void InParallel(std::size_t count, const std::function<void(std::size_t)>& run);

}  // namespace stakewatch
