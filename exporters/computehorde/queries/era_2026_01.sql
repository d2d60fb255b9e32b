-- The era of organic jobs and allowances, as of migration 0094 (January 2026).

-- A row is there only when the weights were taken; when not, its transaction was rolled back.
-- @weights every=30s within=5s
SELECT extract(epoch FROM created_at) AS last, block_to FROM validator_weightsettingfinishedevent ORDER BY id DESC LIMIT 1;

-- The table has 2 days.
-- @organic_jobs every=1m within=5s
SELECT status, executor_class, coalesce(error_type, '') AS error_type, on_trusted_miner::text AS trusted, count(*) AS jobs
FROM validator_organicjob GROUP BY 1, 2, 3, 4 ORDER BY jobs DESC LIMIT 300;

-- @organic_cheated every=1m within=5s
SELECT count(*) FILTER (WHERE cheated) AS cheated, count(*) FILTER (WHERE cheated AND NOT slashed) AS unslashed,
       count(*) FILTER (WHERE slashed) AS slashed
FROM validator_organicjob;

-- Miners are asked every 5 minutes. Without the bound it takes 19 s: nothing empties the table.
-- @executors every=30s within=5s
SELECT executor_class, count(*) AS miners, sum(online_executor_count) AS online, sum(executor_count) AS total
FROM (SELECT DISTINCT ON (miner_id, executor_class) executor_class, online_executor_count, executor_count
      FROM validator_minermanifest WHERE created_at > now() - interval '10 minutes'
      ORDER BY miner_id, executor_class, created_at DESC) latest
GROUP BY executor_class ORDER BY executor_class LIMIT 50;

-- @miners_on_chain every=1m within=5s
SELECT count(*) FILTER (WHERE collateral_wei > 0) AS with_collateral, count(*) FILTER (WHERE port <> 0) AS with_address
FROM validator_miner;

-- @blacklist every=1m within=5s
SELECT reason, count(DISTINCT miner_id) AS miners FROM validator_minerblacklist
WHERE expires_at IS NULL OR expires_at > now() GROUP BY reason ORDER BY miners DESC LIMIT 50;

-- @reservations every=1m within=5s
SELECT count(*) AS reservations FROM validator_minerpreliminaryreservation WHERE expires_at > now();

-- Some 2,200 rows, by their primary key.
-- @blocks every=30s within=5s
SELECT max(block_number) AS newest, extract(epoch FROM max(creation_timestamp)) AS last,
       count(*) FILTER (WHERE end_timestamp IS NULL) AS unfinished,
       max(block_number) - min(block_number) + 1 - count(*) AS gaps
FROM validator_block;

-- @bookings every=1m within=5s
SELECT CASE WHEN is_spent THEN 'spent' WHEN is_reserved THEN 'reserved' ELSE 'released' END AS state, count(*) AS bookings
FROM validator_allowancebooking GROUP BY 1;

-- @allowance_manifests every=1m within=5s
SELECT block_number, count(*) FILTER (WHERE success) AS success, count(*) FILTER (WHERE NOT success) AS failed,
       count(*) FILTER (WHERE is_drop) AS dropped
FROM validator_allowanceminermanifest
WHERE block_number = (SELECT max(block_number) FROM validator_allowanceminermanifest) GROUP BY block_number;

-- Nothing empties the table and its time has no index: of the last 5,000 those of a day.
-- @incidents every=1m within=5s
SELECT type, count(*) AS incidents
FROM (SELECT type, timestamp FROM validator_minerincident ORDER BY id DESC LIMIT 5000) latest
WHERE timestamp > now() - interval '24 hours' GROUP BY type ORDER BY incidents DESC LIMIT 50;

-- Of django-constance, which writes a row when a setting is changed for the first time.
-- @serving every=30s within=5s
SELECT count(*) AS rows, max(value) AS value FROM constance_constance WHERE key = 'SERVING';

-- @receipts every=1m within=5s
SELECT 'started' AS kind, extract(epoch FROM max(timestamp)) AS last FROM receipts_jobstartedreceipt
UNION ALL
SELECT 'finished', extract(epoch FROM max(timestamp)) FROM receipts_jobfinishedreceipt;
