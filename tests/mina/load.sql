-- Fills the schema with what a coordinator would have written, for the demo, the boards and the bench:
--   psql -v producers=500 -v batches=6480 -v seconds=1200 -v per_batch=2 -v age=540 -f load.sql
-- `seconds` is an interval, `per_batch` the submissions of a producer in it, `age` how long ago the last
-- batch ended. By a superuser: points_summary is filled here, not by its trigger.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET timezone = 'UTC';
SET work_mem = '128MB';
SELECT setseed(0.5);

CREATE TEMP TABLE span AS
SELECT extract(epoch FROM now())::bigint - :age - :batches * :seconds AS begins;

-- Up between 60 and 100 percent of the time; a fifth has no application.
INSERT INTO nodes (block_producer_key, updated_at, application_status)
SELECT 'B62q' || left(md5('a' || i) || md5('b' || i), 51), now(), CASE WHEN i % 5 > 0 THEN true END
FROM generate_series(1, :producers) AS i;

-- The row that says where the first batch begins, and one of each batch: its id is its number + 2.
INSERT INTO bot_logs (processing_time, files_processed, file_timestamps, batch_start_epoch,
                      batch_end_epoch)
SELECT 0, -1, to_timestamp(begins), begins, begins FROM span;
INSERT INTO bot_logs (processing_time, files_processed, file_timestamps, batch_start_epoch,
                      batch_end_epoch)
SELECT (0.05 + 0.1 * random()) * :seconds, 0, to_timestamp(begins + (b + 1) * :seconds),
       begins + b * :seconds, begins + (b + 1) * :seconds
FROM span, generate_series(0, :batches - 1) AS b ORDER BY b;
INSERT INTO statehash (value)
SELECT '3N' || left(md5('x' || b) || md5('y' || b), 50) FROM generate_series(0, :batches) AS b ORDER BY b;
INSERT INTO bot_logs_statehash (parent_statehash_id, statehash_id, weight, bot_log_id)
SELECT b + 1, b + 2, 0, b + 2 FROM generate_series(0, :batches - 1) AS b;

INSERT INTO submissions (submitted_at_date, submitted_at, submitter, created_at, block_hash,
                         remote_addr, peer_id, built_with_commit_sha, state_hash, parent, height, slot,
                         validation_error, verified)
SELECT at::date, at, submitter, at, '3N' || left(md5(at::text) || md5(submitter), 50),
       '10.0.0.1:8302', '12D3KooW' || left(md5(submitter) || md5(submitter || 'p'), 44), left(md5('sha') || md5('s'), 40),
       '3N' || left(md5('x' || b + 1) || md5('y' || b + 1), 50),
       '3N' || left(md5('x' || b) || md5('y' || b), 50), 300000 + b, 500000 + b,
       CASE WHEN r < 0.004 THEN 'Invalid_proof' WHEN r < 0.006 THEN 'No block found in the S3 bucket' END,
       r >= 0.006
FROM (SELECT b, id, block_producer_key AS submitter, random() AS r, random() AS luck,
             to_timestamp(begins + b * :seconds + (k + random() * 0.99) * :seconds / :per_batch)
               AT TIME ZONE 'UTC' AS at
      FROM span, generate_series(0, :batches - 1) AS b, generate_series(0, :per_batch - 1) AS k, nodes
      ORDER BY b, k) AS made
WHERE luck < 0.6 + 0.4 * (id * 7919 % 1000) / 1000.0;

INSERT INTO points (file_name, file_timestamps, blockchain_epoch, blockchain_height, amount, created_at,
                    node_id, bot_log_id, statehash_id)
SELECT submitted_at || '-' || submitter, submitted_at AT TIME ZONE 'UTC',
       extract(epoch FROM submitted_at)::bigint * 1000, height, 1,
       least(to_timestamp(begins + (height - 300000 + 1) * :seconds + 120), now()), nodes.id, height - 300000 + 2,
       height - 300000 + 2
FROM span, submissions JOIN nodes ON block_producer_key = submitter
WHERE verified ORDER BY submissions.id;
INSERT INTO points_summary SELECT DISTINCT bot_log_id, node_id FROM points ORDER BY 1, 2;
UPDATE bot_logs SET files_processed = n
FROM (SELECT bot_log_id, count(*) AS n FROM points GROUP BY 1) AS counted WHERE bot_log_id = bot_logs.id;
INSERT INTO score_history (node_id, score_at, score, score_percent)
SELECT node_id, to_timestamp(batch_end_epoch) AT TIME ZONE 'UTC',
       row_number() OVER (PARTITION BY node_id ORDER BY bot_logs.id), 90
FROM points_summary JOIN bot_logs ON bot_logs.id = bot_log_id ORDER BY bot_logs.id;
UPDATE nodes SET score = made.score, score_percent = trunc(made.score * 100.0 / :batches, 2)
FROM (SELECT node_id, count(*) AS score FROM points_summary GROUP BY 1) AS made WHERE node_id = nodes.id;

VACUUM ANALYZE;
