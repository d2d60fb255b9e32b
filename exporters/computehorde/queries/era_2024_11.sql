-- The seed era, as of migration 0043 (November 2024): synthetic jobs in batches, LLM prompts, and
-- weights that are committed first and revealed later.

-- Some 10 rows a day. A row of long ago that was never revealed is of no interest any more.
-- @weights_revealed every=30s within=5s
SELECT extract(epoch FROM max(created_at)) AS committed, extract(epoch FROM max(revealed_at)) AS revealed,
       max(block) FILTER (WHERE revealed_at IS NOT NULL) AS block,
       count(*) FILTER (WHERE revealed_at IS NULL AND created_at > now() - interval '2 days') AS unrevealed,
       extract(epoch FROM min(created_at) FILTER (WHERE revealed_at IS NULL AND created_at > now() - interval '2 days')) AS unrevealed_oldest
FROM validator_weights;

-- Some 20 rows a day.
-- @synthetic_batches every=30s within=5s
SELECT count(*) FILTER (WHERE recent AND is_missed) AS missed,
       count(*) FILTER (WHERE recent AND scored AND NOT is_missed) AS scored,
       count(*) FILTER (WHERE recent AND open AND created_at < now() - interval '2 hours') AS unscored,
       count(*) FILTER (WHERE recent AND open AND created_at >= now() - interval '2 hours') AS running,
       extract(epoch FROM max(started_at)) AS last_start
FROM (SELECT *, created_at > now() - interval '1 day' AS recent, NOT scored AND NOT is_missed AS open
      FROM validator_syntheticjobbatch) batches;

-- @synthetic_jobs every=30s within=5s
SELECT status, executor_class, count(*) AS jobs, avg(score) AS score
FROM validator_syntheticjob
WHERE batch_id = (SELECT max(id) FROM validator_syntheticjobbatch WHERE started_at IS NOT NULL)
GROUP BY status, executor_class ORDER BY jobs DESC LIMIT 100;

-- @prompts every=1m within=5s
SELECT (SELECT count(*) FROM validator_promptseries) AS series,
       (SELECT extract(epoch FROM created_at) FROM validator_promptseries ORDER BY id DESC LIMIT 1) AS series_last,
       (SELECT count(*) FROM validator_promptsample WHERE synthetic_job_id IS NULL) AS samples_ready;

-- @workloads every=30s within=5s
SELECT count(*) AS unfinished, extract(epoch FROM min(created_at)) AS oldest
FROM validator_solveworkload WHERE finished_at IS NULL;

-- @executors_of_batch every=30s within=5s
SELECT executor_class, count(*) AS miners, sum(online_executor_count) AS online, sum(executor_count) AS total
FROM validator_minermanifest WHERE batch_id = (SELECT max(batch_id) FROM validator_minermanifest)
GROUP BY executor_class ORDER BY executor_class LIMIT 50;

-- @organic_jobs_by_status every=1m within=5s
SELECT status, executor_class, count(*) AS jobs FROM validator_organicjob
GROUP BY status, executor_class ORDER BY jobs DESC LIMIT 100;

-- @blacklist_all every=1m within=5s
SELECT count(*) AS miners FROM validator_minerblacklist;

-- @receipts_of_three_kinds every=1m within=5s
SELECT 'started' AS kind, extract(epoch FROM max(timestamp)) AS last FROM receipts_jobstartedreceipt
UNION ALL
SELECT 'finished', extract(epoch FROM max(timestamp)) FROM receipts_jobfinishedreceipt
UNION ALL
SELECT 'accepted', extract(epoch FROM max(timestamp)) FROM receipts_jobacceptedreceipt;
