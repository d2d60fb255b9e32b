"""docs/faults.md names the alerts and causes that tests/faults/ asks for; only times differ from
run to run."""
import dataclasses
import pathlib
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/faults"), str(ROOT / "tests")]
import faster  # noqa: E402
import table  # noqa: E402
from faults import FAULTS, Fault, Told  # noqa: E402
from matrix import Story  # noqa: E402

FEWEST = 25


def test_page_is_fresh():
    text = (ROOT / "docs/faults.md").read_text()
    assert text.startswith(table.HEAD), "stale: UPDATE=1 make test-faults"
    assert table.committed(text) == [table.constant(fault) for fault in FAULTS]


def test_there_are_enough():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= FEWEST


def test_every_alert_of_the_list_has_a_runbook():
    for fault in FAULTS:
        if fault.told:
            assert (ROOT / f"docs/runbooks/{fault.told.alert}.md").is_file(), fault.name


def test_fast_motion_divides_every_duration_and_nothing_else():
    told = {"groups": [{"name": "g", "interval": "1m", "rules": [
        {"record": "a:max:1w", "expr": "max_over_time(a[1w])"},
        {"alert": "A", "for": "10m", "keep_firing_for": "15s", "labels": {"cause": "c"},
         "expr": 'rate(a{b="5m 12h"}[1h30m]) > 8 and a:max:1w offset 3m < 1m_total',
         "annotations": {"summary": "for 10m of {{ with query \"a[1d]\" }}"}}]}]}
    (group,) = faster.rules(told)["groups"]
    assert group["interval"] == "5000ms"
    assert group["rules"][0] == {"record": "a:max:1w", "expr": "max_over_time(a[50400000ms])"}
    alert = group["rules"][1]
    assert (alert["for"], alert["keep_firing_for"]) == ("50000ms", "1250ms")
    assert alert["expr"] == ('rate(a{b="5m 12h"}[450000ms]) > 8'
                             ' and a:max:1w offset 15000ms < 1m_total')
    assert alert["annotations"]["summary"] == 'for 10m of {{ with query "a[7200000ms]" }}'


def test_fast_motion_of_routes():
    told = {"group_wait": "5s", "routes": [{"group_interval": "1m", "receiver": "page"}]}
    assert faster.route(told) == {"group_wait": "417ms",
                                  "routes": [{"group_interval": "5000ms", "receiver": "page"}]}


FAULT = Fault("a fault", "", None, page=Told("NodeDown", "el_down", 30), cause="el_down",
              beside=("HeadLag",))


def message(at, status, alert="NodeDown", cause="el_down", path="/page", node="a-fault"):
    return path, at, {"status": status, "groupLabels": {"node": node}, "alerts": [
        {"status": status, "labels": {"alertname": alert, "cause": cause},
         "annotations": {"description": f"Cause: {cause}. It is so."}}]}


BEGIN, END = message(120, "firing"), message(230, "resolved")
WRONG = {
    "not at all": [],
    "twice": [BEGIN, message(150, "firing"), END],
    "late": [message(131, "firing"), END],
    "without its end": [BEGIN],
    "over before the repair": [BEGIN, message(199, "resolved")],
    "over too late": [BEGIN, message(381, "resolved")],
    "with another cause": [message(120, "firing", cause="x"), message(230, "resolved", cause="x")],
    "with another page": [BEGIN, END, message(300, "firing", alert="HeadLag", cause="cl_behind")],
    "with a warning that is not named": [BEGIN, END, message(
        300, "firing", alert="PeersLow", cause="no_peers", path="/warning")],
    "of another node": [message(120, "firing", node="b"), message(230, "resolved", node="b")],
}


def complaints(folder, messages, cause="el_down", fault=FAULT):
    webhook = types.SimpleNamespace(of=lambda path: [(at, body) for where, at, body in messages
                                                     if where == path])
    story = Story(fault, folder, types.SimpleNamespace(webhook=webhook))
    story.broken, story.repaired, story.cause = 100, 200, cause
    return story.complaints()


def test_a_fault_that_is_told_once_in_time_is_right(tmp_path):
    beside = message(140, "firing", alert="HeadLag", cause="cl_behind", path="/warning")
    assert complaints(tmp_path, [BEGIN, beside, END]) == []


@pytest.mark.parametrize("messages", WRONG.values(), ids=WRONG)
def test_what_is_told_otherwise_fails_the_run(tmp_path, messages):
    assert complaints(tmp_path, messages)


def test_what_else_fails_the_run(tmp_path):
    assert complaints(tmp_path / "1", [BEGIN, END], cause="healthy")
    quiet = dataclasses.replace(FAULT, page=None, cause="healthy")
    assert complaints(tmp_path / "2", [], "healthy", quiet) == []
    assert complaints(tmp_path / "3", [BEGIN, END], "healthy", quiet)
