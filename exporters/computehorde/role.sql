-- The role of computehorde_exporter: it may read the tables that its queries name and no other, not
-- those of users and sessions, and it can write nothing. As a superuser, in the validator's database:
--   psql -v ON_ERROR_STOP=1 -f role.sql validator
-- and then \password stakewatch. Run it again after a migration: tables that are not there are left
-- out, and a new table has no grants yet.
DO $$
DECLARE
  name text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stakewatch') THEN
    CREATE ROLE stakewatch LOGIN CONNECTION LIMIT 3;
  END IF;
  FOREACH name IN ARRAY ARRAY[
    'constance_constance', 'django_migrations', 'receipts_jobacceptedreceipt',
    'receipts_jobfinishedreceipt', 'receipts_jobstartedreceipt', 'validator_allowancebooking',
    'validator_allowanceminermanifest', 'validator_block', 'validator_miner',
    'validator_minerblacklist', 'validator_minerincident', 'validator_minermanifest',
    'validator_minerpreliminaryreservation', 'validator_organicjob', 'validator_promptsample',
    'validator_promptseries', 'validator_solveworkload', 'validator_syntheticjob',
    'validator_syntheticjobbatch', 'validator_systemevent', 'validator_weights',
    'validator_weightsettingfinishedevent'
  ] LOOP
    IF to_regclass(name) IS NOT NULL THEN
      EXECUTE format('GRANT SELECT ON %I TO stakewatch', name);
    END IF;
  END LOOP;
END $$;
ALTER ROLE stakewatch SET default_transaction_read_only = on;
