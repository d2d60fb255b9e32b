#!/usr/bin/env python3
"""A ComputeHorde validator as its exporter sees it: a database of tests/computehorde/schema/ on a
private PostgreSQL, queues in a private Redis, and a folder of backups; and what it does meanwhile.

As a program it runs one in the foreground, for the demo:
  tests/computehorde/validator.py FOLDER
prints "ready" and the exporter's flags, one a line, once it is filled.
"""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT  # noqa: E402
from postgres import Postgres, SqlError  # noqa: E402
from redis import Redis, RedisError  # noqa: E402

SCHEMA = ROOT / "tests/computehorde/schema"
ERAS = {"2024-11": "2024_11", "2026-01": "2026_01"}
WRITE_EVERY_SECONDS = 5
DATABASE = "validator"

# What happens between two looks at it: a block, at times manifests, an event, a job, weights. Weights
# that are much too late stay so: then a fault has been put into the data.
GOES_ON = """
UPDATE validator_block SET end_timestamp = now() WHERE end_timestamp IS NULL;
INSERT INTO validator_block SELECT max(block_number) + 1, now() FROM validator_block
  HAVING max(creation_timestamp) < now() - interval '12 seconds';
INSERT INTO validator_minermanifest
  (created_at, executor_count, miner_id, online_executor_count, executor_class)
  SELECT now(), 2, id, 1 + id % 2,
    CASE WHEN id < 4 THEN 'always_on.llm.a6000' ELSE 'spin_up-4min.gpu-24gb' END
  FROM validator_miner
  WHERE (SELECT max(created_at) FROM validator_minermanifest) < now() - interval '5 minutes';
INSERT INTO validator_systemevent (type, subtype, timestamp, long_description, data, sent)
  VALUES ('MINER_ORGANIC_JOB_SUCCESS', 'SUCCESS', now(), '', '{}', true);
UPDATE validator_systemevent SET sent = true;
UPDATE validator_organicjob SET status = 'COMPLETED'
  WHERE status = 'PENDING' AND updated_at < now() - interval '1 minute';
INSERT INTO validator_weightsettingfinishedevent (created_at, block_from, block_to)
  SELECT now(), max(block_to), max(block_to) + 722 FROM validator_weightsettingfinishedevent
  HAVING max(created_at) BETWEEN now() - interval '5 hours' AND now() - interval '144 minutes';
"""


def fill(server, database, era):
    """A database of its own in a PostgreSQL that runs, and the exporter's role."""
    server.sql(f"CREATE DATABASE {database}")
    server.load(SCHEMA / f"{ERAS[era]}.sql", database)
    server.load(SCHEMA / f"{ERAS[era]}_rows.sql", database)
    server.sql("CREATE TABLE auth_user (id int, password text);"
               "CREATE TABLE django_session (id int)", database)
    server.load(ROOT / "exporters/computehorde/role.sql", database)


def database_flag(server, database):
    return f"--computehorde.dsn={server.dsn} dbname={database} user=stakewatch"


def redis_flags(server):
    return [f"--computehorde.redis=unix://{server.socket}",
            f"--computehorde.redis-username={server.user}",
            f"--computehorde.redis-password-file={server.password_file}"]


def write_backup(folder, name, at, size):
    path = pathlib.Path(folder) / f"db_dump_{name}.Fc.dump.zstd"
    path.write_bytes(b"x" * size)
    os.utime(path, (at, at))
    return path


def write_backups(folder):
    """Of three days, the last of 2 hours ago."""
    for name, hours, size in (("1", 50, 100), ("2", 26, 110), ("3", 2, 120)):
        write_backup(folder, name, time.time() - hours * 3600, size)


class Validator:
    """One with servers of its own, which goes on until it is stopped."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.server, self.redis = Postgres(folder), Redis(folder)
        self.backups = self.folder / "backups"
        self.stopped = threading.Event()
        self.writer = threading.Thread(target=self._write, daemon=True)

    def start(self):
        self.server.start()
        self.redis.start()
        fill(self.server, DATABASE, "2026-01")
        self.backups.mkdir()
        write_backups(self.backups)
        self.writer.start()
        return self

    @property
    def flags(self):
        return [database_flag(self.server, DATABASE), *redis_flags(self.redis),
                f"--backup.folder={self.backups}", "--backup.keep-last=7"]

    def sql(self, text):
        return self.server.sql(text, DATABASE)

    def _write(self):
        waiting = 0
        while not self.stopped.wait(WRITE_EVERY_SECONDS):
            try:
                self.sql(GOES_ON)
                # Some tasks come, and a worker takes them all.
                waiting = (waiting + 3) % 8
                self.redis.command("DEL", "default")
                if waiting:
                    self.redis.command("RPUSH", "default", *["task"] * waiting)
            except (SqlError, RedisError, subprocess.TimeoutExpired):
                pass  # A test has stopped one of them.

    def discard(self):
        self.stopped.set()
        self.redis.discard()
        self.server.discard()


class Database:
    """One of its own for each test."""
    count = 0

    def __init__(self, server, era):
        Database.count += 1
        self.server, self.name = server, f"validator{Database.count}"
        fill(server, self.name, era)

    def sql(self, text, role="postgres"):
        return self.server.sql(text, self.name, role)

    @property
    def flag(self):
        return database_flag(self.server, self.name)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    validator = Validator(sys.argv[1])
    try:
        validator.start()
        print("ready", *validator.flags, sep="\n", flush=True)
        signal.pause()
    finally:
        validator.discard()


if __name__ == "__main__":
    main()
