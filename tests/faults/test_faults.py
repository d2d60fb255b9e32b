"""make test-faults: every fault is told once, with its cause, in time, and its end as well."""
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[i]) for i in (0, 1)]
from faults import FAULTS  # noqa: E402
from matrix import Matrix  # noqa: E402


@pytest.fixture(scope="session")
def matrix(tmp_path_factory, request):
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text):
        with capture.global_and_fixture_disabled():
            print(text, flush=True)
    made = Matrix(FAULTS, tmp_path_factory.mktemp("faults"))
    made.run(say)
    return made


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(matrix, fault):
    story = next(story for story in matrix.stories if story.fault is fault)
    told = "\n".join(f"  {story.seconds(story.broken or 0, one.at):7.0f} s {one.path} {one.status}"
                     f" {one.alert} {one.cause}" for one in sorted(story.sent(), key=lambda s: s.at))
    complaints = story.complaints()
    assert not complaints, "\n".join(complaints) + f"\nall that came:\n{told}"


def test_nothing_else_is_told(matrix):
    assert not matrix.strangers()
