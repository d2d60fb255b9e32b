-- A validator of the seed era in the middle of its work, as of now: two batches, the last with a
-- failed job; weights that were revealed an hour ago and some that are not yet.
INSERT INTO django_migrations (app, name, applied) VALUES
  ('validator', '0001_initial', now() - interval '1 year'),
  ('auth', '0099_of_another_app', now()),
  ('validator', '0043_alter_systemevent_subtype', now() - interval '1 day');
INSERT INTO validator_miner (hotkey, created_at) SELECT 'miner' || i, now() FROM generate_series(1, 4) i;
INSERT INTO validator_cycle (start, stop) VALUES (7000000, 7000722), (7000722, 7001444);
INSERT INTO validator_syntheticjobbatch (started_at, scored, block, created_at, is_missed, cycle_id) VALUES
  (now() - interval '30 hours', false, 1, now() - interval '30 hours', false, 1),
  (now() - interval '5 hours', true, 2, now() - interval '5 hours', false, 1),
  (NULL, false, 3, now() - interval '4 hours', true, 1),
  (now() - interval '10 minutes', false, 4, now() - interval '10 minutes', false, 2);
INSERT INTO validator_syntheticjob (job_uuid, miner_address, miner_address_ip_version, miner_port, status, updated_at, comment, batch_id, miner_id, score, job_description, executor_class)
SELECT gen_random_uuid(), '10.0.0.1', 4, 8000, CASE WHEN m.id < 4 THEN 'COMPLETED' ELSE 'FAILED' END, now(), '', b, m.id,
  CASE WHEN m.id < 4 THEN m.id * 0.5 ELSE 0 END, '', 'always_on.llm.a6000' FROM validator_miner m, unnest(ARRAY[2, 4]) b;
INSERT INTO validator_minermanifest (created_at, executor_count, batch_id, miner_id, online_executor_count, executor_class)
SELECT now() - CASE WHEN b = 2 THEN interval '5 hours' ELSE interval '10 minutes' END, 2, b, m.id, CASE WHEN b = 2 THEN 2 ELSE 1 END,
  'always_on.llm.a6000' FROM unnest(ARRAY[2, 4]) b, validator_miner m;
INSERT INTO validator_weights (uids, weights, salt, version_key, block, created_at, revealed_at) VALUES
  ('{1,2}', '{3,4}', '{1}', 1, 7000000, now() - interval '10 days', NULL),
  ('{1,2}', '{3,4}', '{1}', 1, 7000722, now() - interval '140 minutes', now() - interval '1 hour'),
  ('{1,2}', '{3,4}', '{1}', 1, 7001444, now() - interval '5 minutes', NULL);
INSERT INTO validator_promptseries (series_uuid, s3_url, created_at, generator_version)
SELECT gen_random_uuid(), 'https://example.org', now() - (4 - i) * interval '20 minutes', 1 FROM generate_series(1, 3) i;
INSERT INTO validator_solveworkload (workload_uuid, seed, s3_url, created_at, finished_at) VALUES
  (gen_random_uuid(), 1, 'https://example.org', now() - interval '2 hours', now() - interval '1 hour'),
  (gen_random_uuid(), 2, 'https://example.org', now() - interval '30 minutes', NULL),
  (gen_random_uuid(), 3, 'https://example.org', now() - interval '3 minutes', NULL);
INSERT INTO validator_promptsample (created_at, series_id, synthetic_job_id, workload_id) VALUES
  (now(), 1, 1, 1), (now(), 2, NULL, 2), (now(), 3, NULL, 3);
INSERT INTO validator_organicjob (job_uuid, miner_address, miner_address_ip_version, miner_port, status, updated_at, comment, miner_id, job_description, stderr, stdout, executor_class)
SELECT gen_random_uuid(), '10.0.0.1', 4, 8000, s, now() - interval '8 minutes', '', 1, '', '', '', 'always_on.llm.a6000'
FROM unnest(ARRAY['COMPLETED', 'COMPLETED', 'FAILED', 'PENDING']) s;
INSERT INTO validator_minerblacklist (miner_id) VALUES (3);
INSERT INTO validator_systemevent (type, subtype, timestamp, long_description, data, sent) VALUES
  ('LLM_PROMPT_GENERATION', 'SUCCESS', now() - interval '2 hours', '', '{}', true),
  ('WEIGHT_SETTING_SUCCESS', 'REVEAL_WEIGHTS_SUCCESS', now() - interval '1 hour', '', '{}', false);
INSERT INTO receipts_jobstartedreceipt (job_uuid, validator_hotkey, miner_hotkey, validator_signature, executor_class, is_organic, timestamp, ttl)
VALUES (gen_random_uuid(), 'v', 'm', 's', 'always_on.llm.a6000', false, now() - interval '7 minutes', 60);
INSERT INTO receipts_jobacceptedreceipt (job_uuid, validator_hotkey, miner_hotkey, validator_signature, timestamp, time_accepted, ttl)
VALUES (gen_random_uuid(), 'v', 'm', 's', now() - interval '6 minutes', now(), 60);
