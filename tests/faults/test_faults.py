"""make test-faults: every fault is told once, with its cause, in time, and its end as well."""
import os
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[i]) for i in (0, 1)]
import table  # noqa: E402
from faults import FAULTS  # noqa: E402
from harness import ROOT  # noqa: E402
from matrix import Matrix  # noqa: E402


@pytest.fixture(scope="session")
def matrix(tmp_path_factory, request):
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text):
        with capture.global_and_fixture_disabled():
            print(text, flush=True)
    root = os.geteuid() == 0
    made = Matrix([fault for fault in FAULTS if root or not fault.needs_root],
                  tmp_path_factory.mktemp("faults"))
    made.run(say)
    return made


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(matrix, fault):
    story = next((story for story in matrix.stories if story.fault is fault), None)
    if story is None:
        pytest.skip("needs root")
    told = "\n".join(f"  {story.seconds(story.broken or 0, one.at):7.0f} s {one}" for one in sorted(
        [*story.messages("/page"), *story.messages("/warning")], key=lambda one: one.at))
    complaints = story.complaints()
    assert not complaints, "\n".join(complaints) + f"\nall that came:\n{told}"


def test_nothing_else_is_told(matrix):
    assert not matrix.strangers()


def test_page_is_written_or_fresh(matrix):
    """The other tests hold what was found against the list, and this one the page against both."""
    page = ROOT / "docs/faults.md"
    if os.environ.get("UPDATE"):
        assert not any(story.complaints() for story in matrix.stories)
        assert len(matrix.stories) == len(FAULTS)
        page.write_text(table.page(matrix))
    assert table.committed(page.read_text()) == [table.constant(fault) for fault in FAULTS]
