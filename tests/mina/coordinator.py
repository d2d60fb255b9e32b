#!/usr/bin/env python3
"""A small uptime coordinator: a private PostgreSQL with some batches, and who goes on writing them.
For the demo, the boards and the fault matrix.

As a program, which begins with the rows of a real coordinator, it runs until it is ended by SIGTERM:
  tests/mina/coordinator.py FOLDER [SECONDS]
prints "ready DSN" once the exporter can connect; a batch has so many SECONDS (60).
"""
import contextlib
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from postgres import Postgres  # noqa: E402
from recorded import load_recorded  # noqa: E402

DATABASE = "coordinator"
PRODUCERS, BATCHES, PER_BATCH = 12, 200, 4
SUBMIT = ("INSERT INTO submissions (submitted_at_date, submitted_at, submitter, created_at)"
          " SELECT at::date, at, block_producer_key, at FROM nodes,"
          " (SELECT to_timestamp({}) AT TIME ZONE 'UTC' AS at) AS t;\n")


class Coordinator:
    """`seconds`: its interval. `recorded`: it begins with the rows of a real coordinator instead of
    some hours of its own. While it writes it has a session of its role."""

    def __init__(self, folder, seconds=60, recorded=False):
        self.server = Postgres(folder, client_connection_check_interval="100ms", timezone="UTC")
        self.seconds, self.recorded = seconds, recorded
        self.psql = self.thread = None
        self.ended = threading.Event()

    @property
    def dsn(self):
        return f"{self.server.dsn} dbname={DATABASE} user=mina_ro"

    def start(self):
        self.server.start()
        if self.recorded:
            # The last recorded submissions came half a minute after the last batch.
            load_recorded(self.server, DATABASE, time.time() - 60)
        else:
            self.server.sql(f"CREATE DATABASE {DATABASE}")
            self.server.load(HERE / "schema.sql", DATABASE)
            self.server.load(HERE / "load.sql", DATABASE, variables={
                "producers": PRODUCERS, "batches": BATCHES, "seconds": self.seconds,
                "per_batch": PER_BATCH, "age": 0})
        self.go_on()
        return self

    def go_on(self):
        """Writes: submissions all the time, and each batch when its time is over."""
        self.ended.clear()
        self.psql = subprocess.Popen(
            [str(self.server.bin / "psql"), "-X", "-q", "-o", "/dev/null", "-d",
             f"{self.server.dsn} dbname={DATABASE} user=coordinator"], stdin=subprocess.PIPE,
            text=True)
        self.thread = threading.Thread(target=self._write, daemon=True)
        self.thread.start()

    def stop_writing(self):
        self.ended.set()
        self.thread.join(10)
        with contextlib.suppress(BrokenPipeError):  # The server has gone before.
            self.psql.stdin.close()
        self.psql.wait(10)

    def come_back(self):
        """After the server was stopped."""
        self.stop_writing()
        self.server.start()
        self.go_on()

    def _write(self):
        last, submitted = (float(found) for found in self.server.sql(
            "SELECT max(batch_end_epoch) FROM bot_logs;"
            "SELECT extract(epoch FROM max(submitted_at)) FROM submissions", DATABASE).split())
        last = int(last)
        # What came due while nobody wrote is worked off: producers send again what was not taken.
        while not self.ended.is_set():
            while submitted + self.seconds / PER_BATCH <= time.time():
                submitted += self.seconds / PER_BATCH
                self._say(SUBMIT.format(submitted))
            while time.time() >= last + self.seconds + self.seconds / 20:
                last += self.seconds
                self._say(f"\\set ends {last}\n\\set took {self.seconds / 20 * (1 + last % 3)}\n"
                          f"\\set valid 1\n\\i {HERE / 'batch.sql'}\n")
            self.ended.wait(self.seconds / PER_BATCH)

    def _say(self, text):
        try:
            self.psql.stdin.write(text)
            self.psql.stdin.flush()
        except OSError:  # The server has gone.
            self.ended.set()

    def discard(self):
        if self.psql is not None:
            self.ended.set()
            self.thread.join(10)
            self.psql.kill()
            self.psql.wait(10)
        self.server.discard()


def main():
    folder, *seconds = sys.argv[1:]
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    coordinator = Coordinator(folder, *map(int, seconds), recorded=True)
    try:
        coordinator.start()
        print(f"ready {coordinator.dsn}", flush=True)
        over.wait()
    finally:
        coordinator.discard()


if __name__ == "__main__":
    main()
