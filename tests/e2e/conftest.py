"""What the tests of our programs as processes share: where they are, and that none outlives its
test."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT, Exporter  # noqa: E402

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))


@pytest.fixture
def programs():
    """What a test has started goes here, and is ended with it."""
    started = []
    yield started
    for program in reversed(started):
        program.discard()


@pytest.fixture
def run_exporter(tmp_path, programs):
    """run_exporter("geth_exporter", flags…): started, and discarded at the end."""
    def start(name, *flags, env=None):
        exporter = Exporter(BIN / name, tmp_path, *flags, name=name, env=env)
        programs.append(exporter)
        return exporter.start()
    return start
