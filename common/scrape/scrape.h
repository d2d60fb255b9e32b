#pragma once
// Asks all sources of one target at the same time, within one deadline, and tells how each fared.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

inline constexpr auto kSourceUp =
    Gauge("stakewatch_source_up", "1 if the source answered this scrape, 0 if not.", "source");
inline constexpr auto kSourceDuration = Gauge("stakewatch_source_duration_seconds",
                                              "How long the source took in this scrape.", "source");
inline constexpr auto kSourceBreakerOpen =
    Gauge("stakewatch_source_breaker_open",
          "1 while the source's upstream fails to answer in time and is asked by one request at a "
          "time.",
          "source");
inline constexpr auto kSourceCertificateNotAfter =
    Gauge("stakewatch_source_certificate_not_after_timestamp_seconds",
          "When the certificate shown by the source's upstream ends.", "source");
// What a scraper tells of its sources, afresh each time; the two below are counters of the process.
inline constexpr auto kSourceMetrics =
    Table(kSourceUp, kSourceDuration, kSourceBreakerOpen, kSourceCertificateNotAfter);
inline constexpr auto kSourceRequests =
    Counter("stakewatch_source_requests_total", "Requests made to the upstream.", "source");
inline constexpr auto kSourceFailures =
    Counter("stakewatch_source_failures_total", "Scrapes in which the source failed, by reason.",
            "source", "reason");
inline constexpr auto kSourceCounters = Table(kSourceRequests, kSourceFailures);

// One thing asked of one upstream in each scrape. Sources are asked at the same time and fail
// apart.
struct Source {
  std::string_view name;
  std::shared_ptr<const Upstream> upstream;  // Null: LocalSource.
  // Fills a fresh sheet, thrown away if it fails. Called from several threads at once (two
  // Prometheus servers may scrape together). The upstream given is `upstream`, counted and behind
  // its breaker.
  std::function<Result<void>(const Upstream&, const Deadline&, Sheet&)> scrape;
  // Starts what a feed needs, once, when serving begins; may be empty.
  std::function<void()> start = {};
  // Of a feed, which has no upstream to ask for it; may be empty.
  std::function<std::optional<std::int64_t>()> certificate_not_after = {};
};

// A source without an upstream: a feed or a job, which tells what it has, or one that asks for
// itself.
Source LocalSource(std::string_view name,
                   std::function<Result<void>(const Deadline&, Sheet&)> scrape);
// Of a feed or a job: what it tells, from when it is started on.
template <class Teller>
Source TellerSource(std::string_view name, const std::shared_ptr<Teller>& teller) {
  Source source =
      LocalSource(name, [teller](const Deadline&, Sheet& sheet) { return teller->Tell(sheet); });
  source.start = [teller] { teller->Start(); };
  if constexpr (requires { teller->CertificateNotAfter(); }) {
    source.certificate_not_after = [teller] { return teller->CertificateNotAfter(); };
  }
  return source;
}

// How a source fared when it was last asked, for the landing page.
struct SourceState {
  std::string name;
  std::optional<bool> up;  // None until it was asked.
  double duration_seconds = 0;
  std::int64_t asked_at = 0;  // Unix seconds.
  std::string last_error;     // Of the last failure, also when it has come up since.
  std::int64_t last_error_at = 0;
};

// Threads that wait for upstreams, so that the sources of all scrapes can be asked at once. They
// are made when needed and end after a minute without work; at most `threads_max`, then jobs queue.
class Crew {
 public:
  explicit Crew(std::size_t threads_max);
  ~Crew();  // Waits for the jobs that run; those that still queue are dropped.
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  void Run(std::function<void()> job);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// All sources of one target. Thread-safe: scrapes may overlap.
class Scraper {
 public:
  // `own` may be null (probe targets have no counters of their own); then requests and failures are
  // not counted. `crew` and `own` outlive the scraper.
  Scraper(std::vector<Source> sources, std::span<const MetricRow> declared, Crew& crew,
          OwnMetrics* own);
  ~Scraper();

  void Start();  // Starts the feeds.
  // The families of one scrape, stakewatch_source_* included. Over by the deadline, whatever the
  // sources do.
  Families Scrape(const Deadline& deadline);
  std::vector<SourceState> States() const;

 private:
  struct Slot;
  struct Round;
  // A round that no lane writes to any more; where a source did not keep to the deadline, without
  // its answer.
  std::shared_ptr<Round> AskAll(const Deadline& deadline);

  std::span<const MetricRow> declared_;
  Crew& crew_;
  std::vector<std::shared_ptr<Slot>> slots_;
};

}  // namespace stakewatch
