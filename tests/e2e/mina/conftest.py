"""mina_exporter on a copy of a real, private PostgreSQL with rows that a coordinator wrote."""
import itertools
import sys
import time

import pytest
from harness import ROOT, Program

sys.path.insert(0, str(ROOT / "tests/mina"))
from postgres import Postgres  # noqa: E402
from recorded import load_recorded  # noqa: E402

NAMES = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # A session ends with its client, also in the middle of a statement.
    postgres = Postgres(tmp_path_factory.mktemp("mina"), client_connection_check_interval="100ms")
    try:
        postgres.start()
        postgres.shift = load_recorded(postgres, "recorded", time.time() - 600)
        yield postgres
    finally:
        postgres.discard()


@pytest.fixture
def database(server):
    """A copy of the recorded one for each test."""
    name = f"mina{next(NAMES)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE recorded")
    return name


@pytest.fixture
def watch(server, database, run_exporter):
    def start(*flags):
        dsn = f"{server.dsn} dbname={database} user=mina_ro"
        return run_exporter("mina_exporter", f"--mina.dsn={dsn}", *flags)
    return start


@pytest.fixture
def change(server, database):
    """SQL by the database's owner."""
    return lambda text: server.sql(text, database, "coordinator")


@pytest.fixture
def session(server, database, programs):
    """A session of a role that begins with `text` and stays."""
    def start(text, role="coordinator"):
        name = f"session{next(NAMES)}"
        psql = Program(name, [
            server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
            f"{server.dsn} dbname={database} user={role} application_name={name}",
            "-c", text, "-c", "SELECT pg_sleep(600)"], server.folder.parent)
        programs.append(psql.start())
        psql.wait(lambda: server.sql(
            f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}'"
            " AND query LIKE '%pg_sleep%'"), 10, "has its session")
        return psql
    return start
