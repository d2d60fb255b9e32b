#include "exporters/mina/mina.h"

#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "common/sql/query_file.h"
#include "exporters/mina/batches.h"
#include "exporters/mina/metrics.h"
#include "exporters/mina/nodes.h"
#include "exporters/mina/queries/batches.sql.h"
#include "exporters/mina/queries/database.sql.h"
#include "exporters/mina/queries/nodes.sql.h"
#include "exporters/mina/queries/points.sql.h"
#include "exporters/mina/queries/submissions.sql.h"
#include "exporters/mina/submissions.h"

namespace stakewatch::mina {
namespace {

using Seconds = std::chrono::duration<double>;
using Days = std::chrono::days;

// Rows that one answer may have.
constexpr std::size_t kProducersMax = 10'000;
constexpr std::size_t kDaysMax = 3650;

Checked<std::vector<SqlQuery>> Queries() {
  std::vector<SqlQuery> all;
  for (const std::string_view file :
       {kBatchesSql, kSubmissionsSql, kPointsSql, kNodesSql, kDatabaseSql}) {
    auto queries = ParseQueryFile(file);
    if (!queries) return std::unexpected(queries.error());
    std::ranges::move(*queries, std::back_inserter(all));
  }
  return all;
}

// The only row's `column`, for a metric whose label is the value given.
SqlRead Labelled(const Metric<1>& metric, std::string_view column, std::string_view value) {
  return [&metric, column, value](const SqlRows& rows, Sheet& sheet) {
    if (rows.Count() > 0) sheet.Set(metric, rows.One().Number(column), value);
  };
}

SqlRead PointsOfLastBatch() {
  return [](const SqlRows& rows, Sheet& sheet) {
    if (rows.Count() == 0) return;  // No batch.
    const SqlRow row = rows.One();
    const bool covered = row.Flag("covered").value_or(false);
    sheet.Set(kPointsCovered, covered ? 1 : 0);
    if (!covered) return;
    sheet.Set(kLastBatchPoints, row.Number("points"));
    sheet.Set(kLastBatchNodes, row.Number("nodes"));
    sheet.Set(kLastBatchWritten, row.Number("written"));
  };
}

std::vector<SqlJob> BatchJobs(const std::shared_ptr<BatchCounter>& counter) {
  return {
      {"last_batch",
       {Told(kLastBatchEnd, "batch_end_epoch"), Told(kLastBatchProcessing, "processing_seconds"),
        Told(kLastBatchSubmissions, "submissions")}},
      {"new_batches", {[counter](const SqlRows& rows, Sheet&) { counter->Count(rows); }}},
      {"batch_integrity_24h",
       {Told(kBatchGap, "gap_seconds"), Told(kBatchOverlaps, "overlaps"),
        Told(kIdsSkipped, "ids_skipped")}},
      {"rollbacks", {Told(kIdsRolledBack, "ids")}}};
}

// With Cassandra the coordinator copies submissions when a batch is done: none of them waits here,
// and how old the newest is says nothing.
std::vector<SqlJob> SubmissionJobs(bool cassandra) {
  return {{"submissions_last_batch", {TellByResult}},
          {"submissions_waiting",
           {Told(kSubmissionsWaiting, "waiting"), Told(kSubmissionsUnverified, "unverified"),
            Told(kLastSubmission, "last_submission")},
           [cassandra] { return !cassandra; }},
          {"validation_errors", {TellErrors}}};
}

std::vector<SqlJob> PointJobs() {
  return {{"points_last_batch", {PointsOfLastBatch()}},
          {"summary_mismatch",
           {Labelled(kSummaryMissing, "missing_in_summary", "points_summary"),
            Labelled(kSummaryMissing, "missing_in_points", "points")}},
          {"summary_orphans", {Told(kSummaryOrphaned, "rows")}}};
}

std::vector<SqlJob> NodeJobs(std::size_t limit) {
  return {{"nodes", {TellScores}, [limit] { return limit > 0; }},
          {"nodes_summary",
           {Labelled(kNodes, "status_true", "true"), Labelled(kNodes, "status_false", "false"),
            Labelled(kNodes, "status_none", "none"), Told(kNodesScored, "scored"),
            Told(kNodesOver100, "over_100"), Told(kNodesDuplicateKeys, "duplicate_keys")}},
          {"nodes_active_24h", {Told(kNodesActive, "nodes")}},
          {"score_drift", {Told(kNodesWrongScore, "wrong"), Told(kNodesStaleScore, "stale")}},
          {"score_history_last", {Told(kScoreHistoryLast, "score_at")}}};
}

std::vector<SqlJob> DatabaseJobs() {
  return {{"oldest_rows", {Told(kOldestRow, "oldest", "name")}},
          {"table_sizes", {Told(kTableBytes, "bytes", "name"), Told(kTableRows, "rows", "name")}},
          {"db_size", {Told(kDbSize, "bytes")}},
          {"coordinator_sessions", {Told(kCoordinatorSessions, "sessions")}}};
}

std::vector<SqlJob> Jobs(const Settings& settings, const std::shared_ptr<BatchCounter>& counter) {
  std::vector<SqlJob> jobs;
  for (std::vector<SqlJob> some :
       {BatchJobs(counter), SubmissionJobs(settings.storage == "cassandra"), PointJobs(),
        NodeJobs(settings.per_producer_limit), DatabaseJobs()}) {
    std::ranges::move(some, std::back_inserter(jobs));
  }
  return jobs;
}

// What alerts go by, whether or not the database answers.
void TellLimits(const Settings& settings, OwnMetrics& own) {
  own.GaugeOf(kInterval).Set(Seconds(settings.interval).count());
  own.GaugeOf(kProcessingLimit, "min").Set(Seconds(settings.processing_min).count());
  own.GaugeOf(kProcessingLimit, "max").Set(Seconds(settings.processing_max).count());
  own.GaugeOf(kRetention).Set(Seconds(Days(settings.retention_days)).count());
}

Checked<void> Check(const Settings& settings) {
  if (settings.interval < std::chrono::seconds(1)) {
    return std::unexpected("--mina.interval: less than a second");
  }
  if (settings.processing_max < settings.processing_min) {
    return std::unexpected("--mina.processing-max: less than --mina.processing-min");
  }
  for (const auto& [flag, days] : {std::pair("uptime", settings.uptime_days),
                                   std::pair("retention", settings.retention_days)}) {
    if (days < 1 || days > kDaysMax) {
      return std::unexpected(std::string("--mina.") + flag + "-days: 1 to " +
                             std::to_string(kDaysMax) + " are possible");
    }
  }
  if (settings.coordinator_role.empty()) return std::unexpected("--mina.coordinator-role: empty");
  if (settings.per_producer_limit > kProducersMax) {
    return std::unexpected("--mina.per-producer-limit: more than " + std::to_string(kProducersMax));
  }
  return {};
}

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Mina uptime coordinator");
  DeclareSqlFlags(flags, "mina", settings.sql);
  flags.Add("mina.interval", settings.interval,
            "How long a batch is, as the coordinator is configured.");
  flags.Add("mina.processing-min", settings.processing_min,
            "A batch whose verifiers took less is told by an alert.");
  flags.Add("mina.processing-max", settings.processing_max, "One whose verifiers took more, too.");
  flags.Add("mina.uptime-days", settings.uptime_days,
            "Days that a score counts, as the coordinator is configured.");
  flags.Add("mina.retention-days", settings.retention_days,
            "Days after which rows should have been cleaned up.");
  flags.Add("mina.coordinator-role", settings.coordinator_role,
            "The role by which the coordinator connects: its sessions are counted.");
  flags.Add("mina.per-producer-limit", settings.per_producer_limit,
            "Producers whose scores are told, those with the highest; 0: none.");
  flags.AddChoice("mina.storage", settings.storage, {"postgres", "cassandra"},
                  "Where submissions arrive. With cassandra those that wait are not in the "
                  "database and nothing is told of them.");
}

std::vector<std::string> SourceNames() {
  return {"database"};
}

Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own) {
  if (const auto checked = Check(settings); !checked) return std::unexpected(checked.error());
  auto queries = Queries();
  if (!queries) return std::unexpected(queries.error());
  const auto counter = std::make_shared<BatchCounter>(own);
  SqlSettings sql = settings.sql;
  sql.database.application_name = "mina_exporter";
  auto watch = SqlWatch::Make(
      sql,
      {.queries = std::move(*queries),
       .jobs = Jobs(settings, counter),
       .values = {{"counted_id", [counter] { return counter->CountedId(); }},
                  {"per_producer_limit",
                   [limit = settings.per_producer_limit] { return std::to_string(limit); }},
                  {"uptime_days", [days = settings.uptime_days] { return std::to_string(days); }},
                  {"coordinator_role", [role = settings.coordinator_role] { return role; }}},
       .declared = kMetrics,
       .metrics = {kQueryUp, kQueryLastSuccess, kQueryDuration, kQueryErrors, kExtra},
       .own = &own});
  if (!watch) return std::unexpected(watch.error());
  TellLimits(settings, own);
  return std::vector<Source>{TellerSource("database", *watch)};
}

}  // namespace stakewatch::mina
