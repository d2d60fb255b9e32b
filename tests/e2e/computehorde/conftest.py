"""computehorde_exporter on a real PostgreSQL, a real Redis and a folder of backups, with the rights
of its role alone."""
import pathlib
import sys
import tempfile

import pytest
from harness import ROOT
from postgres import Postgres
from redis import Redis

sys.path.insert(0, str(ROOT / "tests/computehorde"))
from validator import Database, redis_flags, write_backups  # noqa: E402


@pytest.fixture(name="place")
def make_place():
    """A folder that the servers' users get to also when they are started again: pytest closes its
    own to others whenever another run of it begins."""
    with tempfile.TemporaryDirectory(prefix="stakewatch-test-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture(scope="module")
def postgres():
    with tempfile.TemporaryDirectory(prefix="stakewatch-test-") as folder:
        server = Postgres(folder).start()
        yield server
        server.discard()


@pytest.fixture
def database(postgres):
    return Database(postgres, "2026-01")


@pytest.fixture
def redis(place):
    server = Redis(place).start()
    yield server
    server.discard()


@pytest.fixture
def backups(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    write_backups(folder)
    return folder


@pytest.fixture
def exporter(run_exporter, database, redis, backups):
    return run_exporter("computehorde_exporter", database.flag, *redis_flags(redis),
                        f"--backup.folder={backups}", "--backup.keep-last=7")
