#include "common/sql/watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/log.h"

namespace stakewatch {
namespace {

constexpr milliseconds kRetry{10'000};
constexpr milliseconds kLookRetry{1000};
constexpr milliseconds kLookTimeout{5000};
// The longest time-out of a query, and a connection before it.
constexpr milliseconds kRunTimeMax = std::chrono::minutes(2);

double UnixSeconds(JobTime at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

// One query, and how it has fared.
struct Asked {
  SqlQuery query;
  std::vector<SqlRead> reads;
  std::function<bool()> when;
  std::vector<std::function<std::string()>> values;
  JobSchedule schedule;
  JobPast past = {};
  std::array<std::uint64_t, kReasonWords.size()> errors = {};
  Families found = {};

  bool Wanted() const { return !when || when(); }

  bool Fresh(JobTime now) const {
    return past.last_success_at && now - *past.last_success_at <= 2 * query.every + query.within;
  }
};

JobTime LookDue(JobTime now, const JobPast& look, milliseconds every) {
  return Every(every, kLookRetry)(now, look);
}

}  // namespace

struct SqlWatch::State {
  State(SqlTarget target, const SqlMetrics& given) : database(std::move(target)), metrics(given) {}

  Database database;  // Of the job's thread alone.
  std::span<const MetricRow> declared;
  SqlMetrics metrics;
  prometheus::Counter* requests = nullptr;
  milliseconds look_every{};

  mutable std::mutex mutex;  // Of what stands below.
  std::vector<Asked> queries;
  JobPast look;  // Whether the database is there.
  bool up = false;
  std::optional<std::int64_t> certificate_not_after;

  std::unique_ptr<JobThread> thread;

  JobTime Due(JobTime now) const;
  void RunOne(const Deadline& deadline);
  void Look(const Deadline& deadline);
  void AskOne(Asked& asked, const Deadline& deadline);
  void Note(JobPast& past, JobTime began_at, std::optional<Error> error);
};

JobTime SqlWatch::State::Due(JobTime now) const {
  const std::lock_guard lock(mutex);
  JobTime due = LookDue(now, look, look_every);
  if (!up) return due;
  for (const Asked& asked : queries) {
    if (asked.Wanted()) due = std::min(due, asked.schedule(now, asked.past));
  }
  return due;
}

void SqlWatch::State::RunOne(const Deadline& deadline) {
  const JobTime now = std::chrono::system_clock::now();
  Asked* next = nullptr;
  {
    const std::lock_guard lock(mutex);
    if (up && LookDue(now, look, look_every) > now) {
      const auto due = std::ranges::find_if(queries, [&](const Asked& asked) {
        return asked.Wanted() && asked.schedule(now, asked.past) <= now;
      });
      if (due == queries.end()) return;
      next = &*due;  // No query comes or goes once we run.
    }
  }
  if (next == nullptr) {
    Look(deadline);
  } else {
    AskOne(*next, deadline);
  }
}

void SqlWatch::State::Note(JobPast& past, JobTime began_at, std::optional<Error> error) {
  const JobTime now = std::chrono::system_clock::now();
  ++past.runs;
  past.last_began_at = began_at;
  past.last_ended_at = now;
  past.error = std::move(error);
  if (past.error) {
    ++past.failures;
    ++past.failures_in_a_row;
  } else {
    past.failures_in_a_row = 0;
    past.last_success_at = now;
    past.last_success_seconds = std::chrono::duration<double>(now - began_at).count();
  }
}

void SqlWatch::State::Look(const Deadline& deadline) {
  const JobTime began_at = std::chrono::system_clock::now();
  const Deadline patience = deadline.Within(kLookTimeout);
  requests->Increment();
  const auto seen = [&]() -> Result<void> {
    if (!database.Connected()) {
      if (auto connected = database.Connect(patience); !connected) return connected;
    }
    const auto rows = database.Ask("SELECT 1", {}, kLookTimeout, patience);
    if (!rows) return std::unexpected(rows.error());
    return {};
  }();
  const std::lock_guard lock(mutex);
  up = seen.has_value();
  certificate_not_after = database.CertificateNotAfter();
  Note(look, began_at, up ? std::nullopt : std::optional(seen.error()));
}

void SqlWatch::State::AskOne(Asked& asked, const Deadline& deadline) {
  const JobTime began_at = std::chrono::system_clock::now();
  std::vector<std::string> values;
  values.reserve(asked.values.size());
  for (const auto& value : asked.values) values.push_back(value());
  requests->Increment();
  Sheet sheet(declared);
  const auto answer = [&]() -> Result<void> {
    const auto rows = database.Ask(asked.query.text, values, asked.query.within, deadline);
    if (!rows) return std::unexpected(rows.error());
    try {
      for (const SqlRead& read : asked.reads) read(*rows, sheet);
    } catch (const BadShape& shape) {
      return Fail(Reason::kBadAnswer, shape.what);
    }
    return {};
  }();
  if (deadline.Over()) return;  // We are to end; what was broken off has not failed.
  const std::lock_guard lock(mutex);
  if (!database.Connected()) {
    // Whether it was this backend or all of the server shows at once.
    up = false;
    look.last_ended_at.reset();
  }
  const bool failed_before = asked.past.error.has_value();
  if (!answer) {
    ++asked.errors[static_cast<std::size_t>(answer.error().reason)];
    Log(failed_before ? LogLevel::kDebug : LogLevel::kWarn, "query failed",
        {{"query", asked.query.name},
         {"reason", std::string(Word(answer.error().reason))},
         {"error", answer.error().what}});
  } else {
    asked.found = std::move(sheet).TakeFamilies();
    if (failed_before) Log(LogLevel::kInfo, "query works again", {{"query", asked.query.name}});
  }
  Note(asked.past, began_at, answer ? std::nullopt : std::optional(answer.error()));
}

SqlWatch::SqlWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}

SqlWatch::~SqlWatch() {
  state_->thread.reset();
}

void SqlWatch::Start() {
  state_->thread->Start();
}

std::optional<std::int64_t> SqlWatch::CertificateNotAfter() const {
  const std::lock_guard lock(state_->mutex);
  return state_->certificate_not_after;
}

Result<void> SqlWatch::Tell(Sheet& sheet) const {
  const JobTime now = std::chrono::system_clock::now();
  const State& state = *state_;
  const std::lock_guard lock(state.mutex);
  for (const Asked& asked : state.queries) {
    if (!asked.Wanted()) continue;
    const std::string& name = asked.query.name;
    if (asked.past.runs > 0) sheet.Set(state.metrics.up, asked.past.error ? 0 : 1, name);
    if (asked.past.last_success_at) {
      sheet.Set(state.metrics.last_success, UnixSeconds(*asked.past.last_success_at), name);
    }
    sheet.Set(state.metrics.duration, asked.past.last_success_seconds, name);
    for (std::size_t i = 0; i < asked.errors.size(); ++i) {
      if (asked.errors[i] == 0) continue;
      sheet.Set(state.metrics.errors, static_cast<double>(asked.errors[i]), name, kReasonWords[i]);
    }
    if (state.up && asked.Fresh(now)) sheet.Repeat(asked.found);
  }
  if (state.look.error) return std::unexpected(*state.look.error);
  return {};
}

Checked<std::shared_ptr<SqlWatch>> SqlWatch::Make(const SqlSettings& settings,
                                                  SqlWatchParts parts) {
  auto target = CheckDsn(settings.database);
  if (!target) return std::unexpected(target.error());
  auto state = std::make_unique<State>(std::move(*target), parts.metrics);
  state->declared = parts.declared;
  state->requests = &parts.own->CounterOf(kSourceRequests, "database");
  state->look_every = settings.look;
  auto extra = ExtraQueries(settings.extra_file);
  if (!extra) return std::unexpected(extra.error());
  std::set<std::string, std::less<>> disabled(settings.disabled.begin(), settings.disabled.end());
  const auto add = [&](const SqlQuery& query, std::vector<SqlRead> reads,
                       std::function<bool()> when) -> Checked<void> {
    if (disabled.erase(query.name) > 0) return {};
    Asked asked{.query = query,
                .reads = std::move(reads),
                .when = std::move(when),
                .values = {},
                .schedule = Every(query.every, std::min(kRetry, query.every))};
    for (const std::string& name : query.with) {
      const auto value = parts.values.find(name);
      if (value == parts.values.end()) {
        return std::unexpected("query " + query.name + ": nobody gives " + name);
      }
      asked.values.push_back(value->second);
    }
    state->queries.push_back(std::move(asked));
    return {};
  };
  if (parts.jobs.size() != parts.queries.size()) {
    return std::unexpected("there are " + std::to_string(parts.queries.size()) + " queries and " +
                           std::to_string(parts.jobs.size()) + " jobs");
  }
  for (SqlJob& job : parts.jobs) {
    const auto query = std::ranges::find(parts.queries, job.query, &SqlQuery::name);
    if (query == parts.queries.end()) {
      return std::unexpected("no query " + std::string(job.query));
    }
    const auto added = add(*query, std::move(job.reads), std::move(job.when));
    if (!added) return std::unexpected(added.error());
  }
  for (const SqlQuery& query : *extra) {
    if (std::ranges::find(parts.queries, query.name, &SqlQuery::name) != parts.queries.end()) {
      return std::unexpected("--sql.extra: " + query.name + " is a query of our own");
    }
    const auto added = add(query, {ToldAll(parts.metrics.extra, query.name)}, {});
    if (!added) return std::unexpected(added.error());
  }
  if (!disabled.empty()) {
    return std::unexpected("--sql.disable: no query " + *disabled.begin());
  }
  state->thread = std::make_unique<JobThread>(
      JobOptions{
          .schedule = [of = state.get()](JobTime now, const JobPast&) { return of->Due(now); },
          .run_time_max = kRunTimeMax},
      [of = state.get()](const Deadline& deadline) -> Result<JobThread::Found> {
        of->RunOne(deadline);
        return nullptr;
      });
  return std::shared_ptr<SqlWatch>(new SqlWatch(std::move(state)));
}

}  // namespace stakewatch
