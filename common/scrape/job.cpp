#include "common/scrape/job.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace stakewatch {
namespace {

// A wall clock that is set while we wait is noticed after as long.
constexpr milliseconds kWaitMax{30'000};
// From one run to the next, whatever a schedule is made of.
constexpr milliseconds kRestMin{1'000};

// After the failures there were in a row: `retry`, doubled each time.
JobTime Again(const JobPast& past, milliseconds retry, milliseconds most) {
  const auto doublings = std::min<std::uint64_t>(past.failures_in_a_row - 1, 16);
  return past.last_ended_at.value_or(JobTime()) +
         std::clamp<milliseconds>(retry * (1 << doublings), kRestMin, std::max(most, kRestMin));
}

// Nothing is known of when it last ran, or the clock that said so was wrong.
bool NeverRan(JobTime now, const JobPast& past) {
  return !past.last_ended_at || now < *past.last_ended_at;
}

}  // namespace

JobSchedule Every(milliseconds interval, milliseconds retry) {
  interval = std::max(interval, kRestMin);
  return [=](JobTime now, const JobPast& past) {
    if (NeverRan(now, past)) return now;
    return past.error ? Again(past, retry, interval) : *past.last_began_at + interval;
  };
}

JobSchedule OncePer(JobTime origin, milliseconds period, milliseconds offset, milliseconds retry) {
  period = std::max(period, kRestMin);
  // The number of the last period whose `offset` has passed; before `origin` that is below zero.
  const auto number = [=](JobTime at) {
    return std::chrono::floor<milliseconds>(at - origin - offset).count() / period.count();
  };
  const auto begin = [=](std::int64_t of) { return origin + offset + of * period; };
  return [=](JobTime now, const JobPast& past) {
    if (now < begin(0)) return begin(0);
    if (NeverRan(now, past)) return now;
    const JobTime next = begin(number(*past.last_began_at) + 1);
    return past.error ? std::min(next, Again(past, retry, period / 2)) : next;
  };
}

struct JobThread::Shared {
  JobOptions options;
  Work work;
  mutable std::mutex mutex;
  std::condition_variable changed;
  State state;
  bool woken = false;
  std::stop_source stop;
  std::thread thread;

  void Loop();
  void Run(std::unique_lock<std::mutex>& lock);
};

void JobThread::Shared::Loop() {
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    woken = false;
    const JobPast past = state.past;
    lock.unlock();  // A schedule may look at what the caller of Wake holds.
    const JobTime now = options.clock();
    const JobTime due = options.schedule(now, past);
    lock.lock();
    if (due <= now) {
      if (!stop.stop_requested()) Run(lock);
      continue;
    }
    const auto wait = std::min<JobTime::duration>(due - now, kWaitMax);
    changed.wait_for(lock, wait, [this] { return woken || stop.stop_requested(); });
  }
}

void JobThread::Shared::Run(std::unique_lock<std::mutex>& lock) {
  state.running = true;
  lock.unlock();
  const JobTime began_at = options.clock();
  const auto start = Deadline::Clock::now();
  auto found = work(Deadline(options.run_time_max, stop.get_token()));
  const std::chrono::duration<double> took = Deadline::Clock::now() - start;
  const JobTime ended_at = options.clock();
  lock.lock();
  state.running = false;
  if (stop.stop_requested()) return;  // What was broken off has not failed.
  JobPast& past = state.past;
  ++past.runs;
  past.last_began_at = began_at;
  past.last_ended_at = ended_at;
  if (found) {
    std::swap(state.found, *found);
    past.failures_in_a_row = 0;
    past.last_success_at = ended_at;
    past.last_success_seconds = took.count();
    past.error.reset();
  } else {
    ++past.failures;
    ++past.failures_in_a_row;
    past.error = std::move(found).error();
  }
}

JobThread::JobThread(JobOptions options, Work work) : shared_(std::make_unique<Shared>()) {
  shared_->options = std::move(options);
  shared_->work = std::move(work);
}

JobThread::~JobThread() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop.request_stop();
  }
  shared_->changed.notify_all();
  if (shared_->thread.joinable()) shared_->thread.join();
}

void JobThread::Start() {
  shared_->thread = std::thread([shared = shared_.get()] { shared->Loop(); });
}

void JobThread::Wake() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->woken = true;
  }
  shared_->changed.notify_all();
}

JobThread::State JobThread::Now() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->state;
}

Result<void> TellJob(const JobPast& past, const JobMetrics& metrics, Sheet& sheet) {
  if (past.last_success_at) {
    const std::chrono::duration<double> at = past.last_success_at->time_since_epoch();
    sheet.Set(metrics.last_success, at.count());
  }
  sheet.Set(metrics.duration, past.last_success_seconds);
  sheet.Set(metrics.failures, static_cast<double>(past.failures));
  if (past.error) return std::unexpected(*past.error);
  return {};
}

}  // namespace stakewatch
