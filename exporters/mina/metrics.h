#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of the coordinator's
// schema. All but the settings and the counters are of queries: how old they are is told by
// mina_uptime_query_last_success_timestamp_seconds.
#include "common/metrics.h"

namespace stakewatch::mina {

// How the queries fare.
inline constexpr auto kQueryUp =
    Gauge("mina_uptime_query_up", "1 if the query's last run succeeded, 0 if not.", "query");
inline constexpr auto kQueryLastSuccess = Gauge("mina_uptime_query_last_success_timestamp_seconds",
                                                "When the query last succeeded.", "query");
inline constexpr auto kQueryDuration =
    Gauge("mina_uptime_query_duration_seconds", "How long the query took when it last succeeded.",
          "query");
inline constexpr auto kQueryErrors =
    Counter("mina_uptime_query_errors_total", "Runs of the query that failed, by reason.", "query",
            "reason");
inline constexpr auto kExtra =
    Gauge("mina_uptime_extra",
          "What the queries of --sql.extra give: each number of each row, by its query, its column "
          "and the row's other columns.",
          "query", "column", "row");

// The flags that alerts go by.
inline constexpr auto kInterval =
    Gauge("mina_uptime_interval_seconds",
          "How long a batch is by --mina.interval; the database does not "
          "tell.");
inline constexpr auto kProcessingLimit =
    Gauge("mina_uptime_processing_limit_seconds",
          "What a batch's processing time is expected to be at least (min) and at most (max), by "
          "--mina.processing-min and --mina.processing-max.",
          "limit");
inline constexpr auto kRetention = Gauge(
    "mina_uptime_retention_seconds", "How old the oldest row may be, by --mina.retention-days.");

// last_batch, new_batches, batch_integrity_24h, rollbacks: bot_logs.
inline constexpr auto kLastBatchEnd =
    Gauge("mina_uptime_last_batch_end_timestamp_seconds",
          "Where the last batch ends: submissions since then wait.");
inline constexpr auto kLastBatchProcessing =
    Gauge("mina_uptime_last_batch_processing_seconds",
          "How long the verifiers took for the last batch; missing before the first one.");
inline constexpr auto kLastBatchSubmissions =
    Gauge("mina_uptime_last_batch_submissions",
          "Submissions of the last batch that were processed; missing before the first one.");
inline constexpr auto kBatchProcessing =
    Histogram("mina_uptime_batch_processing_seconds",
              "How long the verifiers took for each batch that was written since the exporter "
              "started.");
inline constexpr auto kBatches =
    Counter("mina_uptime_batches_total", "Batches that were written since the exporter started.");
inline constexpr auto kBatchesEmpty =
    Counter("mina_uptime_batches_empty_total", "Those of them in which nothing was processed.");
inline constexpr auto kBatchGap =
    Gauge("mina_uptime_batch_gap_seconds_24h",
          "Time that no batch covers, before those that began within the last 24 hours.");
inline constexpr auto kBatchOverlaps =
    Gauge("mina_uptime_batch_overlaps_24h",
          "Batches that began within the last 24 hours before the end of an earlier one.");
inline constexpr auto kIdsSkipped =
    Gauge("mina_uptime_bot_log_ids_skipped_24h",
          "Ids that are missing between the batches of the last 24 hours: those were rolled back.");
inline constexpr auto kIdsRolledBack =
    Gauge("mina_uptime_bot_log_ids_rolled_back",
          "Ids that were given after the newest batch and never written; 1 also while a batch is "
          "being written.");

// submissions_last_batch, submissions_waiting, validation_errors: the newest 20,000 submissions.
inline constexpr auto kSubmissionsByResult =
    Gauge("mina_uptime_last_batch_submissions_by_result",
          "Submissions of the last batch: valid, invalid, verified_with_error, pending (no "
          "verifier has looked at it). Missing when the newest 20000 do not cover the batch.",
          "result");
inline constexpr auto kSubmissionsCovered =
    Gauge("mina_uptime_last_batch_submissions_covered",
          "1 if the newest 20000 submissions cover the last batch, so that it is counted.");
inline constexpr auto kSubmissionsWaiting =
    Gauge("mina_uptime_submissions_waiting",
          "Submissions since the end of the last batch, at most 20000.");
inline constexpr auto kSubmissionsUnverified =
    Gauge("mina_uptime_submissions_unverified_in_done_batches",
          "Of the newest 20000 submissions, those before the end of the last batch that no "
          "verifier has looked at.");
inline constexpr auto kLastSubmission =
    Gauge("mina_uptime_last_submission_timestamp_seconds",
          "When the last submission was made, of the newest 20000.");
inline constexpr auto kValidationErrors =
    Gauge("mina_uptime_validation_errors",
          "Of the newest 20000 submissions, those with an error of the class: invalid_proof, "
          "no_block_found, other.",
          "class");

// points_last_batch, summary_mismatch, summary_orphans: points and points_summary.
inline constexpr auto kPointsCovered =
    Gauge("mina_uptime_last_batch_points_covered",
          "1 if the newest 20000 points cover the last batch, so that it is counted.");
inline constexpr auto kLastBatchPoints =
    Gauge("mina_uptime_last_batch_points", "Points of the last batch.");
inline constexpr auto kLastBatchNodes =
    Gauge("mina_uptime_last_batch_nodes", "Producers that have points of the last batch.");
inline constexpr auto kLastBatchWritten =
    Gauge("mina_uptime_last_batch_written_timestamp_seconds",
          "When the last batch's points were written; missing when it has none.");
inline constexpr auto kSummaryMissing =
    Gauge("mina_uptime_summaries_missing",
          "Batch and producer pairs that one table has and the other lacks, of the batches of the "
          "newest 20000 points: by the table that lacks them, points_summary or points.",
          "in");
inline constexpr auto kSummaryOrphaned =
    Gauge("mina_uptime_summaries_orphaned", "Rows of points_summary whose batch is gone.");

// nodes, nodes_summary, nodes_active_24h, score_drift, score_history_last.
inline constexpr auto kScoreRatio = Gauge(
    "mina_uptime_score_ratio", "The producer's score as a part of all batches.", "block_producer");
inline constexpr auto kScorePoints =
    Gauge("mina_uptime_score_points", "The producer's score, in batches.", "block_producer");
inline constexpr auto kScoresTruncated =
    Gauge("mina_uptime_scores_truncated",
          "Producers whose score is not told, those with the lowest: --mina.per-producer-limit.");
inline constexpr auto kNodes =
    Gauge("mina_uptime_nodes", "Producers by application_status: true, false, none.",
          "application_status");
inline constexpr auto kNodesScored = Gauge("mina_uptime_nodes_scored", "Producers with a score.");
inline constexpr auto kNodesOver100 =
    Gauge("mina_uptime_nodes_over_100_percent", "Producers with a score above 100 percent.");
inline constexpr auto kNodesDuplicateKeys =
    Gauge("mina_uptime_nodes_duplicate_keys", "Rows of producers whose key stands there before.");
inline constexpr auto kNodesActive =
    Gauge("mina_uptime_nodes_active_24h",
          "Producers with points of a batch that began within the last 24 hours.");
inline constexpr auto kNodesWrongScore =
    Gauge("mina_uptime_nodes_wrong_score",
          "Producers whose score is not what their points of the last --mina.uptime-days make.");
inline constexpr auto kNodesStaleScore =
    Gauge("mina_uptime_nodes_stale_score",
          "Producers with a score and without any points of the last --mina.uptime-days.");
inline constexpr auto kScoreHistoryLast =
    Gauge("mina_uptime_score_history_last_timestamp_seconds",
          "End of the batch after which scores were last appended to score_history.");

// oldest_rows, table_sizes, db_size, coordinator_sessions: the database itself.
inline constexpr auto kOldestRow = Gauge("mina_uptime_oldest_row_timestamp_seconds",
                                         "Time of the oldest row of the table.", "table");
inline constexpr auto kTableBytes =
    Gauge("mina_uptime_table_bytes", "Size of the table with its indexes.", "table");
inline constexpr auto kTableRows = Gauge(
    "mina_uptime_table_rows_estimate",
    "Rows of the table by the server's statistics; missing before the first ANALYZE.", "table");
inline constexpr auto kDbSize = Gauge("mina_uptime_db_size_bytes", "Size of the database.");
inline constexpr auto kCoordinatorSessions =
    Gauge("mina_uptime_coordinator_sessions",
          "Sessions of the role --mina.coordinator-role in the database.");

inline constexpr auto kQueryMetrics =
    Table(kQueryUp, kQueryLastSuccess, kQueryDuration, kQueryErrors, kExtra, kInterval,
          kProcessingLimit, kRetention);
inline constexpr auto kBatchMetrics =
    Table(kLastBatchEnd, kLastBatchProcessing, kLastBatchSubmissions, kBatchProcessing, kBatches,
          kBatchesEmpty, kBatchGap, kBatchOverlaps, kIdsSkipped, kIdsRolledBack);
inline constexpr auto kSubmissionMetrics =
    Table(kSubmissionsByResult, kSubmissionsCovered, kSubmissionsWaiting, kSubmissionsUnverified,
          kLastSubmission, kValidationErrors);
inline constexpr auto kPointMetrics = Table(kPointsCovered, kLastBatchPoints, kLastBatchNodes,
                                            kLastBatchWritten, kSummaryMissing, kSummaryOrphaned);
inline constexpr auto kNodeMetrics =
    Table(kScoreRatio, kScorePoints, kScoresTruncated, kNodes, kNodesScored, kNodesOver100,
          kNodesDuplicateKeys, kNodesActive, kNodesWrongScore, kNodesStaleScore, kScoreHistoryLast);
inline constexpr auto kDatabaseMetrics =
    Table(kOldestRow, kTableBytes, kTableRows, kDbSize, kCoordinatorSessions);
inline constexpr auto kMetrics = Join(kQueryMetrics, kBatchMetrics, kSubmissionMetrics,
                                      kPointMetrics, kNodeMetrics, kDatabaseMetrics);

}  // namespace stakewatch::mina
