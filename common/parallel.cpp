#include "common/parallel.h"

#include <system_error>
#include <thread>
#include <vector>

namespace stakewatch {

void InParallel(std::size_t count, const std::function<void(std::size_t)>& run) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    try {
      threads.emplace_back([&run, i] { run(i); });
    } catch (const std::system_error&) {
      run(i);
    }
  }
}

}  // namespace stakewatch
