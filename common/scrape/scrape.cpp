#include "common/scrape/scrape.h"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <utility>

#include "common/log.h"
#include "common/scrape/breaker.h"

namespace stakewatch {
namespace {

// A thread that is woken costs more than a node's answer on the same machine. So one lane begins,
// and each time that no source is taken up for as long as this, one more joins: sources that hang
// are asked at the same time, each in a lane of its own, and hold up no other.
constexpr milliseconds kPatience{5};
// A source that would only wait for a request that hangs gets no lane, and no thread. How often one
// looks whether that is over, as another scrape may have made the request.
constexpr milliseconds kHungPatience{200};

// A source that reads no network is given this.
class NoUpstream : public Upstream {
 public:
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    return Fail(Reason::kUnreachable, std::string(request.name) + ": the source has no upstream");
  }
};

// The upstream as one source sees it: behind the breaker that all sources of the target share, and
// each request counted.
class Guarded : public Upstream {
 public:
  Guarded(const Upstream& upstream, Breaker* breaker, prometheus::Counter* requests)
      : upstream_(upstream), breaker_(breaker), requests_(requests) {}

  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    if (deadline.Over()) {
      return Fail(Reason::kTimeout, std::string(request.name) + ": no time was left to ask");
    }
    if (breaker_ == nullptr) return Count(request, deadline);
    return breaker_->Ask(deadline, [&] { return Count(request, deadline); });
  }
  Result<void> AskInPieces(const Request& request, const Deadline& deadline,
                           std::uint64_t bytes_max, Pieces& to) const override {
    if (deadline.Over()) {
      return Fail(Reason::kTimeout, std::string(request.name) + ": no time was left to ask");
    }
    const auto ask = [&]() -> Result<std::string> {
      if (requests_ != nullptr) requests_->Increment();
      const auto fared = upstream_.AskInPieces(request, deadline, bytes_max, to);
      if (!fared) return std::unexpected(fared.error());
      return "";  // The breaker looks at how the request fared, not at what came.
    };
    const auto fared = breaker_ == nullptr ? ask() : breaker_->Ask(deadline, ask);
    if (!fared) return std::unexpected(fared.error());
    return {};
  }
  std::optional<std::int64_t> CertificateNotAfter() const override {
    return upstream_.CertificateNotAfter();
  }

 private:
  Result<std::string> Count(const Request& request, const Deadline& deadline) const {
    if (requests_ != nullptr) requests_->Increment();
    return upstream_.Ask(request, deadline);
  }

  const Upstream& upstream_;
  Breaker* breaker_;
  prometheus::Counter* requests_;
};

}  // namespace

// One source and what is known of it between scrapes. Shared with the jobs that ask it: one that
// outlasts its scrape, or the scraper, still has its ground.
struct Scraper::Slot {
  Source source;
  std::shared_ptr<Breaker> breaker;  // One per upstream.
  std::span<const MetricRow> declared;
  prometheus::Counter* requests = nullptr;
  std::array<prometheus::Counter*, kReasonWords.size()> failures{};
  mutable std::mutex mutex;
  SourceState state;

  Slot(Source given, std::span<const MetricRow> metrics, OwnMetrics* own)
      : source(std::move(given)), declared(metrics) {
    state.name = source.name;
    if (own == nullptr) return;
    requests = &own->CounterOf(kSourceRequests, source.name);
    for (std::size_t i = 0; i < failures.size(); ++i) {
      failures[i] = &own->CounterOf(kSourceFailures, source.name, kReasonWords[i]);
    }
  }

  std::optional<std::int64_t> CertificateNotAfter() const {
    if (source.upstream) return source.upstream->CertificateNotAfter();
    return source.certificate_not_after ? source.certificate_not_after() : std::nullopt;
  }

  struct Answer {
    Result<void> fared;
    Families families;
    double duration_seconds = 0;
  };

  // Of a source that did not keep to the deadline.
  static Answer TooLate(std::string_view name, Deadline::Clock::time_point start) {
    const std::chrono::duration<double> waited = Deadline::Clock::now() - start;
    return {Fail(Reason::kTimeout, std::string(name) + ": no answer by the end of the scrape"),
            {},
            waited.count()};
  }

  Answer Ask(const Deadline& deadline) {
    static const NoUpstream kNone;
    const auto start = Deadline::Clock::now();
    Sheet sheet(declared);
    const Guarded upstream(source.upstream ? *source.upstream : kNone,
                           source.upstream ? breaker.get() : nullptr, requests);
    auto fared = source.scrape(upstream, deadline, sheet);
    const std::chrono::duration<double> took = Deadline::Clock::now() - start;
    // A feed knows that its connection is lost, and since when; a failed question knows nothing.
    const bool keep = fared || !source.upstream;
    return {std::move(fared), keep ? std::move(sheet).TakeFamilies() : Families{}, took.count()};
  }

  // Counts a failure and logs a change between up and down, once.
  void Note(const Answer& answer) {
    if (!answer.fared) {
      auto* counter = failures[static_cast<std::size_t>(answer.fared.error().reason)];
      if (counter != nullptr) counter->Increment();
    }
    const std::lock_guard lock(mutex);
    const bool changed = state.up != answer.fared.has_value();
    const bool first = !state.up.has_value();
    state.up = answer.fared.has_value();
    state.duration_seconds = answer.duration_seconds;
    state.asked_at = std::time(nullptr);
    if (!answer.fared) {
      const bool another = state.last_error != answer.fared.error().what;
      state.last_error = answer.fared.error().what;
      state.last_error_at = state.asked_at;
      Log(changed ? LogLevel::kWarn : LogLevel::kDebug, "source is down",
          {{"source", state.name},
           {"reason", std::string(Word(answer.fared.error().reason))},
           {"error", another || changed ? state.last_error : "the same"}});
    } else if (changed && !first) {
      Log(LogLevel::kInfo, "source is up again", {{"source", state.name}});
    }
  }
};

Source LocalSource(std::string_view name,
                   std::function<Result<void>(const Deadline&, Sheet&)> scrape) {
  return {name, nullptr,
          [scrape = std::move(scrape)](const Upstream&, const Deadline& deadline, Sheet& sheet) {
            return scrape(deadline, sheet);
          }};
}

Scraper::Scraper(std::vector<Source> sources, std::span<const MetricRow> declared, Crew& crew,
                 OwnMetrics* own)
    : declared_(declared), crew_(crew) {
  for (Source& source : sources) {
    auto slot = std::make_shared<Slot>(std::move(source), declared, own);
    const auto same = std::ranges::find_if(
        slots_, [&](const auto& s) { return s->source.upstream == slot->source.upstream; });
    slot->breaker = same == slots_.end() ? std::make_shared<Breaker>() : (*same)->breaker;
    slots_.push_back(std::move(slot));
  }
}

Scraper::~Scraper() = default;

void Scraper::Start() {
  for (const auto& slot : slots_) {
    if (slot->source.start) slot->source.start();
  }
}

// One scrape under way. Lanes, each a thread of the crew, take one source after the other.
struct Scraper::Round {
  explicit Round(const std::vector<std::shared_ptr<Slot>>& sources, const Deadline& until)
      : slots(sources),
        deadline(until),
        taken(sources.size()),
        untaken(sources.size()),
        answers(sources.size()),
        missing(sources.size()) {}

  void Lane() {
    std::unique_lock lock(mutex);
    while (const auto i = Next()) {
      taken[*i] = true;
      --untaken;
      lock.unlock();
      Slot::Answer answer = slots[*i]->Ask(deadline);
      lock.lock();
      if (missing == 0) return;  // The scrape did not wait.
      answers[*i] = std::move(answer);
      --missing;
      if (missing == 0 || (missing == untaken && deadline.Over())) {
        lock.unlock();  // Or the scrape that is woken sleeps again at once, for the mutex.
        changed.notify_one();
        lock.lock();
      }
    }
  }

  // The source that a lane would take up now; none while all that are left would only wait.
  std::optional<std::size_t> Next() const {
    for (std::size_t i = 0; i < slots.size() && untaken > 0; ++i) {
      if (!taken[i] && !slots[i]->breaker->Trying()) return i;
    }
    return std::nullopt;
  }

  const std::vector<std::shared_ptr<Slot>> slots;
  const Deadline deadline;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<bool> taken;
  std::size_t untaken;
  std::vector<std::optional<Slot::Answer>> answers;
  std::size_t missing;
};

std::shared_ptr<Scraper::Round> Scraper::AskAll(const Deadline& deadline) {
  const auto round = std::make_shared<Round>(slots_, deadline);
  crew_.Run([round] { round->Lane(); });
  std::unique_lock lock(round->mutex);
  const auto done = [&] { return round->missing == 0; };
  milliseconds patience = kPatience;
  while (round->untaken > 0 && !deadline.Over()) {
    const std::size_t before = round->untaken;
    if (round->changed.wait_for(lock, std::min(patience, deadline.Left()), done)) break;
    if (round->untaken != before) continue;
    const bool hung = !round->Next();
    if (!hung) crew_.Run([round] { round->Lane(); });
    patience = hung ? std::min(2 * patience, kHungPatience) : kPatience;
  }
  // Sources keep to the deadline themselves; this is for one that does not.
  round->changed.wait_until(lock, deadline.At() + milliseconds(100),
                            [&] { return done() || round->missing == round->untaken; });
  round->missing = 0;
  round->untaken = 0;
  return round;
}

Families Scraper::Scrape(const Deadline& deadline) {
  const auto start = Deadline::Clock::now();
  const auto round = AskAll(deadline);
  Sheet told(kSourceMetrics);
  std::vector<Families> sheets;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = *slots_[i];
    const std::string_view name = slot.source.name;
    auto& given = round->answers[i];
    Slot::Answer answer = given ? std::move(*given) : Slot::TooLate(name, start);
    slot.Note(answer);
    told.Set(kSourceUp, answer.fared ? 1 : 0, name);
    told.Set(kSourceDuration, answer.duration_seconds, name);
    if (slot.source.upstream) {
      told.Set(kSourceBreakerOpen, slot.breaker->Open() ? 1 : 0, name);
    }
    if (const auto ends = slot.CertificateNotAfter()) {
      told.Set(kSourceCertificateNotAfter, static_cast<double>(*ends), name);
    }
    sheets.push_back(std::move(answer.families));
  }
  Families page = std::move(told).TakeFamilies();
  std::ranges::move(Merge(declared_, std::move(sheets)), std::back_inserter(page));
  return page;
}

std::vector<SourceState> Scraper::States() const {
  std::vector<SourceState> states;
  for (const auto& slot : slots_) {
    const std::lock_guard lock(slot->mutex);
    states.push_back(slot->state);
  }
  return states;
}

}  // namespace stakewatch
