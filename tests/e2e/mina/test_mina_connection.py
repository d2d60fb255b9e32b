"""mina_exporter and a database that hangs, dies, locks and refuses: what is told of the rest, and
that it comes back."""
from harness import wait_until
from mina_pages import QUERIES, asked, becomes, failing, up
from postgres import go_on, hang


def test_a_backend_that_stands_still_is_left(server, watch):
    exporter = watch()
    asked(exporter)
    (stopped,) = server.backends("mina_exporter")
    hang(stopped)
    try:
        wait_until(lambda: set(server.backends("mina_exporter")) - {stopped}, 30, "a new one")
        page = becomes(exporter, up, 20, "is up again")
        assert page["mina_uptime_last_batch_submissions"] == 11
    finally:
        go_on(stopped)
    wait_until(lambda: stopped not in server.backends("mina_exporter"), 20, "the old one ends")


def test_a_server_that_stands_still_and_goes_on(server, watch):
    exporter = watch()
    asked(exporter)
    server.hang_all()
    try:
        page = becomes(exporter, lambda page: not up(page), 30, "is down")
        assert page.get("mina_uptime_last_batch_submissions") is None
        assert page["mina_uptime_interval_seconds"] == 1200
        assert len(page.series("mina_uptime_query_up")) == QUERIES
    finally:
        server.go_on_all()
    page = becomes(exporter, up, 30, "is up again")
    assert page["mina_uptime_last_batch_submissions"] == 11


def test_a_server_that_is_killed_and_one_that_is_restarted(server, watch):
    exporter = watch()
    asked(exporter)
    server.kill()
    page = becomes(exporter, lambda page: not up(page), 20, "is down")
    assert page.get("mina_uptime_last_batch_submissions") is None
    assert page.get("stakewatch_source_failures_total", source="database", reason="unreachable") > 0
    server.start()
    page = becomes(exporter, up, 30, "is up again")
    assert page["mina_uptime_last_batch_submissions"] == 11 and failing(page) == set()
    server.restart()
    page = becomes(exporter, lambda page: up(page) and server.backends("mina_exporter"), 30,
                   "is up after a restart")
    assert page["mina_uptime_last_batch_submissions"] == 11


def test_a_connection_that_is_terminated_is_made_again(server, watch):
    exporter = watch()
    asked(exporter)
    (before,) = server.backends("mina_exporter")
    server.terminate("mina_exporter")
    wait_until(lambda: set(server.backends("mina_exporter")) - {before}, 20, "a new one")
    page = becomes(exporter, up, 10, "is up")
    assert page["mina_uptime_last_batch_submissions"] == 11


def test_the_role_has_no_connection_left(server, watch, session):
    others = [session("SELECT 1", role="mina_ro") for _ in range(3)]
    exporter = watch()
    page = becomes(exporter, lambda page: page.get("stakewatch_source_up", source="database") == 0,
                   20, "is down")
    assert page.series("mina_uptime_query_up") == {}
    others[0].discard()
    becomes(exporter, up, 30, "is up")
    assert len(asked(exporter).series("mina_uptime_query_up")) == QUERIES
    assert len(server.backends("mina_exporter")) == 1


def test_a_locked_table_fails_its_queries_alone(watch, session):
    lock = session("BEGIN; LOCK TABLE points IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)")
    exporter = watch()
    page = asked(exporter, seconds=40)
    assert failing(page) == {"points_last_batch", "summary_mismatch", "oldest_rows", "table_sizes"}
    assert up(page) and page["mina_uptime_last_batch_submissions"] == 11
    assert page.get("mina_uptime_last_batch_points") is None
    lock.discard()
    page = becomes(exporter, lambda page: not failing(page), 60, "all of them work")
    assert page["mina_uptime_last_batch_points"] == 11


def test_a_column_of_another_name_fails_its_queries_alone(watch, change):
    change("ALTER TABLE submissions RENAME COLUMN verified TO checked")
    exporter = watch()
    page = asked(exporter)
    assert failing(page) == {"submissions_last_batch", "submissions_waiting"}
    assert up(page) and page["mina_uptime_last_batch_points"] == 11
    assert page.get("mina_uptime_query_errors_total", query="submissions_waiting",
                    reason="query_error") >= 1
    assert "verified" in exporter.log()
    change("ALTER TABLE submissions RENAME COLUMN checked TO verified")
    page = becomes(exporter, lambda page: not failing(page), 60, "both work")
    assert page["mina_uptime_submissions_waiting"] == 3


def test_without_the_right_on_the_sequence(watch, change):
    change("REVOKE SELECT ON SEQUENCE bot_logs_id_seq FROM mina_ro")
    page = asked(watch())
    assert failing(page) == {"rollbacks"}
    page = asked(watch("--sql.disable=rollbacks"), QUERIES - 1)
    assert failing(page) == set()
