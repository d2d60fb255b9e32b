#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of the validator's
// tables. 2024 and 2026 are the two eras of its schema.
#include "common/backup.h"
#include "common/metrics.h"
#include "common/sql/watch.h"

namespace stakewatch::computehorde {

// schema: django_migrations.
inline constexpr auto kSchemaInfo = Gauge(
    "computehorde_schema_info",
    "1, with the era of the queries that are asked and the newest migration of the app validator.",
    "era", "migration");
inline constexpr auto kSchemaState =
    Gauge("computehorde_schema_state",
          "1 for what is known of the schema, 0 for the others: known (migration 0043 or 0094), "
          "older, between, newer (treated as the newest known) or none (no migrations).",
          "state");

// weights.
inline constexpr auto kWeightsLast =
    Gauge("computehorde_weight_setting_last_success_timestamp_seconds",
          "When weights were set last, in Unix time: 2026 the last finished setting, 2024 the last "
          "reveal. Missing when there was none.");
inline constexpr auto kWeightsBlock =
    Gauge("computehorde_weight_setting_block_to",
          "Block up to which the weights that were set last count, 2024 the block of those that "
          "were revealed last.");
inline constexpr auto kWeightsCommitted =
    Gauge("computehorde_weights_last_commit_timestamp_seconds",
          "2024: when weights were committed last, in Unix time.");
inline constexpr auto kWeightsUnrevealed =
    Gauge("computehorde_weights_unrevealed",
          "2024: weights that were committed within 2 days and are not revealed; one is right for "
          "about an hour.");
inline constexpr auto kWeightsUnrevealedOldest =
    Gauge("computehorde_weights_unrevealed_oldest_timestamp_seconds",
          "2024: when the oldest of them was committed, in Unix time; missing without any.");

// system events.
inline constexpr auto kEvents = Counter(
    "computehorde_system_events_total",
    "System events since the exporter has run, counted by id from the newest there was at its "
    "start; a pair is 0 when it is seen first, and its events are counted some 10 s later.",
    "type", "subtype");
inline constexpr auto kEventsUnsent =
    Gauge("computehorde_system_events_unsent",
          "System events that were not sent to the statistics collector yet.");
inline constexpr auto kEventsUnsentOldest =
    Gauge("computehorde_system_events_unsent_oldest_timestamp_seconds",
          "When the oldest of them happened, in Unix time; missing without any.");
inline constexpr auto kEventsOldest = Gauge("computehorde_system_events_oldest_timestamp_seconds",
                                            "When the oldest system event of the table happened, "
                                            "in Unix time: they are removed after 2 days.");

// organic jobs, of the last 2 days: the table has no more.
inline constexpr auto kOrganicJobs = Gauge("computehorde_organic_jobs",
                                           "Organic jobs by their status; error_type and trusted "
                                           "are empty where there is none, and in 2024.",
                                           "status", "executor_class", "error_type", "trusted");
inline constexpr auto kOrganicPending =
    Gauge("computehorde_organic_pending", "Organic jobs in the status PENDING.");
inline constexpr auto kOrganicPendingOldest =
    Gauge("computehorde_organic_pending_oldest_timestamp_seconds",
          "When the one of them that has not moved for longest was changed last, in Unix time; "
          "missing without any.");
inline constexpr auto kOrganicCheated =
    Gauge("computehorde_organic_jobs_cheated", "Organic jobs that were reported as cheated.");
inline constexpr auto kOrganicUnslashed =
    Gauge("computehorde_organic_jobs_cheated_unslashed",
          "Those of them for which the miner was not slashed.");
inline constexpr auto kOrganicSlashed =
    Gauge("computehorde_organic_jobs_slashed", "Organic jobs for which the miner was slashed.");

// executors and miners.
inline constexpr auto kExecutorsOnline =
    Gauge("computehorde_executors_online",
          "Executors that miners said are online: each miner's newest manifest of the last 10 "
          "minutes, 2024 the last batch.",
          "executor_class");
inline constexpr auto kExecutors =
    Gauge("computehorde_executors", "Executors that those manifests tell of, online or not.",
          "executor_class");
inline constexpr auto kExecutorMiners =
    Gauge("computehorde_executor_miners", "Miners with such a manifest.", "executor_class");
inline constexpr auto kManifestLast =
    Gauge("computehorde_manifest_last_timestamp_seconds",
          "When the newest manifest of any miner was taken, in Unix time.");
inline constexpr auto kMiners = Gauge("computehorde_miners", "Miners that the validator knows.");
inline constexpr auto kMinersCollateral =
    Gauge("computehorde_miners_with_collateral", "Miners with a collateral.");
inline constexpr auto kMinersAddress =
    Gauge("computehorde_miners_with_address", "Miners with an address on the chain.");
inline constexpr auto kBlacklisted =
    Gauge("computehorde_blacklisted", "Miners on the blacklist now, by reason; 2024 knows none.",
          "reason");
inline constexpr auto kReservations =
    Gauge("computehorde_reservations", "Preliminary reservations of miners that have not expired.");
inline constexpr auto kIncidents =
    Gauge("computehorde_incidents_24h",
          "Incidents of miners within 24 hours, of the last 5,000 that there were.", "type");
inline constexpr auto kReceiptLast = Gauge("computehorde_receipt_last_timestamp_seconds",
                                           "When the newest receipt was made, in Unix time. kind: "
                                           "started, finished, in 2024 also accepted.",
                                           "kind");

// blocks and allowances, 2026.
inline constexpr auto kBlockNumber =
    Gauge("computehorde_block_number", "Newest block that allowances are counted for.");
inline constexpr auto kBlockLast =
    Gauge("computehorde_block_last_timestamp_seconds", "When that block began, in Unix time.");
inline constexpr auto kBlocksUnfinished =
    Gauge("computehorde_blocks_unfinished",
          "Blocks without an end; some are right, as the newest blocks are.");
inline constexpr auto kBlockGaps =
    Gauge("computehorde_block_gaps",
          "Blocks that are missing between the oldest and the newest of the table.");
inline constexpr auto kBookings =
    Gauge("computehorde_bookings",
          "Allowance bookings by state: reserved, spent, or released, which is neither.", "state");
inline constexpr auto kAllowanceBlock = Gauge("computehorde_allowance_manifest_block_number",
                                              "Newest block with manifests for allowances.");
inline constexpr auto kAllowanceManifests =
    Gauge("computehorde_allowance_manifests",
          "Manifests for allowances of that block: success, failed, dropped (which may be either).",
          "result");
inline constexpr auto kServing =
    Gauge("computehorde_serving",
          "1 if the validator is to serve jobs, 0 if it was switched off: SERVING of its settings, "
          "--computehorde.serving-default without a row. Missing when the value is none of the two "
          "that are known.");

// synthetic jobs and prompts, 2024.
inline constexpr auto kBatches =
    Gauge("computehorde_synthetic_batches",
          "Batches of synthetic jobs of the last day by state: scored, missed, running, or "
          "unscored, which are older than 2 hours.",
          "state");
inline constexpr auto kBatchStart =
    Gauge("computehorde_synthetic_batch_last_start_timestamp_seconds",
          "When a batch was started last, in Unix time.");
inline constexpr auto kSyntheticJobs =
    Gauge("computehorde_synthetic_jobs", "Jobs of the batch that was started last.", "status",
          "executor_class");
inline constexpr auto kSyntheticScore = Gauge("computehorde_synthetic_jobs_score_mean",
                                              "Mean of their scores.", "status", "executor_class");
inline constexpr auto kPromptSeries = Gauge("computehorde_prompt_series", "Series of prompts.");
inline constexpr auto kPromptSeriesLast =
    Gauge("computehorde_prompt_series_last_timestamp_seconds",
          "When the newest series of prompts was made, in Unix time.");
inline constexpr auto kPromptSamples = Gauge("computehorde_prompt_samples_ready",
                                             "Samples of prompts that no synthetic job has used.");
inline constexpr auto kWorkloads =
    Gauge("computehorde_workloads_unfinished", "Workloads of prompts that are not finished.");
inline constexpr auto kWorkloadOldest =
    Gauge("computehorde_workload_unfinished_oldest_timestamp_seconds",
          "When the oldest of them was made, in Unix time; missing without any.");

// database: how its queries fare, and how great its tables are.
inline constexpr auto kTableBytes = Gauge(
    "computehorde_table_bytes",
    "Size of a table with its indexes and what is stored beside it; of the 15 greatest.", "table");
inline constexpr auto kQueryUp =
    Gauge("computehorde_query_up", "1 if the query was answered when it was asked last, 0 if not.",
          "query");
inline constexpr auto kQueryLastSuccess =
    Gauge("computehorde_query_last_success_timestamp_seconds",
          "When the query was answered last, in Unix time.", "query");
inline constexpr auto kQueryDuration =
    Gauge("computehorde_query_duration_seconds", "How long the last good answer took.", "query");
inline constexpr auto kQueryErrors = Counter(
    "computehorde_query_errors_total", "Failures of the query, by reason.", "query", "reason");
inline constexpr auto kExtra = Gauge(
    "computehorde_extra",
    "What a query of --sql.extra found: a number of a row, which is labelled by its other columns.",
    "query", "column", "row");

// celery: its queues in Redis.
inline constexpr auto kQueueLength =
    Gauge("computehorde_celery_queue_length", "Tasks that wait in the queue, of all priorities.",
          "queue");
inline constexpr auto kUnacked =
    Gauge("computehorde_celery_unacked", "Tasks that a worker has taken and not finished.");
inline constexpr auto kUnackedOldest =
    Gauge("computehorde_celery_unacked_oldest_timestamp_seconds",
          "When the oldest of them was taken, in Unix time; missing without any.");
inline constexpr auto kRedisMemory =
    Gauge("computehorde_redis_memory_used_bytes", "Memory that Redis uses.");
inline constexpr auto kRedisMemoryMax =
    Gauge("computehorde_redis_memory_max_bytes", "Memory that Redis may use; 0: no limit.");
inline constexpr auto kRedisEvicted = Counter(
    "computehorde_redis_evicted_keys_total",
    "Keys that Redis threw away for want of memory, since its start: tasks may be among them.");

// backup.
inline constexpr auto kBackupNewest =
    Gauge("computehorde_backup_newest_nonempty_timestamp_seconds",
          "When the newest backup was written, in Unix time; empty ones do not count. location: "
          "local, or that of a listing.",
          "location");
inline constexpr auto kBackupSize =
    Gauge("computehorde_backup_newest_size_bytes", "Size of that backup.", "location");
inline constexpr auto kBackupFiles =
    Gauge("computehorde_backup_files",
          "Backups there. kind: ok, or empty, which a failed dump leaves.", "location", "kind");
inline constexpr auto kBackupKeep =
    Gauge("computehorde_backup_keep_last", "What the rotation leaves, by --backup.keep-last.");
inline constexpr auto kBackupListing =
    Gauge("computehorde_backup_listing_timestamp_seconds",
          "When the listing of the copies elsewhere was written, in Unix time.", "location");

inline constexpr auto kMetrics = Table(
    kSchemaInfo, kSchemaState, kWeightsLast, kWeightsBlock, kWeightsCommitted, kWeightsUnrevealed,
    kWeightsUnrevealedOldest, kEvents, kEventsUnsent, kEventsUnsentOldest, kEventsOldest,
    kOrganicJobs, kOrganicPending, kOrganicPendingOldest, kOrganicCheated, kOrganicUnslashed,
    kOrganicSlashed, kExecutorsOnline, kExecutors, kExecutorMiners, kManifestLast, kMiners,
    kMinersCollateral, kMinersAddress, kBlacklisted, kReservations, kIncidents, kReceiptLast,
    kBlockNumber, kBlockLast, kBlocksUnfinished, kBlockGaps, kBookings, kAllowanceBlock,
    kAllowanceManifests, kServing, kBatches, kBatchStart, kSyntheticJobs, kSyntheticScore,
    kPromptSeries, kPromptSeriesLast, kPromptSamples, kWorkloads, kWorkloadOldest, kTableBytes,
    kQueryUp, kQueryLastSuccess, kQueryDuration, kQueryErrors, kExtra, kQueueLength, kUnacked,
    kUnackedOldest, kRedisMemory, kRedisMemoryMax, kRedisEvicted, kBackupNewest, kBackupSize,
    kBackupFiles, kBackupKeep, kBackupListing);

inline constexpr SqlMetrics kSqlMetrics = {.up = kQueryUp,
                                           .last_success = kQueryLastSuccess,
                                           .duration = kQueryDuration,
                                           .errors = kQueryErrors,
                                           .extra = kExtra};
inline constexpr BackupMetrics kBackupMetrics = {.newest = kBackupNewest,
                                                 .size = kBackupSize,
                                                 .files = kBackupFiles,
                                                 .keep = kBackupKeep,
                                                 .listing = kBackupListing};

}  // namespace stakewatch::computehorde
