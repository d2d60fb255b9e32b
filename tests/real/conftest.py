"""What the tests beside a real Geth share: the programs, and a node whose chain moves."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import GETH_START_SECONDS, ROOT, Exporter, Geth, promtool_accepts  # noqa: E402

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))

PROMETHEUS_WAITS = 2  # X-Prometheus-Scrape-Timeout-Seconds; the exporter's deadline is 1.5 s.


def scrape(exporter):
    """A page, in the time that Prometheus gives it."""
    page = exporter.page(timeout_seconds=PROMETHEUS_WAITS)
    assert page.seconds < PROMETHEUS_WAITS, "Prometheus would have given up"
    promtool_accepts(page.text)
    return page


@pytest.fixture
def programs():
    """What is put in here has ended when the test has."""
    started = []
    yield started
    for program in reversed(started):
        program.discard()


@pytest.fixture
def run_exporter(tmp_path, programs):
    def run(*flags, program="geth_exporter", name=None):
        exporter = Exporter(BIN / program, tmp_path, *flags, name=name or program)
        programs.append(exporter)
        return exporter.start()
    return run


@pytest.fixture
def dev_geth(tmp_path, programs):
    """A function that starts a node whose chain moves, a block a second."""
    def start(**options):
        geth = Geth(tmp_path, "--dev", "--dev.period", "1", **options)
        programs.append(geth)
        geth.start()
        geth.wait(lambda: geth.head() >= 1, GETH_START_SECONDS, "makes blocks")
        return geth
    return start
