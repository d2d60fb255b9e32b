-- The coordinator's schema, by its list of columns, indexes and keys, for the tests, the demo and the
-- bench: tables, the trigger that keeps points_summary, and the read-only role of the exporter.
CREATE ROLE coordinator LOGIN;
GRANT CREATE ON SCHEMA public TO coordinator;
SET ROLE coordinator;

CREATE TABLE bot_logs (
  id serial PRIMARY KEY,
  processing_time double precision,
  files_processed integer,
  file_timestamps timestamp with time zone,
  batch_start_epoch bigint,
  batch_end_epoch bigint
);

CREATE TABLE statehash (
  id serial PRIMARY KEY,
  value text CONSTRAINT uq_state_hash UNIQUE
);

CREATE TABLE bot_logs_statehash (
  id serial PRIMARY KEY,
  parent_statehash_id integer REFERENCES statehash,
  statehash_id integer REFERENCES statehash,
  weight integer NOT NULL,
  bot_log_id integer REFERENCES bot_logs
);

CREATE TABLE nodes (
  id serial PRIMARY KEY,
  block_producer_key text,
  updated_at timestamp with time zone,
  score integer,
  score_percent numeric,
  discord_id text,
  email_id text,
  application_status boolean
);

CREATE TABLE points (
  id serial PRIMARY KEY,
  file_name text,
  file_timestamps timestamp with time zone,
  blockchain_epoch bigint,
  blockchain_height bigint,
  amount integer,
  created_at timestamp with time zone,
  node_id integer REFERENCES nodes,
  bot_log_id integer REFERENCES bot_logs,
  statehash_id integer REFERENCES statehash
);

CREATE TABLE points_summary (
  bot_log_id integer NOT NULL,
  node_id integer NOT NULL,
  CONSTRAINT uq_ps_bot_log_node UNIQUE (bot_log_id, node_id)
);

CREATE FUNCTION summarize_points() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO points_summary VALUES (NEW.bot_log_id, NEW.node_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER summarize_points AFTER INSERT ON points
  FOR EACH ROW EXECUTE FUNCTION summarize_points();

CREATE TABLE score_history (
  id serial PRIMARY KEY,
  node_id integer REFERENCES nodes,
  score_at timestamp without time zone,
  score integer,
  score_percent numeric,
  CONSTRAINT uq_sh_node_score_at UNIQUE (node_id, score_at)
);

CREATE TABLE submissions (
  id serial PRIMARY KEY,
  submitted_at_date date NOT NULL,
  submitted_at timestamp without time zone NOT NULL,
  submitter text NOT NULL,
  created_at timestamp without time zone,
  block_hash text,
  remote_addr text,
  peer_id text,
  snark_work bytea,
  graphql_control_port integer,
  built_with_commit_sha text,
  state_hash text,
  parent text,
  height integer,
  slot integer,
  validation_error text,
  verified boolean,
  CONSTRAINT uq_submissions_submitter_date UNIQUE (submitter, submitted_at)
);
CREATE INDEX idx_submissions_submitter_date ON submissions (submitter, submitted_at_date);
CREATE INDEX idx_submissions_submitter_datetime ON submissions (submitter, submitted_at DESC);

RESET ROLE;

-- As exporters/mina/README.md tells an administrator to make it.
CREATE ROLE mina_ro LOGIN CONNECTION LIMIT 3;
ALTER ROLE mina_ro SET default_transaction_read_only = on;
SET ROLE coordinator;
GRANT SELECT ON bot_logs, bot_logs_statehash, nodes, points, points_summary, score_history, statehash,
  submissions TO mina_ro;
GRANT SELECT ON SEQUENCE bot_logs_id_seq TO mina_ro;
RESET ROLE;
