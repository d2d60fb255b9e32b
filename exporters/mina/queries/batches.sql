-- Batches of the uptime coordinator: bot_logs has one row of each. The row with files_processed -1
-- only says where the first one starts. "The last batch" is the one that ends last, of the newest
-- hundred by id: bot_logs has no index but its primary key.

-- @last_batch every=30s within=2s
SELECT batch_end_epoch,
       CASE WHEN files_processed >= 0 THEN processing_time END AS processing_seconds,
       CASE WHEN files_processed >= 0 THEN files_processed END AS submissions
FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 100) AS newest
ORDER BY batch_end_epoch DESC, id DESC
LIMIT 1;

-- The batch counted last and those after it; without one, or when a restored database has only
-- earlier ones, the newest (least() passes over NULL).
-- @new_batches every=30s within=2s with=counted_id
SELECT id, processing_time, files_processed
FROM bot_logs
WHERE id >= least(nullif($1, '')::bigint, (SELECT max(id) FROM bot_logs))
ORDER BY id
LIMIT 1000;

-- A gap is counted from the latest end of all batches that began before, so that one batch within
-- another is an overlap and no gap. 24 hours are 3000 batches at most, from half a minute on.
-- @batch_integrity_24h every=1m within=5s
SELECT coalesce(sum(gap) FILTER (WHERE gap > 0), 0) AS gap_seconds,
       count(*) FILTER (WHERE gap < 0) AS overlaps,
       coalesce(sum(skipped), 0) AS ids_skipped
FROM (SELECT batch_start_epoch,
             batch_start_epoch - max(batch_end_epoch) OVER (
               ORDER BY batch_start_epoch, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
             ) AS gap,
             id - lag(id) OVER (ORDER BY id) - 1 AS skipped
      FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 3000) AS newest) AS batches
WHERE batch_start_epoch > extract(epoch FROM now()) - 86400;

-- Needs SELECT on the sequence, which `invoke create-ro-user` does not grant.
-- @rollbacks every=1m within=2s
SELECT greatest(
         last_value - CASE WHEN is_called THEN 0 ELSE 1 END
           - coalesce((SELECT max(id) FROM bot_logs), 0),
         0) AS ids
FROM bot_logs_id_seq;
