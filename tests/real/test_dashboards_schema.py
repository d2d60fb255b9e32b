"""The dashboards against Grafana's published schema, the TypeScript types of npm's @grafana/schema:
an option that Grafana does not know is ignored by it without a word. The packages are fetched once
and kept in $STAKEWATCH_CACHE."""
import bisect
import copy
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BOARDS = sorted((ROOT / "dashboards").glob("*.json"))
PACKAGES = ("@grafana/schema@12.2.0", "typescript@5.9.2")
CACHE = pathlib.Path(os.environ.get("STAKEWATCH_CACHE", pathlib.Path.home() / ".cache/stakewatch"))


@pytest.fixture(scope="module")
def packages():
    folder = CACHE / "grafana-schema-12.2.0-typescript-5.9.2"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two runs fetch them once.
        if not (folder / ".complete").exists():
            subprocess.run(["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit",
                            "--no-fund", "--no-save", "--loglevel=error", *PACKAGES], check=True,
                           timeout=300)
            (folder / ".complete").touch()
    return folder / "node_modules"


@pytest.fixture
def complaints(packages, tmp_path):
    """Of the compiler about these boards: the lines of its output that name an error."""
    def check(boards):
        (tmp_path / "node_modules").symlink_to(packages)
        shutil.copy(HERE / "dashboards.ts", tmp_path)
        lines = [f"export const board{index}: Board = {json.dumps(board, indent=1)};"
                 for index, board in enumerate(boards)]
        (tmp_path / "boards.ts").write_text(
            "import type {Board} from './dashboards';\n" + "\n".join(lines) + "\n")
        done = subprocess.run(
            ["node", packages / "typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
             "--preserveSymlinks", "--target", "es2022", "--module", "esnext",
             "--moduleResolution", "bundler", "boards.ts"],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        found = [line for line in done.stdout.splitlines() if ": error TS" in line]
        assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
        return found
    return check


def test_boards_are_as_grafana_has_them(complaints):
    boards = [json.loads(path.read_text()) for path in BOARDS]
    assert len(boards) == 13
    assert complaints(boards) == []


def test_the_check_finds_what_is_wrong(complaints):
    """One wrong thing a board: each is found."""
    right = json.loads(BOARDS[0].read_text())
    kinds = {panel["type"]: index for index, panel in enumerate(right["panels"])}
    wrong = []

    def spoil(change):
        board = copy.deepcopy(right)
        change(board, {kind: board["panels"][index] for kind, index in kinds.items()})
        wrong.append(board)
    spoil(lambda board, _: board.update(style="dark"))
    spoil(lambda board, _: board["time"].pop("to"))
    spoil(lambda _, of: of["stat"].update(type="singlestat"))
    spoil(lambda _, of: of["stat"]["options"].update(colorMode="backgrnd"))
    spoil(lambda _, of: of["stat"]["options"].update(sparkline=True))
    spoil(lambda _, of: of["timeseries"]["fieldConfig"]["defaults"]["custom"].update(lineWeight=1))
    spoil(lambda _, of: of["timeseries"]["fieldConfig"]["defaults"]["color"].update(mode="classic"))
    spoil(lambda _, of: of["timeseries"]["targets"][0].pop("refId"))
    spoil(lambda _, of: of["table"]["options"].pop("showHeader"))
    found = complaints(wrong)
    # Each complaint names a line: of which board?
    ends, line = [], 1
    for board in wrong:
        line += len(json.dumps(board, indent=1).splitlines())
        ends.append(line)
    lines = [int(re.match(r"boards\.ts\((\d+),", complaint)[1]) for complaint in found]
    assert {bisect.bisect_left(ends, number) for number in lines} == set(range(len(wrong))), found
