-- What both eras of the schema have: the queries that are asked of any ComputeHorde validator.

-- Which migration the schema is at. Numbers are compared, not ids: a squashed migration that is
-- recorded late has a low one. The table that is looked for came between the two eras; to ask
-- whether it is there needs no right to read it.
-- @schema every=15s within=5s
SELECT max(substring(name FROM '^[0-9]{4}')::int) AS number,
       (array_agg(name ORDER BY substring(name FROM '^[0-9]{4}') DESC NULLS LAST, id DESC))[1] AS newest,
       to_regclass('validator_weightsettingfinishedevent') IS NOT NULL AS weight_setting_events
FROM django_migrations WHERE app = 'validator';

-- Counted by id, which has the index; the table is emptied from its old end after 2 days. The span
-- ends where the table ended when it was last asked: an event whose transaction began before
-- another's and ended later has a lower id and comes after it.
-- @events every=10s within=5s with=events_after,events_until
SELECT newest.id AS newest, counted.type, counted.subtype, counted.events
FROM (SELECT coalesce(max(id), 0) AS id FROM validator_systemevent) newest
LEFT JOIN (
  SELECT type, subtype, count(*) AS events FROM validator_systemevent
  WHERE id > $1::bigint AND id <= $2::bigint GROUP BY type, subtype
) counted ON true;

-- No index on sent: 129 ms of 100,000 events.
-- @events_unsent every=1m within=10s
SELECT count(*) AS unsent, extract(epoch FROM min(timestamp)) AS oldest FROM validator_systemevent WHERE NOT sent;

-- @events_oldest every=1m within=5s
SELECT extract(epoch FROM timestamp) AS oldest FROM validator_systemevent ORDER BY id LIMIT 1;

-- @organic_pending every=30s within=5s
SELECT count(*) AS pending, extract(epoch FROM min(updated_at)) AS oldest FROM validator_organicjob WHERE status = 'PENDING';

-- @manifest_last every=30s within=5s
SELECT extract(epoch FROM created_at) AS last FROM validator_minermanifest ORDER BY id DESC LIMIT 1;

-- @miners every=1m within=5s
SELECT count(*) AS miners FROM validator_miner;

-- Sizes need no right to read the tables.
-- @table_sizes every=10m within=10s
SELECT relname AS table_name, pg_total_relation_size(relid) AS bytes
FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY 2 DESC LIMIT 15;
