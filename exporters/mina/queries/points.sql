-- Points of the last batch, and whether points_summary, from which scores are made, has what points
-- has: a trigger fills it. There is no index on points.bot_log_id, so the newest 20,000 points are
-- read by the primary key.

-- @points_last_batch every=1m within=5s
WITH batch AS (
  SELECT id
  FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 100) AS newest
  ORDER BY batch_end_epoch DESC, id DESC
  LIMIT 1
), tail AS (
  SELECT bot_log_id, node_id, created_at FROM points ORDER BY id DESC LIMIT 20000
)
SELECT count(*) FILTER (WHERE bot_log_id = batch.id) AS points,
       count(DISTINCT node_id) FILTER (WHERE bot_log_id = batch.id) AS nodes,
       extract(epoch FROM max(created_at) FILTER (WHERE bot_log_id = batch.id)) AS written,
       count(tail.bot_log_id) < 20000 OR min(bot_log_id) < batch.id AS covered
FROM batch LEFT JOIN tail ON true
GROUP BY batch.id;

-- Of the batches that lie wholly in those points. One statement sees one state of the database, so a
-- batch that is being written is not there in either.
-- @summary_mismatch every=1m within=5s
WITH tail AS (
  SELECT bot_log_id, node_id FROM points ORDER BY id DESC LIMIT 20000
), whole AS (
  SELECT CASE WHEN count(*) < 20000 THEN 0 ELSE min(bot_log_id) + 1 END AS first_id FROM tail
)
SELECT count(*) FILTER (WHERE summary.node_id IS NULL) AS missing_in_summary,
       count(*) FILTER (WHERE pairs.node_id IS NULL) AS missing_in_points
FROM (SELECT DISTINCT bot_log_id, node_id FROM tail, whole WHERE bot_log_id >= first_id) AS pairs
FULL JOIN (SELECT bot_log_id, node_id FROM points_summary, whole
           WHERE bot_log_id >= first_id) AS summary USING (bot_log_id, node_id);

-- points_summary has no foreign key. The ids in it are found one after the other by its index, some
-- thousand of them, instead of by reading its millions of rows.
-- @summary_orphans every=1h within=20s
WITH RECURSIVE ids AS (
  SELECT min(bot_log_id) AS id FROM points_summary
  UNION ALL
  SELECT (SELECT min(bot_log_id) FROM points_summary WHERE bot_log_id > ids.id)
  FROM ids WHERE ids.id IS NOT NULL
), gone AS (
  SELECT id FROM ids
  WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM bot_logs WHERE bot_logs.id = ids.id)
)
SELECT coalesce(sum((SELECT count(*) FROM points_summary WHERE bot_log_id = gone.id)), 0) AS rows
FROM gone;
