#include <condition_variable>
#include <deque>
#include <system_error>
#include <thread>

#include "common/scrape/scrape.h"

namespace stakewatch {

// Shared with the threads, so that the last one to leave may outlive the crew's destructor.
struct Crew::State {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable left;
  std::deque<std::function<void()>> jobs;
  std::size_t threads_max = 0;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool ending = false;
};

namespace {

// More than these end as soon as they have no work. All are woken in turn, so that after a burst no
// thread would ever be idle for a minute.
constexpr std::size_t kIdleMax = 16;

template <class State>
void Work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    const bool called = state->work.wait_for(lock, std::chrono::minutes(1),
                                             [&] { return state->ending || !state->jobs.empty(); });
    --state->idle;
    if (!called || state->jobs.empty()) break;
    auto job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // What it held ends here, not under the lock.
    lock.lock();
    if (state->ending || (state->jobs.empty() && state->idle >= kIdleMax)) break;
  }
  --state->threads;
  state->left.notify_all();
}

}  // namespace

Crew::Crew(std::size_t threads_max) : state_(std::make_shared<State>()) {
  state_->threads_max = threads_max;
}

Crew::~Crew() {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->jobs.clear();
  state_->work.notify_all();
  state_->left.wait(lock, [this] { return state_->threads == 0; });
}

void Crew::Run(std::function<void()> job) {
  std::unique_lock lock(state_->mutex);
  state_->jobs.push_back(std::move(job));
  if (state_->idle >= state_->jobs.size() || state_->threads >= state_->threads_max) {
    lock.unlock();  // Or the thread that is woken sleeps again at once, for the mutex.
    state_->work.notify_one();
    return;
  }
  ++state_->threads;
  try {
    std::thread([state = state_] { Work(state); }).detach();
  } catch (const std::system_error&) {
    // Those that there are take it; without any, the caller does.
    if (--state_->threads > 0) return;
    auto own = std::move(state_->jobs.back());
    state_->jobs.pop_back();
    lock.unlock();
    own();
  }
}

}  // namespace stakewatch
