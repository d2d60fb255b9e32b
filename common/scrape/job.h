#pragma once
// An answer that costs the upstream more than a scrape can afford: a job asks on a thread of its
// own, when its schedule says so, and keeps what it found last, with the time. A scrape tells what
// is kept, and how old it is: a metric of a job says so in its help.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/deadline.h"
#include "common/metrics.h"
#include "common/result.h"

namespace stakewatch {

// Of the wall clock: jobs follow slots and epochs, and tell when they succeeded.
using JobTime = std::chrono::system_clock::time_point;

// How a job has fared so far. Also what its schedule goes by.
struct JobPast {
  std::uint64_t runs = 0;  // That ended.
  std::uint64_t failures = 0;
  std::uint64_t failures_in_a_row = 0;
  std::optional<JobTime> last_began_at, last_ended_at;  // Of the last run that ended.
  std::optional<JobTime> last_success_at;               // When the last run that succeeded ended.
  std::optional<double> last_success_seconds;           // How long that one took.
  std::optional<Error> error;                           // Of the last run, if it failed.
};

// When the next run is due, by what has been; not after `now` is at once. Asked on the job's thread
// when it starts, after each run, when what it said has come, at least every 30 s (clocks are set),
// and when the job is woken. It may say "not yet" (now and some seconds) as often as it likes, and
// it must move on once a run has ended, or the job never rests.
using JobSchedule = std::function<JobTime(JobTime now, const JobPast& past)>;

// One run at once, then one `interval` after the last began. After a failure `retry` after its end,
// doubled for each failure in a row, `interval` at most.
JobSchedule Every(milliseconds interval, milliseconds retry);
// One run in each `period` since `origin` (an epoch since the genesis), as soon
// as `offset` of it has passed; the first at once if that has been. After a failure `retry` after
// its end, doubled as above, at most half a period.
JobSchedule OncePer(JobTime origin, milliseconds period, milliseconds offset, milliseconds retry);

struct JobOptions {
  JobSchedule schedule;
  milliseconds run_time_max{std::chrono::minutes(1)};               // The deadline of one run.
  std::function<JobTime()> clock = std::chrono::system_clock::now;  // Of the tests.
};

// What all jobs are, whatever they find. Thread-safe.
class JobThread {
 public:
  using Found = std::shared_ptr<const void>;
  using Work = std::function<Result<Found>(const Deadline&)>;
  struct State {
    Found found;  // By the last run that succeeded; null before.
    JobPast past;
    bool running = false;
  };

  JobThread(JobOptions options, Work work);
  ~JobThread();  // Ends the deadline of a run under way, and waits for the run: about 0.1 s.
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  void Start();
  void Wake();
  State Now() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// `work` returns by its deadline, and soon once that is over before its time; it throws nothing.
// What `work` uses lives at least as long as the job.
template <class T>
class Job {
 public:
  Job(JobOptions options, std::function<Result<T>(const Deadline&)> work)
      : thread_(std::move(options),
                [work = std::move(work)](const Deadline& deadline) -> Result<JobThread::Found> {
                  auto found = work(deadline);
                  if (!found) return std::unexpected(std::move(found).error());
                  return std::make_shared<const T>(std::move(*found));
                }) {}

  // Nothing runs before; once.
  void Start() { thread_.Start(); }
  // Asks the schedule at once, as something that it goes by has changed.
  void Wake() { thread_.Wake(); }

  struct State {
    std::shared_ptr<const T> found;  // By the last run that succeeded; null before.
    JobPast past;                    // At the same moment.
    bool running = false;
  };
  State Now() const {
    JobThread::State now = thread_.Now();
    return {std::static_pointer_cast<const T>(std::move(now.found)), std::move(now.past),
            now.running};
  }

 private:
  JobThread thread_;
};

// What every job tells of itself, each declared by its exporter.
struct JobMetrics {
  const Metric<0>& last_success;  // <…>_last_success_timestamp_seconds, a gauge.
  const Metric<0>& duration;      // <…>_duration_seconds, a gauge: of the last success.
  const Metric<0>& failures;      // <…>_failures_total, a counter.
};

// Sets those, and gives the error of the last run if it failed: the result of a source's scrape. A
// job that has not run yet has not failed either.
Result<void> TellJob(const JobPast& past, const JobMetrics& metrics, Sheet& sheet);

}  // namespace stakewatch
