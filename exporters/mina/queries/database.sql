-- The database itself: how old its oldest rows are, its size, and who writes to it.

-- By the primary keys; rows that are cleaned up go in their order.
-- @oldest_rows every=5m within=5s
SELECT 'bot_logs' AS name,
       (SELECT batch_start_epoch FROM bot_logs ORDER BY id LIMIT 1)::numeric AS oldest
UNION ALL
SELECT 'submissions', (SELECT extract(epoch FROM submitted_at AT TIME ZONE 'UTC')
                       FROM submissions ORDER BY id LIMIT 1)
UNION ALL
SELECT 'points', (SELECT extract(epoch FROM created_at) FROM points ORDER BY id LIMIT 1)
UNION ALL
SELECT 'score_history', (SELECT extract(epoch FROM score_at AT TIME ZONE 'UTC')
                         FROM score_history ORDER BY id LIMIT 1);

-- reltuples is of the last VACUUM or ANALYZE, and -1 before.
-- @table_sizes every=5m within=5s
SELECT relname AS name, pg_total_relation_size(oid) AS bytes,
       nullif(reltuples, -1)::bigint AS rows
FROM pg_class
WHERE relkind = 'r' AND pg_table_is_visible(oid)
  AND relname IN ('bot_logs', 'bot_logs_statehash', 'nodes', 'points', 'points_summary',
                  'score_history', 'statehash', 'submissions');

-- @db_size every=5m within=10s
SELECT pg_database_size(current_database()) AS bytes;

-- @coordinator_sessions every=30s within=2s with=coordinator_role
SELECT count(*) AS sessions
FROM pg_stat_activity
WHERE datname = current_database() AND usename = $1;
