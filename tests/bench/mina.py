"""mina_exporter on a database in the shape of a programme of 500 producers and batches of 20
minutes: how long each query takes, what the whole exporter costs the database a minute, and what
naive queries would take. MINA_BENCH_DAYS (3) is how many days of batches are loaded; 90 are 4 GB.

usage: mina.py [--bin FOLDER] [--seconds 120]
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Exporter, wait_until  # noqa: E402
from postgres import Postgres  # noqa: E402

DATABASE, PRODUCERS, BATCH_SECONDS, PER_BATCH = "bench", 500, 1200, 2
UNITS = {"s": 1, "m": 60, "h": 3600}
VALUES = {"counted_id": "1000000", "per_producer_limit": "1000", "uptime_days": "90",
          "coordinator_role": "coordinator"}
TIMES = 5
TICKS = os.sysconf("SC_CLK_TCK")


def queries(paths):
    """(name, seconds from one to the next or None, text with its values) of each."""
    for path in paths:
        for name, options, text in re.findall(r"^-- @(\w+)(.*)\n([^;]*;)", path.read_text(), re.M):
            given = re.search(r"with=(\S+)", options)
            for number, value in enumerate(given[1].split(",") if given else (), 1):
                text = text.replace(f"${number}", f"'{VALUES[value]}'")
            every = re.search(r"every=(\d+)([smh])", options)
            yield name, every and int(every[1]) * UNITS[every[2]], text


def milliseconds(server, text, times):
    """The median of so many runs on one connection, as the exporter's is set."""
    told = server.sql("SET max_parallel_workers_per_gather = 0;\nSET timezone = 'UTC';\n"
                      "\\timing on\n" + f"{text}\n" * times, DATABASE, "mina_ro")
    found = [float(one) for one in re.findall(r"^Time: ([\d.]+) ms", told, re.M)]
    assert len(found) == times, told[-500:]
    return statistics.median(found)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def load(server, days):
    begun = time.monotonic()
    server.sql(f"CREATE DATABASE {DATABASE}")
    server.load(ROOT / "tests/mina/schema.sql", DATABASE)
    command = [server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.folder, "-p",
               server.port, "-U", "postgres", "-d", DATABASE, "-v", f"producers={PRODUCERS}", "-v",
               f"batches={days * 86400 // BATCH_SECONDS}", "-v", f"seconds={BATCH_SECONDS}", "-v",
               f"per_batch={PER_BATCH}", "-v", "age=540", "-f", ROOT / "tests/mina/load.sql"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    told = server.sql("SELECT pg_size_pretty(pg_database_size(current_database())),"
                      " (SELECT count(*) FROM submissions), (SELECT count(*) FROM points)",
                      DATABASE)
    size, submissions, points = told.split("|")
    print(f"{days} days, {size}: {submissions} submissions, {points} points;"
          f" loaded in {time.monotonic() - begun:.0f} s\n")


def of_queries(server):
    """Prints them; what they cost in milliseconds a minute by their intervals."""
    print(f"{'query':24} {'every':>6} {'ms':>9} {'ms a minute':>12}")
    costs = {}
    for name, every, text in queries(sorted((ROOT / "exporters/mina/queries").glob("*.sql"))):
        took = milliseconds(server, text, TIMES)
        costs[name] = (every, took * 60 / every)
        print(f"{name:24} {every:5}s {took:9.2f} {took * 60 / every:12.2f}", flush=True)
    print(f"\n{'naive':40} {'ms':>9}")
    for name, _, text in queries([ROOT / "tests/bench/mina_naive.sql"]):
        print(f"{name:40} {milliseconds(server, text, 1):9.0f}", flush=True)
    return costs


def of_the_exporter(server, program, folder, seconds, costs):
    """Measured at the backend, over the queries that come in that time; the others by their own."""
    exporter = Exporter(program, folder, f"--mina.dsn={server.dsn} dbname={DATABASE} user=mina_ro",
                        name="mina_exporter").start()
    try:
        wait_until(lambda: len(exporter.page().series("mina_uptime_query_up")) == len(costs), 120,
                   "every query is asked once")
        (backend,) = server.backends("mina_exporter")
        before, own = cpu_seconds(backend), cpu_seconds(exporter.process.pid)
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            page = exporter.page()
            time.sleep(5)  # As a Prometheus scrapes.
        took = time.monotonic() - begun
        measured = (cpu_seconds(backend) - before) * 60_000 / took
        ours = (cpu_seconds(exporter.process.pid) - own) * 60_000 / took
        assert all(page.by("mina_uptime_query_up", "query").values())
    finally:
        exporter.discard()
    rare = sum(cost for every, cost in costs.values() if every > seconds)
    whole = measured + rare
    print(f"\nthe database's CPU for the exporter: {whole:.0f} ms a minute, {whole / 600:.2f} % of"
          f" a core\n  measured over {took:.0f} s {measured:.0f} ms a minute, and {rare:.0f} of the"
          f" queries that come less often\n  by the times above:"
          f" {sum(cost for _, cost in costs.values()):.0f}"
          f"\nthe exporter's own, scraped every 5 s: {ours:.0f} ms a minute")


def main():
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--bin", default=ROOT / "build/release/bin")
    flags.add_argument("--seconds", type=int, default=120)
    given = flags.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stakewatch-bench-mina."))
    server = Postgres(folder, shared_buffers="256MB", max_wal_size="8GB")
    try:
        server.start()
        load(server, int(os.environ.get("MINA_BENCH_DAYS", "3")))
        costs = of_queries(server)
        of_the_exporter(server, pathlib.Path(given.bin) / "mina_exporter", folder, given.seconds,
                        costs)
    finally:
        server.discard()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
