-- Submissions of the last batch and since. There is no index on submitted_at, so the newest 20,000
-- are read by the primary key; each answer says whether they cover the batch. submitted_at has no
-- zone and is UTC.

-- @submissions_last_batch every=1m within=5s
WITH batch AS (
  SELECT to_timestamp(batch_start_epoch) AT TIME ZONE 'UTC' AS begins,
         to_timestamp(batch_end_epoch) AT TIME ZONE 'UTC' AS ends
  FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 100) AS newest
  ORDER BY batch_end_epoch DESC, id DESC
  LIMIT 1
), tail AS (
  SELECT submitted_at, verified, coalesce(validation_error, '') <> '' AS failed
  FROM submissions ORDER BY id DESC LIMIT 20000
)
SELECT count(*) FILTER (WHERE inside AND verified AND NOT failed) AS valid,
       count(*) FILTER (WHERE inside AND verified AND failed) AS verified_with_error,
       count(*) FILTER (WHERE inside AND NOT verified) AS invalid,
       count(*) FILTER (WHERE inside AND verified IS NULL) AS pending,
       count(submitted_at) < 20000 OR min(submitted_at) < begins AS covered
FROM (SELECT begins, tail.*, submitted_at >= begins AND submitted_at < ends AS inside
      FROM batch LEFT JOIN tail ON true) AS seen
GROUP BY begins;

-- What came before the first batch belongs to none.
-- @submissions_waiting every=30s within=5s
WITH batch AS (
  SELECT (SELECT to_timestamp(batch_start_epoch) AT TIME ZONE 'UTC'
          FROM bot_logs ORDER BY id LIMIT 1) AS first_begins,
         to_timestamp(max(batch_end_epoch)) AT TIME ZONE 'UTC' AS last_ends
  FROM (SELECT * FROM bot_logs ORDER BY id DESC LIMIT 100) AS newest
), tail AS (
  SELECT submitted_at, verified FROM submissions ORDER BY id DESC LIMIT 20000
)
SELECT count(*) FILTER (WHERE submitted_at >= last_ends) AS waiting,
       count(*) FILTER (WHERE submitted_at >= first_begins AND submitted_at < last_ends
                          AND verified IS NULL) AS unverified,
       extract(epoch FROM max(submitted_at) AT TIME ZONE 'UTC') AS last_submission
FROM tail, batch;

-- The exporter tells the classes that it knows; the rest is "other".
-- @validation_errors every=1m within=5s
SELECT left(validation_error, 64) AS error, count(*) AS submissions,
       sum(count(*)) OVER () AS in_all
FROM (SELECT validation_error FROM submissions ORDER BY id DESC LIMIT 20000) AS tail
WHERE coalesce(validation_error, '') <> ''
GROUP BY 1
ORDER BY 2 DESC
LIMIT 100;
