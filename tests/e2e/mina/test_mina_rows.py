"""The page of mina_exporter for rows that a coordinator wrote and for each fault in them, and that
the exporter can do nothing but read."""
import os
import re
import time

import pytest
from harness import ROOT, promtool_accepts
from mina_pages import QUERIES, asked, becomes, failing, up
from postgres import SqlError
from recorded import CASE, LAST_END, TABLES

FOLDER = ROOT / "tests/mina"
# Of the run itself, not of the rows.
NOT_OF_THE_ROWS = re.compile("mina_uptime_(query_.*|table_bytes|db_size_bytes)|(?!mina_uptime_).*")
PRODUCERS = ["B62qeccbc87e4b5ce2fe28308fd9f2a7baf3e6cdbdf8135f776cbc6",
             "B62qc81e728d9d4c2f636f067f89cc14862cdaa6300da2d33f72255"]


def shifted_back(text, shift):
    """Of the rows alone."""
    lines = []
    for line in text.splitlines():
        name = re.match(r"(?:# \w+ )?(\w+)", line)[1]
        if NOT_OF_THE_ROWS.fullmatch(name):
            continue
        if "_timestamp_seconds" in name and not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            line = f"{series} {float(value) - shift:.5f}".rstrip("0").rstrip(".")
        lines.append(line)
    return "\n".join(lines) + "\n"


def samples(text):
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_the_recorded_rows(server, watch):
    page = asked(watch())
    assert up(page) and failing(page) == set()
    told, expected = shifted_back(page.text, server.shift), CASE / "expected.prom"
    if os.environ.get("STAKEWATCH_UPDATE_GOLDEN"):
        expected.write_text(told)
    assert told == expected.read_text()
    promtool_accepts(told)
    for query in page.by("mina_uptime_query_up", "query"):
        assert page.get("mina_uptime_query_last_success_timestamp_seconds",
                        query=query) == pytest.approx(time.time(), abs=20)
        assert 0 < page.get("mina_uptime_query_duration_seconds", query=query) < 5
    assert page["mina_uptime_db_size_bytes"] > 1e6
    assert set(page.by("mina_uptime_table_bytes", "table")) == set(TABLES)


def of(metric, **labels):
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"mina_uptime_{metric}" + (f"{{{inner}}}" if inner else "")


BY_RESULT = "last_batch_submissions_by_result"
NEXT_BATCH = ("INSERT INTO bot_logs (processing_time, files_processed, batch_start_epoch,"
              " batch_end_epoch) SELECT {seconds}, {files}, max(batch_end_epoch),"
              " max(batch_end_epoch) + 300 FROM bot_logs;")
# What is done to the rows, and all that changes on the page; None: is not there any more.
FAULTS = {
    "a summary row is deleted": (
        "DELETE FROM points_summary WHERE bot_log_id = 10 AND node_id = 1",
        {of("summaries_missing", **{"in": "points_summary"}): "1",
         of("nodes_wrong_score"): "1"}),
    "a score is wrong": (
        "UPDATE nodes SET score = 8 WHERE id = 1",
        {of("nodes_wrong_score"): "1", of("score_points", block_producer=PRODUCERS[0]): "8"}),
    "a producer who stopped has a score": (
        "INSERT INTO nodes (block_producer_key, score, score_percent) VALUES ('B62gone', 5, 55.5)",
        {of("nodes_stale_score"): "1", of("nodes", application_status="none"): "4",
         of("nodes_scored"): "4", of("score_points", block_producer="B62gone"): "5",
         of("score_ratio", block_producer="B62gone"): "0.555"}),
    "a summary row is an orphan": (
        "INSERT INTO points_summary VALUES (999, 1)",
        {of("summaries_orphaned"): "1", of("summaries_missing", **{"in": "points"}): "1"}),
    "a producer stands twice": (
        "INSERT INTO nodes (block_producer_key)"
        " SELECT block_producer_key FROM nodes WHERE id = 1",
        {of("nodes_duplicate_keys"): "1", of("nodes", application_status="none"): "4"}),
    "a score is above 100 percent": (
        "UPDATE nodes SET score_percent = 120 WHERE id = 2",
        {of("nodes_over_100_percent"): "1",
         of("score_ratio", block_producer=PRODUCERS[1]): "1.2"}),
    "a gap": (
        "UPDATE bot_logs SET batch_start_epoch = batch_start_epoch + 300 WHERE id = 5",
        {of("batch_gap_seconds_24h"): "300"}),
    "a batch overlaps": (
        "UPDATE bot_logs SET batch_start_epoch = batch_start_epoch - 300 WHERE id = 5",
        {of("batch_overlaps_24h"): "1"}),
    "a batch within another is no gap behind it": (
        "UPDATE bot_logs SET batch_end_epoch = batch_end_epoch + 2400 WHERE id = 5",
        {of("batch_overlaps_24h"): "2"}),
    "a batch is rolled back": (
        "BEGIN; " + NEXT_BATCH.format(seconds=3, files=11) + " ROLLBACK",
        {of("bot_log_ids_rolled_back"): "1"}),
    "an empty batch": (
        NEXT_BATCH.format(seconds=0.4, files=0),
        {of("last_batch_end_timestamp_seconds"): str(LAST_END + 300),
         of("last_batch_processing_seconds"): "0.4", of("last_batch_submissions"): "0",
         of(BY_RESULT, result="valid"): "0", of(BY_RESULT, result="invalid"): "0",
         of(BY_RESULT, result="pending"): "3", of("submissions_waiting"): "0",
         of("submissions_unverified_in_done_batches"): "3", of("last_batch_points"): "0",
         of("last_batch_nodes"): "0", of("last_batch_written_timestamp_seconds"): None}),
    "a verifier missed some": (
        "UPDATE submissions SET verified = NULL WHERE id IN (35, 36)",
        {of("submissions_unverified_in_done_batches"): "2",
         of(BY_RESULT, result="valid"): "10", of(BY_RESULT, result="pending"): "1"}),
    "errors of other kinds": (
        "UPDATE submissions SET validation_error = 'No block found in the S3 bucket' WHERE id = 119"
        "; UPDATE submissions SET validation_error = E'na\"me\\nof mine' WHERE id = 118",
        {of("validation_errors", **{"class": "invalid_proof"}): "6",
         of("validation_errors", **{"class": "no_block_found"}): "1",
         of("validation_errors", **{"class": "other"}): "1",
         of(BY_RESULT, result="valid"): "10", of(BY_RESULT, result="verified_with_error"): "1"}),
    "scores were not made": (
        "DELETE FROM score_history WHERE score_at = (SELECT max(score_at) FROM score_history)",
        {of("score_history_last_timestamp_seconds"): str(LAST_END - 1200)}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_rows_is_found(fault, server, watch, change):
    statement, expected = FAULTS[fault]
    change(statement)
    page = asked(watch())
    assert failing(page) == set()
    healthy = samples((CASE / "expected.prom").read_text())
    told = samples(shifted_back(page.text, server.shift))
    assert {series: told.get(series) for series in {**healthy, **told}
            if told.get(series) != healthy.get(series)} == expected


def test_batches_that_come_are_counted_once(watch, change):
    exporter = watch()
    page = asked(exporter)
    assert page["mina_uptime_batches_total"] == 0
    change(NEXT_BATCH.format(seconds=3, files=11)
           + " BEGIN; " + NEXT_BATCH.format(seconds=4, files=11) + " ROLLBACK;"
           + NEXT_BATCH.format(seconds=45, files=0) + NEXT_BATCH.format(seconds=700, files=12))
    page = becomes(exporter, lambda page: page["mina_uptime_batches_total"] > 0, 40, "are counted")
    assert page["mina_uptime_batches_total"] == 3
    assert page["mina_uptime_batches_empty_total"] == 1
    assert page["mina_uptime_batch_processing_seconds_sum"] == 748
    assert page.by("mina_uptime_batch_processing_seconds_bucket", "le")["60"] == 2
    page = becomes(exporter, lambda page: page["mina_uptime_bot_log_ids_skipped_24h"] > 0, 70,
                   "the next look at the whole day")
    assert page["mina_uptime_bot_log_ids_skipped_24h"] == 1
    assert page["mina_uptime_bot_log_ids_rolled_back"] == 0
    assert page["mina_uptime_batches_total"] == 3


def test_sessions_of_the_coordinator(watch, session):
    session("SELECT 1")
    assert asked(watch())["mina_uptime_coordinator_sessions"] == 1
    session("SELECT 1")
    assert asked(watch())["mina_uptime_coordinator_sessions"] == 2
    page = asked(watch("--mina.coordinator-role=other"))
    assert page["mina_uptime_coordinator_sessions"] == 0


def test_no_batch_and_no_row(server, watch, change):
    change("TRUNCATE bot_logs, points, points_summary, score_history, submissions, nodes,"
           " statehash, bot_logs_statehash RESTART IDENTITY")
    page = asked(watch())
    assert failing(page) == set()
    for missing in ("last_batch_end_timestamp_seconds", "last_batch_submissions",
                    "last_batch_submissions_covered", "last_batch_points_covered",
                    "last_submission_timestamp_seconds", "score_history_last_timestamp_seconds"):
        assert page.get(f"mina_uptime_{missing}") is None, missing
    assert page["mina_uptime_scores_truncated"] == page["mina_uptime_bot_log_ids_rolled_back"] == 0
    assert page["mina_uptime_nodes_active_24h"] == page["mina_uptime_summaries_orphaned"] == 0


def test_the_first_row_only_says_where_batches_begin(watch, change):
    change("TRUNCATE bot_logs, points, points_summary, score_history, bot_logs_statehash;"
           " INSERT INTO bot_logs (processing_time, files_processed, batch_start_epoch,"
           " batch_end_epoch) SELECT 0, -1, now, now FROM"
           " (SELECT extract(epoch FROM now())::bigint AS now) AS t")
    page = asked(watch())
    ended = page["mina_uptime_last_batch_end_timestamp_seconds"]
    assert ended == pytest.approx(time.time(), abs=20)
    assert page.get("mina_uptime_last_batch_submissions") is None
    assert page.get("mina_uptime_last_batch_processing_seconds") is None
    # What came before it belongs to no batch.
    assert page["mina_uptime_submissions_unverified_in_done_batches"] == 0


def test_scores_are_limited(watch):
    page = asked(watch("--mina.per-producer-limit=1"))
    assert page.by("mina_uptime_score_points", "block_producer") == {PRODUCERS[0]: 9}
    assert page["mina_uptime_scores_truncated"] == 2
    page = asked(watch("--mina.per-producer-limit=0"), QUERIES - 1)
    assert page.get("mina_uptime_scores_truncated") is None


def test_days_that_count_are_a_flag(watch, change):
    """Of the last day by the last batch all nine count; with batches moved two days back none of
    those."""
    change("UPDATE bot_logs SET batch_start_epoch = batch_start_epoch - 172800,"
           " batch_end_epoch = batch_end_epoch - 172800 WHERE id < 6")
    assert asked(watch("--mina.uptime-days=3"))["mina_uptime_nodes_wrong_score"] == 0
    assert asked(watch("--mina.uptime-days=1"))["mina_uptime_nodes_wrong_score"] == 3


def test_cassandra_switches_off_what_waits(watch):
    page = asked(watch("--mina.storage=cassandra"), QUERIES - 1)
    for missing in ("submissions_waiting", "submissions_unverified_in_done_batches",
                    "last_submission_timestamp_seconds"):
        assert page.get(f"mina_uptime_{missing}") is None
    assert page.get(f"mina_uptime_{BY_RESULT}", result="valid") == 11


def test_a_window_that_does_not_cover_the_batch_is_said(watch, change):
    change("INSERT INTO submissions (submitted_at_date, submitted_at, submitter)"
           " SELECT now()::date, now() + i * interval '1 ms', 'x'"
           " FROM generate_series(1, 20001) AS i")
    page = asked(watch())
    assert page["mina_uptime_last_batch_submissions_covered"] == 0
    assert page.series(f"mina_uptime_{BY_RESULT}") == {}
    assert page["mina_uptime_submissions_waiting"] == 20000
    assert page["mina_uptime_last_batch_points_covered"] == 1


WRITES = ["INSERT INTO points_summary VALUES (1, 1)", "UPDATE nodes SET score = 0",
          "DELETE FROM bot_logs", "TRUNCATE points", "CREATE TABLE mine (id int)",
          "CREATE TEMP TABLE mine (id int)", "SELECT nextval('bot_logs_id_seq')",
          "DROP TABLE nodes"]


@pytest.mark.parametrize("statement", WRITES)
def test_the_role_cannot_write(statement, server, database):
    with pytest.raises(SqlError, match="read-only|permission denied|must be owner"):
        server.sql(statement, database, "mina_ro")
    if "TEMP" not in statement:  # Which harms nobody.
        with pytest.raises(SqlError, match="permission denied|must be owner"):
            server.sql("SET default_transaction_read_only = off; " + statement, database, "mina_ro")


def test_a_session_of_the_exporter_is_read_only_whatever_the_role_says(server, watch, database):
    asked(watch())
    told = server.sql("SELECT usename, datname FROM pg_stat_activity"
                      " WHERE application_name = 'mina_exporter'")
    assert told == f"mina_ro|{database}"
