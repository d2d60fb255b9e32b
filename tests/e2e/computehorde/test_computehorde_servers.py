"""computehorde_exporter and a PostgreSQL or a Redis that hangs, dies or refuses: what fails leaves
the rest, and comes back."""
import re
import signal
import subprocess

import pytest
from computehorde_pages import QUEUES, asked, failed, settled, up
from harness import free_port
from postgres import Postgres, go_on, hang
from redis import USER, Redis, RedisError
from validator import Database, redis_flags


def test_a_table_without_a_grant_leaves_the_rest(database, run_exporter):
    exporter = run_exporter("computehorde_exporter", database.flag)
    assert not failed(settled(exporter))
    database.sql("REVOKE SELECT ON django_migrations FROM stakewatch")
    page = exporter.wait(lambda: failed(page := exporter.page()) == {"schema"} and page, 40,
                         "fails")
    assert page.get("computehorde_query_errors_total", query="schema", reason="query_error") >= 1
    assert up(page)["database"] == 1
    # What was found last is told while it is not old, and the era stays.
    assert page.by("computehorde_schema_state", "state")["known"] == 1
    asked(exporter, "events", "blocks")
    database.sql("GRANT SELECT ON django_migrations TO stakewatch")
    exporter.wait(lambda: not failed(exporter.page()), 60, "works again")


def test_a_column_that_is_gone_leaves_the_rest(database, run_exporter):
    database.sql("ALTER TABLE validator_organicjob DROP COLUMN cheated")
    page = settled(run_exporter("computehorde_exporter", database.flag))
    assert failed(page) == {"organic_cheated"}
    assert "computehorde_organic_jobs_cheated" not in page.names()
    assert page["computehorde_organic_pending"] == 1


@pytest.fixture(name="own_postgres")
def make_own_postgres(place):
    server = Postgres(place).start()
    yield server
    server.discard()


def test_a_database_that_hangs_dies_and_comes_back(own_postgres, run_exporter, backups):
    server = own_postgres
    database = Database(server, "2026-01")
    exporter = run_exporter("computehorde_exporter", database.flag, f"--backup.folder={backups}")
    assert up(settled(exporter)) == {"database": 1, "backup": 1}

    def goes_down():
        def look():
            page = exporter.page(timeout_seconds=5)
            assert page.seconds < 5 and up(page)["backup"] == 1
            return up(page)["database"] == 0 and page
        page = exporter.wait(look, 40, "down")
        assert "computehorde_serving" not in page.names()

    def comes_back():
        exporter.wait(lambda: exporter.page().get("computehorde_serving") == 1, 90, "comes back")
    server.hang_all()
    goes_down()
    server.go_on_all()
    comes_back()
    server.kill()
    goes_down()
    server.start()
    comes_back()


def test_queues_of_all_priorities(exporter, redis):
    redis.command("RPUSH", "default", "a", "b")
    redis.command("RPUSH", "default\x06\x169", "c")
    redis.command("RPUSH", "default\x06\x163", "d")
    redis.command("RPUSH", "weights\x06\x166", "e")
    redis.command("RPUSH", "other", "f")
    redis.command("HSET", "unacked", "t1", "{}", "t2", "{}")
    redis.command("ZADD", "unacked_index", "1795300000.25", "t1", "1795300100", "t2")
    page = exporter.page()
    assert page.by("computehorde_celery_queue_length", "queue") == {
        "default": 4, "weights": 1, "metagraph": 0, "organic_jobs": 0}
    assert page["computehorde_celery_unacked"] == 2
    assert page["computehorde_celery_unacked_oldest_timestamp_seconds"] == 1795300000.25
    assert page["computehorde_redis_memory_used_bytes"] > 100_000
    assert page["computehorde_redis_memory_max_bytes"] == 0


def test_queues_that_are_named(run_exporter, database, redis):
    exporter = run_exporter("computehorde_exporter", database.flag, *redis_flags(redis),
                            "--computehorde.queue=other")
    redis.command("RPUSH", "other", "f")
    assert exporter.page().by("computehorde_celery_queue_length", "queue") == {"other": 1}


def failures(page, reason):
    return page.get("stakewatch_source_failures_total", source="celery", reason=reason) or 0


def test_a_redis_that_hangs_dies_and_comes_back(exporter, redis):
    assert up(exporter.page())["celery"] == 1
    redis.hang()
    page = exporter.page(timeout_seconds=3)
    assert page.seconds < 3
    assert up(page)["celery"] == 0 and up(page)["backup"] == 1
    assert failures(page, "timeout") == 1
    assert "computehorde_celery_queue_length" not in page.names()
    redis.go_on()
    assert up(exporter.page())["celery"] == 1
    redis.kill()
    page = exporter.page()
    assert up(page)["celery"] == 0 and failures(page, "unreachable") == 1
    redis.start()
    assert up(exporter.page())["celery"] == 1


def test_a_redis_started_again_between_two_scrapes_is_no_fault(exporter, redis):
    assert up(exporter.page())["celery"] == 1
    redis.kill()
    redis.start()
    page = exporter.page()
    assert up(page)["celery"] == 1 and failures(page, "unreachable") == 0


def test_a_wrong_password_is_told_and_a_right_one_is_taken(exporter, redis):
    redis.set_password("wrong")
    redis.kill()
    redis.start()
    page = exporter.page()
    assert up(page)["celery"] == 0 and failures(page, "query_error") == 1
    assert re.search(r"WRONGPASS", exporter.log()) and "hush" not in exporter.log()
    redis.set_password("hush")
    assert up(exporter.page())["celery"] == 1


def test_a_command_without_the_right_leaves_the_others(run_exporter, database, redis):
    redis.command("ACL", "SETUSER", USER, "-zrange")
    page = run_exporter("computehorde_exporter", database.flag, *redis_flags(redis)).page()
    assert up(page)["celery"] == 0 and failures(page, "query_error") == 1
    assert set(page.by("computehorde_celery_queue_length", "queue")) == QUEUES
    assert page["computehorde_celery_unacked"] == 0
    assert page["computehorde_redis_memory_used_bytes"] > 0


def test_redis_over_tls_shows_who_it_is(place, database, run_exporter, programs):
    key, certificate, port = place / "key.pem", place / "cert.pem", free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=30)
    key.chmod(0o644)
    redis = Redis(place, more=f"tls-port {port}\nbind 127.0.0.1\ntls-auth-clients no\n"
                              f'tls-cert-file "{certificate}"\ntls-key-file "{key}"\n')
    programs.append(redis)
    redis.start()
    flags = [f"--computehorde.redis=rediss://127.0.0.1:{port}", *redis_flags(redis)[1:]]
    believed = run_exporter("computehorde_exporter", database.flag, *flags,
                            f"--computehorde.redis-ca-file={certificate}")
    for _ in range(2):
        assert up(believed.page())["celery"] == 1
    page = run_exporter("computehorde_exporter", database.flag, *flags).page()
    assert up(page)["celery"] == 0 and failures(page, "tls") == 1
    assert "computehorde_celery_queue_length" not in page.names()


def test_the_user_of_redis_can_do_nothing_else(redis):
    for words in (("SET", "a", "b"), ("DEL", "default"), ("LRANGE", "default", "0", "-1"),
                  ("CONFIG", "GET", "*"), ("FLUSHALL",), ("EVAL", "return 1", "0")):
        with pytest.raises(RedisError, match="NOPERM"):
            redis.command(*words, user=USER, password="hush")
    assert redis.command("LLEN", "default", user=USER, password="hush") == "0"


def test_it_ends_at_once_while_everything_hangs(exporter, redis, postgres):
    settled(exporter)
    backends = postgres.backends("computehorde_exporter")
    redis.hang()
    for pid in backends:
        hang(pid)
    try:
        assert exporter.end(signal.SIGTERM, seconds=5) == 0
    finally:
        for pid in backends:
            go_on(pid)
        redis.go_on()
