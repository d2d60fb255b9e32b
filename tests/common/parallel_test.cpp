// What needs threads, with and without them.
#include "common/parallel.h"

#include <pthread.h>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "common/scrape/scrape.h"

namespace stakewatch {
namespace {

// Threads with a stack that no address space holds: none can be made.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t greedy;
    pthread_attr_init(&greedy);
    pthread_attr_setstacksize(&greedy, std::size_t{1} << 46U);
    REQUIRE(pthread_setattr_default_np(&greedy) == 0);
    pthread_attr_destroy(&greedy);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

TEST_CASE("parallel: all run at the same time") {
  std::mutex mutex;
  std::condition_variable changed;
  int there = 0;
  std::array<bool, 3> met{};
  InParallel(met.size(), [&](std::size_t i) {
    std::unique_lock lock(mutex);
    ++there;
    changed.notify_all();
    met[i] = changed.wait_for(lock, std::chrono::seconds(20), [&] { return there == 3; });
  });
  CHECK(met == std::array<bool, 3>{true, true, true});
  InParallel(0, [](std::size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("parallel: one after the other where no thread is to be had") {
  const NoThreads none;
  CHECK_THROWS_AS(std::thread([] {}).join(), std::system_error);
  std::set<std::thread::id> by;
  InParallel(3, [&](std::size_t) { by.insert(std::this_thread::get_id()); });
  CHECK(by == std::set{std::this_thread::get_id()});
}

TEST_CASE("parallel: a crew that gets no thread works with those that it has") {
  std::atomic<int> done = 0;
  {
    Crew crew(4);
    const NoThreads none;
    for (int i = 0; i < 3; ++i) crew.Run([&] { ++done; });
    CHECK(done == 3);  // With none, before Run is over.
  }
  Crew crew(4);
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  bool free = false;
  crew.Run([&] {
    std::unique_lock lock(mutex);
    held = true;
    changed.notify_all();
    changed.wait(lock, [&] { return free; });
  });
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return held; }));
  {
    const NoThreads none;
    crew.Run([&] { ++done; });  // For the one that there is, later.
  }
  CHECK(done == 3);
  free = true;
  changed.notify_all();
  lock.unlock();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (done < 4 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(done == 4);
}

}  // namespace
}  // namespace stakewatch
