-- One batch as a coordinator writes it, from the end of the last one to `ends`; the verifiers took `took`
-- seconds. With `valid` 0 none of them found anything valid.
BEGIN;
SELECT max(batch_end_epoch) AS begins FROM bot_logs \gset
UPDATE submissions
SET verified = :valid > 0 AND id % 40 <> 7, height = 300000, slot = 500000,
    validation_error = CASE WHEN :valid = 0 OR id % 40 = 7 THEN 'Invalid_proof' END
WHERE verified IS NULL AND submitted_at < to_timestamp(:ends) AT TIME ZONE 'UTC';
INSERT INTO statehash (value) VALUES ('3N' || left(md5('x' || :ends) || md5('y' || :ends), 50))
RETURNING id AS hash \gset
INSERT INTO bot_logs (processing_time, files_processed, file_timestamps, batch_start_epoch,
                      batch_end_epoch)
SELECT :took, count(*) FILTER (WHERE verified), to_timestamp(:ends), :begins, :ends FROM submissions
WHERE submitted_at >= to_timestamp(:begins) AT TIME ZONE 'UTC'
  AND submitted_at < to_timestamp(:ends) AT TIME ZONE 'UTC'
RETURNING id AS batch \gset
INSERT INTO points (file_name, file_timestamps, blockchain_epoch, blockchain_height, amount, created_at,
                    node_id, bot_log_id, statehash_id)
SELECT submitted_at || '-' || submitter, submitted_at AT TIME ZONE 'UTC',
       extract(epoch FROM submitted_at)::bigint * 1000, height, 1, now(), nodes.id, :batch, :hash
FROM submissions JOIN nodes ON block_producer_key = submitter
WHERE verified AND submitted_at >= to_timestamp(:begins) AT TIME ZONE 'UTC'
  AND submitted_at < to_timestamp(:ends) AT TIME ZONE 'UTC';
COMMIT;
UPDATE nodes SET score = made.score, score_percent = trunc(made.score * 100.0 / surveys, 2), updated_at = now()
FROM (SELECT node_id, count(*) AS score FROM points_summary GROUP BY 1) AS made,
     (SELECT count(*) AS surveys FROM bot_logs WHERE files_processed > -1) AS batches
WHERE node_id = nodes.id;
INSERT INTO score_history (node_id, score_at, score, score_percent)
SELECT id, to_timestamp(:ends) AT TIME ZONE 'UTC', score, score_percent FROM nodes WHERE score IS NOT NULL;
