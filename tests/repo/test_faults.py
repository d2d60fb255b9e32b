"""docs/faults.md names the alerts and causes that tests/faults/ asks for; only times differ from
run to run."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/faults"), str(ROOT / "tests")]
import faster  # noqa: E402
import table  # noqa: E402
from faults import FAULTS  # noqa: E402

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
