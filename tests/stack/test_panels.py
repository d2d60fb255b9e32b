"""What the dashboards ask, asked of the demo stack: PromQL of its Prometheus, LogQL of its Loki. What
is empty has a reason, and shows it. That they name known metrics alone is tested in
tests/dashboards/."""
import sys
import time

import pytest

from conftest import ROOT, wait

sys.path.insert(0, str(ROOT / "tests/dashboards"))
import boards  # noqa: E402

# What the demo leaves off beside what no simulated node has.
OFF = {"no keymanager", "no --beacon.validator-set", "no --geth.expected-peers",
       "not in a container", "no supervisord_exporter", "nothing has ended",
       "no supervisor_exporter", "not on the validator host", "no --supervisor.interchange",
       "no --supervisor.reverse-port", "no upload seen", "nothing happened", "no socket",
       "no jormungandr_exporter", "no --jormungandr.reference", "no slot in this time",
       "no mina_exporter", "no submission"}


def test_every_panel_is_answered(stack):
    left = boards.prometheus_queries()
    assert len(left) > 100

    def answered():
        left[:] = [one for one in left if not stack.query(boards.soon(one[1]))]
        unexplained = {where: query for where, query, panel in left
                       if boards.shown(panel) not in OFF.union(boards.REASONS)}
        assert not unexplained, unexplained
        return True
    wait("an answer to each panel", answered, 120)
    assert OFF <= {boards.shown(panel) for _, _, panel in left}, "a reason that nothing has"


@pytest.mark.parametrize("where, query", [one[:2] for one in boards.loki_queries()])
def test_every_log_panel_is_answered(stack, where, query):
    """In the errors, too: Loki's own of its first second, at the least."""
    del where
    now = time.time()
    found = wait(query, lambda: stack.loki("query_range", query=query, start=f"{now - 1800:.0f}",
                                           end=f"{now + 60:.0f}", step="15"))
    assert found["resultType"] == ("matrix" if "count_over_time" in query else "streams")
    assert found["result"] and all(one["values"] for one in found["result"])
    names = {(one.get("metric") or one["stream"])["service_name"] for one in found["result"]}
    assert names and all(names)
