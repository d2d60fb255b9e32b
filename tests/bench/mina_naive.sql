-- What one would ask first, and the exporter does not: by columns without an index, over whole tables.

-- @submissions_of_the_last_batch
SELECT verified, count(*) FROM submissions
WHERE submitted_at >= (SELECT to_timestamp(max(batch_start_epoch)) AT TIME ZONE 'UTC' FROM bot_logs)
  AND submitted_at < (SELECT to_timestamp(max(batch_end_epoch)) AT TIME ZONE 'UTC' FROM bot_logs)
GROUP BY 1;

-- @last_submission
SELECT max(submitted_at) FROM submissions;

-- @points_of_the_last_batch
SELECT count(*), count(DISTINCT node_id) FROM points
WHERE bot_log_id = (SELECT max(id) FROM bot_logs);

-- @last_score
SELECT max(score_at) FROM score_history;

-- @rows
SELECT (SELECT count(*) FROM submissions), (SELECT count(*) FROM points),
       (SELECT count(*) FROM score_history);

-- @orphans
SELECT count(*) FROM points_summary AS s
WHERE NOT EXISTS (SELECT 1 FROM bot_logs AS b WHERE b.id = s.bot_log_id);

-- @summary_mismatch
SELECT count(*) FROM (SELECT DISTINCT bot_log_id, node_id FROM points) AS p
FULL JOIN points_summary AS s USING (bot_log_id, node_id)
WHERE p.node_id IS NULL OR s.node_id IS NULL;
