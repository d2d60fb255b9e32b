#include "exporters/computehorde/queries.h"

#include <string>
#include <string_view>
#include <utility>

#include "exporters/computehorde/events.h"
#include "exporters/computehorde/metrics.h"
#include "exporters/computehorde/queries/era_2024_11.sql.h"
#include "exporters/computehorde/queries/era_2026_01.sql.h"
#include "exporters/computehorde/queries/shared.sql.h"
#include "exporters/computehorde/serving.h"

namespace stakewatch::computehorde {
namespace {

// The column of the only row, as the series of `metric` that has this label; nothing without rows.
SqlRead As(const Metric<1>& metric, std::string_view column, std::string_view label) {
  return [&metric, column, label](const SqlRows& rows, Sheet& sheet) {
    if (rows.Count() > 0) sheet.Set(metric, rows.One().Number(column), label);
  };
}

// What 2024 does not tell is an empty label.
void ReadOrganicJobsOf2024(const SqlRows& rows, Sheet& sheet) {
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    const SqlRow row = rows.Row(i);
    sheet.Set(kOrganicJobs, row.Number("jobs"), row.Text("status").value_or(""),
              row.Text("executor_class").value_or(""), "", "");
  }
}

std::vector<SqlRead> ExecutorReads() {
  return {Told(kExecutorsOnline, "online", "executor_class"),
          Told(kExecutors, "total", "executor_class"),
          Told(kExecutorMiners, "miners", "executor_class")};
}

std::vector<SqlJob> SharedJobs(const std::shared_ptr<Schema>& schema,
                               const std::shared_ptr<Events>& events) {
  return {
      {"schema", {[schema](const SqlRows& rows, Sheet& sheet) { schema->Read(rows, sheet); }}},
      {"events", {[events](const SqlRows& rows, Sheet& sheet) { events->Read(rows, sheet); }}},
      {"events_unsent", {Told(kEventsUnsent, "unsent"), Told(kEventsUnsentOldest, "oldest")}},
      {"events_oldest", {Told(kEventsOldest, "oldest")}},
      {"organic_pending",
       {Told(kOrganicPending, "pending"), Told(kOrganicPendingOldest, "oldest")}},
      {"manifest_last", {Told(kManifestLast, "last")}},
      {"miners", {Told(kMiners, "miners")}},
      {"table_sizes", {Told(kTableBytes, "bytes", "table_name")}},
  };
}

std::vector<SqlJob> JobsOf2024() {
  return {
      {"weights_revealed",
       {Told(kWeightsCommitted, "committed"), Told(kWeightsLast, "revealed"),
        Told(kWeightsBlock, "block"), Told(kWeightsUnrevealed, "unrevealed"),
        Told(kWeightsUnrevealedOldest, "unrevealed_oldest")}},
      {"synthetic_batches",
       {As(kBatches, "missed", "missed"), As(kBatches, "scored", "scored"),
        As(kBatches, "unscored", "unscored"), As(kBatches, "running", "running"),
        Told(kBatchStart, "last_start")}},
      {"synthetic_jobs",
       {Told(kSyntheticJobs, "jobs", "status", "executor_class"),
        Told(kSyntheticScore, "score", "status", "executor_class")}},
      {"prompts",
       {Told(kPromptSeries, "series"), Told(kPromptSeriesLast, "series_last"),
        Told(kPromptSamples, "samples_ready")}},
      {"workloads", {Told(kWorkloads, "unfinished"), Told(kWorkloadOldest, "oldest")}},
      {"executors_of_batch", ExecutorReads()},
      {"organic_jobs_by_status", {ReadOrganicJobsOf2024}},
      {"blacklist_all", {As(kBlacklisted, "miners", "")}},
      {"receipts_of_three_kinds", {Told(kReceiptLast, "last", "kind")}},
  };
}

std::vector<SqlJob> JobsOf2026(bool serving_default) {
  return {
      {"weights", {Told(kWeightsLast, "last"), Told(kWeightsBlock, "block_to")}},
      {"organic_jobs",
       {Told(kOrganicJobs, "jobs", "status", "executor_class", "error_type", "trusted")}},
      {"organic_cheated",
       {Told(kOrganicCheated, "cheated"), Told(kOrganicUnslashed, "unslashed"),
        Told(kOrganicSlashed, "slashed")}},
      {"executors", ExecutorReads()},
      {"miners_on_chain",
       {Told(kMinersCollateral, "with_collateral"), Told(kMinersAddress, "with_address")}},
      {"blacklist", {Told(kBlacklisted, "miners", "reason")}},
      {"reservations", {Told(kReservations, "reservations")}},
      {"blocks",
       {Told(kBlockNumber, "newest"), Told(kBlockLast, "last"),
        Told(kBlocksUnfinished, "unfinished"), Told(kBlockGaps, "gaps")}},
      {"bookings", {Told(kBookings, "bookings", "state")}},
      {"allowance_manifests",
       {Told(kAllowanceBlock, "block_number"), As(kAllowanceManifests, "success", "success"),
        As(kAllowanceManifests, "failed", "failed"),
        As(kAllowanceManifests, "dropped", "dropped")}},
      {"incidents", {Told(kIncidents, "incidents", "type")}},
      {"receipts", {Told(kReceiptLast, "last", "kind")}},
      {"serving", {[serving_default](const SqlRows& rows, Sheet& sheet) {
         ReadServing(rows, serving_default, sheet);
       }}},
  };
}

}  // namespace

Checked<SqlWatchParts> Queries(const std::shared_ptr<Schema>& schema, bool serving_default) {
  const auto events = std::make_shared<Events>();
  SqlWatchParts parts{.queries = {},
                      .jobs = {},
                      .values = {{"events_after", [events] { return events->After(); }},
                                 {"events_until", [events] { return events->Until(); }}},
                      .declared = kMetrics,
                      .metrics = kSqlMetrics};
  const auto add = [&](std::string_view file, std::vector<SqlJob> jobs, Era era) -> Checked<void> {
    auto queries = ParseQueryFile(file);
    if (!queries) return std::unexpected(queries.error());
    for (SqlQuery& query : *queries) parts.queries.push_back(std::move(query));
    for (SqlJob& job : jobs) {
      if (era != Era::kUnknown) job.when = [schema, era] { return schema->Now() == era; };
      parts.jobs.push_back(std::move(job));
    }
    return {};
  };
  for (auto& added : {add(kSharedSql, SharedJobs(schema, events), Era::kUnknown),
                      add(kEra202411Sql, JobsOf2024(), Era::k202411),
                      add(kEra202601Sql, JobsOf2026(serving_default), Era::k202601)}) {
    if (!added) return std::unexpected(added.error());
  }
  return parts;
}

}  // namespace stakewatch::computehorde
