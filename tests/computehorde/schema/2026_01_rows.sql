-- A validator of today in the middle of its work, as of now: weights set 40 minutes ago, one job in
-- eight failed, one cheated and slashed, no block missing.
INSERT INTO django_migrations (app, name, applied) VALUES
  ('validator', '0043_alter_systemevent_subtype', now() - interval '1 year'),
  ('auth', '0099_of_another_app', now()),
  ('validator', '0094_newest_known', now() - interval '1 day');
INSERT INTO validator_miner (hotkey, created_at, address, ip_version, port, uid, collateral_wei)
SELECT 'miner' || i, now(), '10.0.0.1', 4, CASE WHEN i < 6 THEN 8000 ELSE 0 END, i, CASE WHEN i < 4 THEN 10000000000000000 ELSE 0 END
FROM generate_series(1, 6) i;
-- Asked twice; the second time the first miner had one of its two executors left.
INSERT INTO validator_minermanifest (created_at, executor_count, miner_id, online_executor_count, executor_class)
SELECT now() - ago, 2, m.id, CASE WHEN m.id = 1 AND ago < interval '5 minutes' THEN 1 ELSE 2 END,
  CASE WHEN m.id < 4 THEN 'always_on.llm.a6000' ELSE 'spin_up-4min.gpu-24gb' END
FROM unnest(ARRAY[interval '8 minutes', interval '3 minutes']) ago, validator_miner m ORDER BY ago DESC, m.id;
INSERT INTO validator_weightsettingfinishedevent (created_at, block_from, block_to)
SELECT now() - interval '40 minutes' - i * interval '144 minutes', 7000000 - i * 722, 7000722 - i * 722
FROM generate_series(9, 0, -1) i;
INSERT INTO validator_organicjob (job_uuid, miner_address, miner_address_ip_version, miner_port, status, updated_at, comment, miner_id, job_description, stderr, stdout, executor_class, artifacts, cheated, error_type, on_trusted_miner, upload_results, slashed, allowance_job_value)
SELECT gen_random_uuid(), '10.0.0.1', 4, 8000, CASE WHEN i = 16 THEN 'PENDING' WHEN i % 8 = 0 THEN 'FAILED' ELSE 'COMPLETED' END,
  now() - (18 - i) * interval '2 minutes', '', 1 + i % 6, '', '', '', 'always_on.llm.a6000', '{}', i = 3,
  CASE WHEN i = 8 THEN 'JOB_PROCESS_NONZERO_EXIT_CODE' END, i = 5, '{}', i = 3, 1 FROM generate_series(1, 16) i;
INSERT INTO validator_block (block_number, creation_timestamp, end_timestamp)
SELECT 7000000 + i, now() - (200 - i) * interval '12 seconds', CASE WHEN i < 199 THEN now() - (199 - i) * interval '12 seconds' END
FROM generate_series(1, 200) i;
INSERT INTO validator_allowancebooking (is_reserved, is_spent, creation_timestamp)
SELECT i % 5 = 0, i % 5 > 1, now() FROM generate_series(1, 10) i;
INSERT INTO validator_allowanceminermanifest (miner_ss58address, block_number, success, executor_class, is_drop, executor_count)
SELECT 'miner' || m, b, m < 6 OR b < 7000200, 'always_on.llm.a6000', m = 5, 2 FROM generate_series(1, 6) m, unnest(ARRAY[7000175, 7000200]) b;
INSERT INTO validator_minerblacklist (miner_id, blacklisted_at, expires_at, reason, reason_details) VALUES
  (2, now(), NULL, 'MANUAL', ''), (3, now(), now() + interval '1 hour', 'JOB_CHEATED', ''),
  (4, now() - interval '5 hours', now() - interval '1 hour', 'JOB_FAILED', '');
INSERT INTO validator_minerincident (type, timestamp, hotkey_ss58address, job_uuid, executor_class) VALUES
  ('MINER_JOB_REJECTED', now() - interval '30 hours', 'miner1', gen_random_uuid(), 'always_on.llm.a6000'),
  ('MINER_JOB_REJECTED', now() - interval '2 hours', 'miner1', gen_random_uuid(), 'always_on.llm.a6000'),
  ('MINER_JOB_FAILED', now() - interval '1 hour', 'miner2', gen_random_uuid(), 'always_on.llm.a6000');
INSERT INTO validator_minerpreliminaryreservation (executor_class, job_uuid, created_at, expires_at, miner_id) VALUES
  ('always_on.llm.a6000', gen_random_uuid(), now(), now() + interval '1 hour', 1),
  ('always_on.llm.a6000', gen_random_uuid(), now(), now() - interval '1 minute', 2);
INSERT INTO validator_systemevent (type, subtype, timestamp, long_description, data, sent) VALUES
  ('MINER_ORGANIC_JOB_SUCCESS', 'SUCCESS', now() - interval '47 hours', '', '{}', true),
  ('COMPUTE_TIME_ALLOWANCE', 'SUCCESS', now() - interval '5 minutes', '', '{}', false);
INSERT INTO receipts_jobstartedreceipt (job_uuid, validator_hotkey, miner_hotkey, validator_signature, executor_class, is_organic, timestamp, ttl)
VALUES (gen_random_uuid(), 'v', 'm', 's', 'always_on.llm.a6000', true, now() - interval '7 minutes', 60);
INSERT INTO receipts_jobfinishedreceipt (job_uuid, validator_hotkey, miner_hotkey, validator_signature, time_started, time_took_us, score_str, timestamp, block_numbers)
VALUES (gen_random_uuid(), 'v', 'm', 's', now() - interval '7 minutes', 1, '1', now() - interval '6 minutes', '[]');
INSERT INTO constance_constance (key, value) VALUES ('SERVING', 'gAKILg=='), ('OTHER', 'gAKJLg==');
