"""The page of computehorde_exporter: each fault of a validator in its rows and its backups, both
eras, and that its role can do nothing else."""
import time

import pytest
from computehorde_pages import QUEUES, asked, failed, settled, up
from harness import ROOT, promtool_accepts
from postgres import SqlError
from validator import GOES_ON, SCHEMA, Database, redis_flags, write_backup



def age(page, name, **labels):
    return time.time() - page.get(f"computehorde_{name}", **labels)


def test_a_page_of_today(exporter):
    page = settled(exporter)
    promtool_accepts(page.text)
    assert up(page) == {"database": 1, "celery": 1, "backup": 1} and not failed(page)
    told = {name: page[f"computehorde_{name}"] for name in (
        "weight_setting_block_to", "organic_pending", "organic_jobs_cheated",
        "organic_jobs_cheated_unslashed", "organic_jobs_slashed", "miners",
        "miners_with_collateral", "miners_with_address", "reservations", "block_number",
        "blocks_unfinished", "block_gaps", "system_events_unsent", "serving", "celery_unacked",
        "backup_keep_last")}
    assert told == {
        "weight_setting_block_to": 7000722, "organic_pending": 1, "organic_jobs_cheated": 1,
        "organic_jobs_cheated_unslashed": 0, "organic_jobs_slashed": 1, "miners": 6,
        "miners_with_collateral": 3, "miners_with_address": 5, "reservations": 1,
        "block_number": 7000200, "blocks_unfinished": 2, "block_gaps": 0,
        "system_events_unsent": 1, "serving": 1, "celery_unacked": 0, "backup_keep_last": 7}
    assert page.by("computehorde_executors_online", "executor_class") == {
        "always_on.llm.a6000": 5, "spin_up-4min.gpu-24gb": 6}
    assert page.by("computehorde_executors", "executor_class") == {
        "always_on.llm.a6000": 6, "spin_up-4min.gpu-24gb": 6}
    assert page.by("computehorde_blacklisted", "reason") == {"MANUAL": 1, "JOB_CHEATED": 1}
    assert page.by("computehorde_bookings", "state") == {"spent": 6, "reserved": 2, "released": 2}
    assert page.by("computehorde_incidents_24h", "type") == {"MINER_JOB_REJECTED": 1,
                                                            "MINER_JOB_FAILED": 1}
    assert page.by("computehorde_allowance_manifests", "result") == {"success": 5, "failed": 1,
                                                                    "dropped": 1}
    assert page.get("computehorde_organic_jobs", status="FAILED", trusted="false",
                    executor_class="always_on.llm.a6000",
                    error_type="JOB_PROCESS_NONZERO_EXIT_CODE") == 1
    assert sum(page.series("computehorde_organic_jobs").values()) == 16
    for name, seconds in (("weight_setting_last_success", 2400), ("manifest_last", 180),
                          ("system_events_unsent_oldest", 300), ("system_events_oldest", 169200),
                          ("organic_pending_oldest", 240)):
        assert age(page, f"{name}_timestamp_seconds") == pytest.approx(seconds, abs=120), name
    assert page.get("computehorde_schema_info", era="2026-01", migration="0094_newest_known") == 1
    assert page.by("computehorde_schema_state", "state")["known"] == 1
    assert set(page.by("computehorde_celery_queue_length", "queue")) == QUEUES
    assert age(page, "backup_newest_nonempty_timestamp_seconds",
               location="local") == pytest.approx(7200, abs=120)
    assert page.get("computehorde_backup_files", location="local", kind="ok") == 3
    # Nothing of 2024.
    assert not {name for name in page.names() if "synthetic" in name or "prompt" in name}


def test_a_validator_that_goes_on_is_healthy(database, run_exporter):
    """What the demo runs."""
    for _ in range(2):
        database.sql(GOES_ON)
    page = settled(run_exporter("computehorde_exporter", database.flag))
    assert not failed(page) and page["computehorde_block_gaps"] == 0
    assert age(page, "block_last_timestamp_seconds") < 60
    assert page["computehorde_system_events_unsent"] == 0 == page["computehorde_organic_pending"]


def test_a_page_of_2024(postgres, run_exporter, redis):
    database = Database(postgres, "2024-11")
    exporter = run_exporter("computehorde_exporter", database.flag, *redis_flags(redis))
    page = settled(exporter, "receipts_of_three_kinds")
    promtool_accepts(page.text)
    assert up(page) == {"database": 1, "celery": 1} and not failed(page)
    assert page.by("computehorde_synthetic_batches", "state") == {
        "scored": 1, "missed": 1, "running": 1, "unscored": 0}
    assert page.by("computehorde_synthetic_jobs", "status") == {"COMPLETED": 3, "FAILED": 1}
    assert page.by("computehorde_synthetic_jobs_score_mean", "status") == {"COMPLETED": 1,
                                                                          "FAILED": 0}
    # One of them is 10 days old, and nobody waits for it any more.
    assert page["computehorde_weights_unrevealed"] == 1
    assert age(page, "weights_unrevealed_oldest_timestamp_seconds") == pytest.approx(300, abs=120)
    assert age(page, "weight_setting_last_success_timestamp_seconds") == pytest.approx(3600,
                                                                                      abs=120)
    assert page["computehorde_weight_setting_block_to"] == 7000722
    assert page.by("computehorde_executors_online", "executor_class") == {"always_on.llm.a6000": 4}
    assert page["computehorde_workloads_unfinished"] == 2
    assert page["computehorde_prompt_samples_ready"] == 2
    assert set(page.by("computehorde_receipt_last_timestamp_seconds", "kind")) == {"started",
                                                                                  "accepted"}
    assert page.get("computehorde_blacklisted", reason="") == 1
    exporter.wait(lambda: set(exporter.page().by("computehorde_celery_queue_length", "queue"))
                  == QUEUES | {"jobs", "llm", "receipts"}, 10, "the queues of 2024")
    assert page.get("computehorde_schema_info", era="2024-11",
                    migration="0043_alter_systemevent_subtype") == 1
    assert "computehorde_serving" not in page.names()


def test_a_migration_under_the_running_exporter(postgres, run_exporter):
    database = Database(postgres, "2024-11")
    exporter = run_exporter("computehorde_exporter", database.flag)
    assert "computehorde_synthetic_jobs" in settled(exporter, "receipts_of_three_kinds").names()
    tables = database.sql("SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables "
                          "WHERE schemaname = 'public' AND tablename LIKE ANY "
                          "('{validator_%,receipts_%,django_migrations}')")
    # Django's own migrations run in a transaction, too.
    database.sql(f"BEGIN; DROP TABLE {tables} CASCADE; {(SCHEMA / '2026_01.sql').read_text()}"
                 f"{(SCHEMA / '2026_01_rows.sql').read_text()} COMMIT;")
    postgres.load(ROOT / "exporters/computehorde/role.sql", database.name)
    page = exporter.wait(lambda: (page := exporter.page()).get("computehorde_serving") == 1
                         and "computehorde_block_number" in page.names() and page, 60, "follows")
    assert page.get("computehorde_schema_info", era="2026-01", migration="0094_newest_known") == 1
    assert not {name for name in page.names() if "synthetic" in name or "unrevealed" in name}
    # One that nobody knows yet is told, and read as the newest that is known.
    database.sql("INSERT INTO django_migrations (app, name, applied) "
                 "VALUES ('validator', '0120_of_next_year', now())")
    page = exporter.wait(lambda: (page := exporter.page()).get("computehorde_schema_state",
                                                               state="newer") == 1 and page,
                         40, "newer")
    assert page.get("computehorde_schema_info", era="2026-01", migration="0120_of_next_year") == 1
    assert page["computehorde_serving"] == 1


@pytest.mark.parametrize("value, serving", [
    ("gAKILg==", 1), ("gAKJLg==", 0), ("gASILg==", None), ("true", None), ("", None), (None, None)])
def test_serving_is_never_guessed(value, serving, database, run_exporter):
    text = "NULL" if value is None else f"'{value}'"
    database.sql(f"UPDATE constance_constance SET value = {text} WHERE key = 'SERVING'")
    page = settled(run_exporter("computehorde_exporter", database.flag))
    assert page.get("computehorde_serving") == serving
    assert failed(page) == (set() if serving is not None else {"serving"})
    if serving is None:
        assert page.get("computehorde_query_errors_total", query="serving",
                        reason="bad_answer") >= 1


@pytest.mark.parametrize("flags, serving", [([], 1), (["--no-computehorde.serving-default"], 0)])
def test_serving_without_a_row_is_the_default(flags, serving, database, run_exporter):
    database.sql("DELETE FROM constance_constance")
    page = settled(run_exporter("computehorde_exporter", database.flag, *flags))
    assert page["computehorde_serving"] == serving


def test_faults_in_the_rows(database, run_exporter):
    """All of them at once; the rules say from when on each is one."""
    database.sql("""
        UPDATE validator_weightsettingfinishedevent
          SET created_at = created_at - interval '7 hours';
        DELETE FROM validator_block WHERE block_number IN (7000100, 7000101, 7000150);
        UPDATE validator_block SET creation_timestamp = creation_timestamp - interval '1 hour';
        UPDATE validator_organicjob SET cheated = true WHERE id IN (6, 7);
        UPDATE validator_minermanifest SET online_executor_count = 0;
        UPDATE validator_systemevent SET sent = false;""")
    page = settled(run_exporter("computehorde_exporter", database.flag))
    assert age(page, "weight_setting_last_success_timestamp_seconds") > 21660
    assert page["computehorde_block_gaps"] == 3
    assert age(page, "block_last_timestamp_seconds") > 3600
    assert page["computehorde_organic_jobs_cheated_unslashed"] == 2
    assert set(page.by("computehorde_executors_online", "executor_class").values()) == {0}
    assert page["computehorde_system_events_unsent"] == 2
    assert age(page, "system_events_unsent_oldest_timestamp_seconds") > 1200


def test_empty_tables_tell_nothing_that_is_not_known(postgres, run_exporter):
    database = Database(postgres, "2026-01")
    tables = database.sql("SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables "
                          "WHERE schemaname = 'public' AND tablename <> 'django_migrations'")
    database.sql(f"TRUNCATE {tables}")
    page = settled(run_exporter("computehorde_exporter", database.flag))
    assert not failed(page)
    assert page["computehorde_miners"] == 0 and page["computehorde_organic_pending"] == 0
    assert not page.names() & {f"computehorde_{name}" for name in (
        "weight_setting_last_success_timestamp_seconds", "block_gaps", "executors_online",
        "manifest_last_timestamp_seconds", "block_number",
        "organic_pending_oldest_timestamp_seconds",
        "system_events_unsent_oldest_timestamp_seconds", "receipt_last_timestamp_seconds")}


def add_events(database, subtype, *ids):
    database.sql("INSERT INTO validator_systemevent (id, type, subtype, timestamp, "
                 "long_description, data, sent) SELECT id, 'WEIGHT_SETTING_FAILURE', "
                 f"'{subtype}', now(), '', '{{}}', true FROM unnest(ARRAY{list(ids)}) id")


def test_events_are_counted_once(database, run_exporter):
    exporter = run_exporter("computehorde_exporter", database.flag)
    assert not settled(exporter).series("computehorde_system_events_total")

    def counts():
        return exporter.page().by("computehorde_system_events_total", "subtype")
    add_events(database, "SET_WEIGHTS_ERROR", 1001, 1002, 1004)
    asked(exporter, "events")
    # Its transaction began before the last of them, and ended later.
    add_events(database, "SET_WEIGHTS_ERROR", 1003)
    add_events(database, "GIVING_UP", 1005)
    exporter.wait(lambda: counts().get("GIVING_UP") == 0, 40, "told as 0 first")
    exporter.wait(lambda: counts() == {"SET_WEIGHTS_ERROR": 4, "GIVING_UP": 1}, 40, "counted")
    asked(exporter, "events")
    assert counts() == {"SET_WEIGHTS_ERROR": 4, "GIVING_UP": 1}


def test_the_role_reads_its_tables_and_no_other_and_writes_nothing(database):
    assert database.sql("SELECT count(*) FROM validator_miner", role="stakewatch") == "6"
    for text in ("SELECT * FROM auth_user", "SELECT * FROM django_session",
                 "DELETE FROM validator_miner", "UPDATE validator_organicjob SET slashed = true",
                 "INSERT INTO validator_block VALUES (1, now(), now())", "CREATE TABLE t (i int)",
                 "CREATE TEMP TABLE t (i int)",
                 "SET default_transaction_read_only = off; DELETE FROM validator_miner"):
        with pytest.raises(SqlError, match="permission denied|read-only"):
            database.sql(text, role="stakewatch")


def test_a_fresh_empty_dump_is_no_backup(exporter, backups):
    before = exporter.page()
    write_backup(backups, "4", time.time(), 0)
    page = exporter.page()
    newest = "computehorde_backup_newest_nonempty_timestamp_seconds"
    assert page.series(newest) == before.series(newest)
    assert page.by("computehorde_backup_newest_size_bytes", "location") == {"local": 120}
    assert page.get("computehorde_backup_files", location="local", kind="empty") == 1
    assert page.get("computehorde_backup_files", location="local", kind="ok") == 3


def test_copies_elsewhere(run_exporter, database, backups, tmp_path):
    listing = tmp_path / "offsite.txt"
    listing.write_text(f"{time.time() - 90000:.0f} 120 dumps/db_dump_1.Fc.dump.zstd\n")
    exporter = run_exporter("computehorde_exporter", database.flag, f"--backup.folder={backups}",
                            f"--backup.offsite-listing=b2={listing}")
    page = exporter.page()
    assert age(page, "backup_newest_nonempty_timestamp_seconds",
               location="b2") == pytest.approx(90000, abs=120)
    assert age(page, "backup_listing_timestamp_seconds", location="b2") < 60
    # What a failed cron job leaves: a fresh file without a line.
    listing.write_text("")
    page = exporter.page()
    assert page.get("computehorde_backup_files", location="b2", kind="ok") == 0
    assert "b2" not in page.by("computehorde_backup_newest_nonempty_timestamp_seconds", "location")
    listing.write_text("AccessDenied\n")
    page = exporter.page()
    assert up(page)["backup"] == 0
    assert page.get("computehorde_backup_files", location="local", kind="ok") == 3
    listing.unlink()
    page = exporter.page()
    assert up(page)["backup"] == 0
    assert not page.by("computehorde_backup_listing_timestamp_seconds", "location")
