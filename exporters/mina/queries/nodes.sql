-- Producers and their scores.

-- @nodes every=1m within=5s with=per_producer_limit
SELECT block_producer_key, score, score_percent / 100 AS ratio, count(*) OVER () AS in_all
FROM nodes
ORDER BY score DESC NULLS LAST, id
LIMIT $1::int;

-- @nodes_summary every=1m within=5s
SELECT count(*) FILTER (WHERE application_status) AS status_true,
       count(*) FILTER (WHERE NOT application_status) AS status_false,
       count(*) FILTER (WHERE application_status IS NULL) AS status_none,
       count(score) AS scored,
       count(*) FILTER (WHERE score_percent > 100) AS over_100,
       count(block_producer_key) - count(DISTINCT block_producer_key) AS duplicate_keys
FROM nodes;

-- By the ids of those batches, which are a range of the index of points_summary.
-- @nodes_active_24h every=5m within=10s
SELECT count(DISTINCT node_id) AS nodes
FROM points_summary
WHERE bot_log_id >= (SELECT min(id)
                     FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 3000) AS newest
                     WHERE batch_start_epoch > extract(epoch FROM now()) - 86400);

-- The scores as the coordinator makes them, beside those that stand there. A producer without any
-- points in that time keeps the score it had, which is stale.
-- @score_drift every=1h within=30s with=uptime_days
WITH span AS (
  SELECT max(batch_end_epoch) - $1::bigint * 86400 AS begins, max(batch_end_epoch) AS ends
  FROM bot_logs
), made AS (
  SELECT node_id, count(*) AS score
  FROM points_summary
  JOIN bot_logs ON bot_logs.id = bot_log_id
  JOIN span ON batch_start_epoch >= begins AND batch_end_epoch <= ends
  GROUP BY node_id
)
SELECT count(*) FILTER (WHERE made.node_id IS NOT NULL
                          AND made.score IS DISTINCT FROM nodes.score) AS wrong,
       count(*) FILTER (WHERE made.node_id IS NULL AND nodes.score IS NOT NULL) AS stale
FROM nodes
LEFT JOIN made ON made.node_id = nodes.id;

-- The newest by the primary key; there is no index on score_at alone. It has no zone and is UTC.
-- @score_history_last every=1m within=2s
SELECT extract(epoch FROM score_at AT TIME ZONE 'UTC') AS score_at
FROM score_history
ORDER BY id DESC
LIMIT 1;
