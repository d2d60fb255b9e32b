#!/usr/bin/env python3
"""A ComputeHorde validator as its exporter sees it: a database of tests/computehorde/schema/ on a
private PostgreSQL, queues in a private Redis, and a folder of backups; and what it does meanwhile.

As a program it runs one in the foreground until its standard input ends, for the demo:
  tests/computehorde/validator.py FOLDER [SOCKET_FOLDER]
prints "ready" and the exporter's flags, one a line, once it is filled. SOCKET_FOLDER is that of a
PostgreSQL that runs already; without one it starts its own.
"""
import os
import pathlib
import select
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT  # noqa: E402
from postgres import Postgres  # noqa: E402
from redis import Redis  # noqa: E402

SCHEMA = ROOT / "tests/computehorde/schema"
ERAS = {"2024-11": "2024_11", "2026-01": "2026_01"}
WRITE_EVERY_SECONDS = 5

# What happens between two looks at it: a block, at times manifests, an event, a job.
GOES_ON = """
UPDATE validator_block SET end_timestamp = now() WHERE end_timestamp IS NULL;
INSERT INTO validator_block SELECT max(block_number) + 1, now() FROM validator_block
  HAVING max(creation_timestamp) < now() - interval '12 seconds';
INSERT INTO validator_minermanifest (created_at, executor_count, miner_id, online_executor_count, executor_class)
  SELECT now(), 2, id, 1 + id % 2, CASE WHEN id < 4 THEN 'always_on.llm.a6000' ELSE 'spin_up-4min.gpu-24gb' END
  FROM validator_miner WHERE (SELECT max(created_at) FROM validator_minermanifest) < now() - interval '5 minutes';
INSERT INTO validator_systemevent (type, subtype, timestamp, long_description, data, sent)
  VALUES ('MINER_ORGANIC_JOB_SUCCESS', 'SUCCESS', now(), '', '{}', true);
UPDATE validator_systemevent SET sent = true;
UPDATE validator_organicjob SET status = 'COMPLETED' WHERE status = 'PENDING' AND updated_at < now() - interval '1 minute';
INSERT INTO validator_weightsettingfinishedevent (created_at, block_from, block_to)
  SELECT now(), max(block_to), max(block_to) + 722 FROM validator_weightsettingfinishedevent
  HAVING max(created_at) < now() - interval '144 minutes';
"""


def fill(server, database, era):
    """A database of its own in a PostgreSQL that runs, and the exporter's role."""
    server.sql(f"CREATE DATABASE {database}")
    server.load(SCHEMA / f"{ERAS[era]}.sql", database)
    server.load(SCHEMA / f"{ERAS[era]}_rows.sql", database)
    server.sql("CREATE TABLE auth_user (id int, password text); CREATE TABLE django_session (id int)",
               database)
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


class Given:
    """A PostgreSQL that somebody else runs, by the folder of its socket."""

    def __init__(self, folder):
        self.dsn = f"host={folder}"
        self.folder = folder

    def sql(self, text, database="postgres"):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                               self.folder, "-U", "postgres", "-d", database, "-f", "-"],
                              input=text.encode(), capture_output=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode().rstrip("\n")

    def load(self, path, database):
        return self.sql(pathlib.Path(path).read_text(), database)


def main():
    folder, *given = sys.argv[1:]
    programs = [Redis(folder).start()]
    if given:
        server = Given(given[0])
    else:
        server = Postgres(folder).start()
        programs.append(server)
    fill(server, "validator", "2026-01")
    backups = pathlib.Path(folder) / "backups"
    backups.mkdir()
    write_backups(backups)
    redis = programs[0]
    print("ready", database_flag(server, "validator"), *redis_flags(redis),
          f"--backup.folder={backups}", "--backup.keep-last=7", sep="\n", flush=True)
    waiting = 0
    while not select.select([sys.stdin], [], [], WRITE_EVERY_SECONDS)[0]:
        server.sql(GOES_ON, "validator")
        # Some tasks come, and a worker takes them all.
        waiting = (waiting + 3) % 8
        redis.command("DEL", "default")
        if waiting:
            redis.command("RPUSH", "default", *["task"] * waiting)
    for program in programs:
        program.discard()


if __name__ == "__main__":
    main()
