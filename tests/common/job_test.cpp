#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "common/scrape/job.h"

namespace stakewatch::testing {
namespace {

using namespace std::chrono_literals;

// Waits for a condition, with a bound.
bool Soon(const std::function<bool()>& is) {
  const Deadline until(10s);
  while (!is()) {
    if (until.Over()) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

JobTime At(std::int64_t seconds) {
  return JobTime(std::chrono::seconds(seconds));
}

// A job of which each run waits to be told how it ends, on a clock that the test moves.
struct Staged {
  std::atomic<std::int64_t> now = 1000;
  std::atomic<int> begun = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<int>> outcome;
  Job<int> job;

  explicit Staged(JobSchedule schedule)
      : job({.schedule = std::move(schedule), .clock = [this] { return At(now); }},
            [this](const Deadline& deadline) { return Run(deadline); }) {
    job.Start();
  }

  Result<int> Run(const Deadline& deadline) {
    ++begun;
    std::unique_lock lock(mutex);
    while (!outcome) {
      if (deadline.Over()) return Fail(Reason::kTimeout, "too late");
      changed.wait_for(lock, deadline.Wait());
    }
    auto given = std::move(*outcome);
    outcome.reset();
    return given;
  }
  void End(Result<int> with) {
    const std::uint64_t runs = job.Now().past.runs;
    {
      const std::lock_guard lock(mutex);
      outcome = std::move(with);
    }
    changed.notify_all();
    REQUIRE(Soon([&] { return job.Now().past.runs == runs + 1; }));
  }
  void MoveTo(std::int64_t seconds) {
    now = seconds;
    job.Wake();
  }
  bool Begins(int run) {
    return Soon([&] { return begun == run && job.Now().running; });
  }
};

TEST_CASE("job: runs at once, keeps what it found, and runs again when its schedule says so") {
  Staged staged(Every(60s, 10s));
  REQUIRE(staged.Begins(1));
  CHECK(staged.job.Now().found == nullptr);
  staged.now = 1005;
  staged.End(7);
  auto state = staged.job.Now();
  REQUIRE(state.found != nullptr);
  CHECK(*state.found == 7);
  CHECK_FALSE(state.running);
  CHECK(state.past.last_began_at == At(1000));
  CHECK(state.past.last_success_at == At(1005));
  CHECK(state.past.last_success_seconds.value() >= 0);
  CHECK(state.past.failures == 0);

  staged.MoveTo(1060);
  REQUIRE(staged.Begins(2));
  CHECK(*staged.job.Now().found == 7);
  staged.End(8);
  CHECK(*staged.job.Now().found == 8);
  CHECK(staged.job.Now().past.runs == 2);
}

TEST_CASE("job: a failure keeps what was found, and is tried again sooner") {
  Staged staged(Every(60s, 10s));
  REQUIRE(staged.Begins(1));
  staged.End(7);
  staged.MoveTo(1060);
  REQUIRE(staged.Begins(2));
  staged.End(Fail(Reason::kHttpStatus, "HTTP 503", 503));
  auto state = staged.job.Now();
  CHECK(*state.found == 7);
  CHECK(state.past.last_success_at == At(1000));
  CHECK(state.past.failures == 1);
  CHECK(state.past.error.value().code == 503);

  staged.MoveTo(1070);
  REQUIRE(staged.Begins(3));
  staged.End(9);
  state = staged.job.Now();
  CHECK(*state.found == 9);
  CHECK_FALSE(state.past.error);
  CHECK(state.past.failures == 1);
  CHECK(state.past.failures_in_a_row == 0);
}

TEST_CASE("job: its end does not wait for a run that hangs") {
  const auto started = Deadline::Clock::now();
  {
    Staged staged(Every(60s, 10s));
    REQUIRE(staged.Begins(1));
  }
  CHECK(Deadline::Clock::now() - started < 5s);
}

TEST_CASE("job: one that was never started, or waits, ends at once") {
  {
    Job<int> job({.schedule = Every(1s, 1s)}, [](const Deadline&) { return Result<int>(1); });
  }
  std::atomic<int> asked = 0;
  const auto started = Deadline::Clock::now();
  {
    Job<int> job({.schedule =
                      [&](JobTime now, const JobPast&) {
                        ++asked;
                        return now + 1h;
                      }},
                 [](const Deadline&) { return Result<int>(1); });
    job.Start();
    REQUIRE(Soon([&] { return asked > 0; }));
    CHECK(job.Now().past.runs == 0);
  }
  CHECK(Deadline::Clock::now() - started < 5s);
}

JobPast Ran(std::int64_t began, std::int64_t ended, std::uint64_t failures = 0) {
  JobPast past;
  past.runs = 1;
  past.failures = past.failures_in_a_row = failures;
  past.last_began_at = At(began);
  past.last_ended_at = At(ended);
  if (failures > 0) past.error = Error{Reason::kTimeout, "late"};
  return past;
}

TEST_CASE("job: every interval, and after a failure sooner and sooner less") {
  const auto due = Every(60s, 10s);
  CHECK(due(At(5), {}) == At(5));
  CHECK(due(At(100), Ran(90, 95)) == At(150));
  CHECK(due(At(100), Ran(90, 95, 1)) == At(105));
  CHECK(due(At(100), Ran(90, 95, 2)) == At(115));
  CHECK(due(At(100), Ran(90, 95, 3)) == At(135));
  CHECK(due(At(100), Ran(90, 95, 4)) == At(155));
  CHECK(due(At(100), Ran(90, 95, 1'000'000)) == At(155));
  // The clock was set back: what it said then is of no use.
  CHECK(due(At(50), Ran(90, 95)) == At(50));
  // Of nothing one cannot run without a rest.
  CHECK(Every(0s, 0s)(At(100), Ran(99, 100)) == At(100));
  CHECK(Every(0s, 0s)(At(100), Ran(100, 100)) == At(101));
  CHECK(Every(0s, 0s)(At(100), Ran(100, 100, 1)) == At(101));
}

TEST_CASE("job: once an epoch, counted from the genesis") {
  // Epochs begin at 1000, 1384, 1768…; due 96 s later.
  const auto due = OncePer(At(1000), 384s, 96s, 30s);
  CHECK(due(At(10), {}) == At(1096));
  CHECK(due(At(1095), {}) == At(1096));
  CHECK(due(At(1100), {}) == At(1100));
  CHECK(due(At(1110), Ran(1100, 1105)) == At(1480));
  CHECK(due(At(1110), Ran(1096, 1105)) == At(1480));
  CHECK(due(At(1490), Ran(1480, 1485)) == At(1864));
  // A run that lasts into the next epoch counts for the one in which it began.
  CHECK(due(At(1500), Ran(1470, 1495)) == At(1480));
  // After a failure again, but not after the next is due.
  CHECK(due(At(1110), Ran(1100, 1105, 1)) == At(1135));
  CHECK(due(At(1110), Ran(1100, 1105, 9)) == At(1297));
  CHECK(due(At(1475), Ran(1460, 1470, 9)) == At(1480));
  // Half a second is no whole one.
  const auto fast = OncePer(At(0), 1500ms, 0s, 1s);
  CHECK(fast(At(10), Ran(9, 9)) == JobTime(10'500ms));
}

constexpr auto kLast = Gauge("x_last_success_timestamp_seconds", "When.");
constexpr auto kTook = Gauge("x_duration_seconds", "How long.");
constexpr auto kFailed = Counter("x_failures_total", "How often not.");
constexpr auto kAll = Table(kLast, kTook, kFailed);

TEST_CASE("job: tells of its last success, and its failures") {
  Sheet empty(kAll);
  CHECK(TellJob({}, {kLast, kTook, kFailed}, empty));
  const Families nothing = std::move(empty).TakeFamilies();
  REQUIRE(nothing.size() == 1);
  CHECK(nothing[0].name == "x_failures_total");

  JobPast past = Ran(90, 95, 1);
  past.last_success_at = JobTime(80'500ms);
  past.last_success_seconds = 2.5;
  Sheet sheet(kAll);
  const auto told = TellJob(past, {kLast, kTook, kFailed}, sheet);
  REQUIRE_FALSE(told);
  CHECK(told.error().what == "late");
  const Families families = std::move(sheet).TakeFamilies();
  REQUIRE(families.size() == 3);
  CHECK(families[0].metric[0].gauge.value == 80.5);
  CHECK(families[1].metric[0].gauge.value == 2.5);
  CHECK(families[2].metric[0].counter.value == 1);
}

}  // namespace
}  // namespace stakewatch::testing
