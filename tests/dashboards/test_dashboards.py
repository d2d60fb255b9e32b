"""The dashboards as files: fresh, complete, laid out, and asking only for what exists."""
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from boards import (BOARDS, ROOT, annotation_queries, load, loki_queries, panels,  # noqa: E402
                    prometheus_queries, variable_queries)

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))
RUNBOOKS = ROOT / "docs/runbooks"
# Panels that Grafana 12 has built in, and that are not Angular's.
KINDS = {"stat", "timeseries", "state-timeline", "bargauge", "table", "logs", "text", "row"}
UNITS = {"none", "short", "percentunit", "s", "bytes", "Bps", "reqps", "celsius",
         "dateTimeFromNow", "suffix: slots", "suffix: epochs", "suffix: blocks", "suffix: ETH",
         "suffix: gwei"}
COLUMNS, TITLE_MAX = 24, 36
ALL = [pytest.param(panel, id=f"{name}: {panel['title']}") for name, panel in panels()]
DATA = [param for param in ALL if param.values[0]["type"] != "text"]


def module(path):
    """A file of another folder, as a module of its own."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


RULES = module(ROOT / "tests/rules/test_rules.py")
sys.path.insert(0, str(ROOT / "scripts"))
from dashboard.shared import CAUSES  # noqa: E402


def test_boards_are_fresh(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts/dashboards.py", tmp_path], check=True)
    made = {path.name: path.read_text() for path in tmp_path.glob("*.json")}
    assert made == {path.name: path.read_text() for path in BOARDS}, "stale: run make dashboards"
    assert (tmp_path / "runbooks.tmpl").read_text() == (
        ROOT / "prometheus/alertmanager/runbooks.tmpl").read_text(), "stale: run make dashboards"


def test_uids_are_fixed_and_unique():
    boards = load().values()
    uids = [board["uid"] for board in boards]
    assert len(set(uids)) == len(uids) == 13
    assert all(re.fullmatch(r"stakewatch-[a-z]+", uid) for uid in uids)
    assert len({board["title"] for board in boards}) == len(uids)
    for board in boards:
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids), board["title"]


def test_boards_lead_to_each_other():
    for board in load().values():
        assert board["tags"] == ["stakewatch"]
        assert [link["tags"] for link in board["links"]] == [["stakewatch"]]


@pytest.mark.parametrize("board", load().values(), ids=load().keys())
def test_grid_has_no_overlap_and_no_gap(board):
    taken = {}
    for panel in board["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
    height = max(y for _, y in taken) + 1
    assert len(taken) == COLUMNS * height and max(x for x, _ in taken) == COLUMNS - 1


@pytest.mark.parametrize("panel", ALL)
def test_panel_has_its_form(panel):
    assert panel["type"] in KINDS
    assert 0 < len(panel["title"]) <= TITLE_MAX
    # A narrow panel cuts its title: about three letters fit a column.
    assert len(panel["title"]) <= 7 * panel["gridPos"]["w"]
    if panel["type"] == "text":
        return
    assert panel["description"].endswith(".") and len(panel["description"]) > 20
    assert panel["datasource"]["uid"] in ("prometheus", "loki")
    assert panel["targets"]
    refs = [target["refId"] for target in panel["targets"]]
    assert len(set(refs)) == len(refs)
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]


@pytest.mark.parametrize("panel", DATA)
def test_panel_has_a_unit_and_a_range(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    custom = defaults.get("custom", {})
    low, high = defaults.get("min", custom.get("axisSoftMin")), defaults.get("max")
    # A balance that is drawn from 0 on is a line without a bend.
    assert "min" in defaults or "axisSoftMin" in custom or panel["title"] == "Balance"
    if defaults["unit"] == "percentunit":
        assert high is not None or custom.get("axisSoftMax") is not None
    if low is not None and high is not None:
        assert low < high


@pytest.mark.parametrize("panel", DATA)
def test_colours_mean_something(panel):
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"]
    assert steps[0]["value"] is None
    values = [step["value"] for step in steps[1:]]
    assert values == sorted(values)
    used = [step["color"] for step in steps]
    for mapping in defaults["mappings"]:
        options = mapping["options"]
        results = options.values() if mapping["type"] == "value" else [options["result"]]
        used += [result["color"] for result in results]
    assert set(used) <= {"green", "orange", "red", "blue", "text", "panel-bg"}


def linked_runbooks(panel):
    return [re.fullmatch(r"Runbook: (\w+)", link["title"])[1] for link in panel.get("links", [])]


@pytest.mark.parametrize("panel", DATA)
def test_runbook_links_resolve(panel):
    pages = {item["title"]: item["id"] for item in load()["8-runbooks"]["panels"]}
    for alert, link in zip(linked_runbooks(panel), panel["links"]):
        assert (RUNBOOKS / f"{alert}.md").exists()
        assert link["url"] == f"/d/stakewatch-runbooks?viewPanel=panel-{pages[alert]}"


def test_every_alert_has_a_panel_that_leads_to_its_runbook():
    linked = {alert for _, panel in panels() for alert in linked_runbooks(panel)
              if panel["type"] != "text"}
    assert set(RULES.alert_names()) - linked == set()


def test_every_runbook_is_on_its_board():
    pages = {panel["title"]: panel["options"]["content"] for panel in load()["8-runbooks"]["panels"]}
    assert pages == {path.stem: path.read_text() for path in RUNBOOKS.glob("*.md")}


def test_variables_take_all_by_default():
    for board in load().values():
        names = [variable["name"] for variable in board["templating"]["list"]]
        used = set(re.findall(r"\$([a-z]\w*)", json.dumps(
            [board["panels"] if board["uid"] != "stakewatch-runbooks" else [],
             board["annotations"]])))
        assert used == set(names), board["title"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                assert variable["allValue"] in (".*", ".+") and variable["includeAll"]


def test_data_sources_are_provisioned():
    text = (ROOT / "dashboards/provisioning/datasources/stakewatch.yml").read_text()
    provisioned = {source["uid"]: source["type"] for source in yaml.safe_load(text)["datasources"]}
    named = {panel["datasource"]["uid"]: panel["datasource"]["type"]
             for _, panel in panels() if panel["type"] != "text"}
    assert named == provisioned


def test_nothing_is_fetched():
    """No board names a plugin, a library panel or an address that would have to be downloaded."""
    for path in BOARDS:
        board = json.loads(path.read_text())
        assert "__inputs" not in board and "__requires" not in board
        for panel in board["panels"]:
            assert "libraryPanel" not in panel
            assert all(link["url"].startswith("/d/") for link in panel.get("links", []))


def declared_metrics():
    rows = [row for program in (*sorted(BIN.glob("*_exporter")), BIN / "restart_hook")
            for row in json.loads(RULES.run(program, "--describe-metrics"))]
    assert len({row["name"] for row in rows}) > 100, f"no exporters in {BIN}"
    names = {row["name"] for row in rows}
    return names | {row["name"] + suffix for row in rows if row["type"] == "histogram"
                    for suffix in ("_bucket", "_sum", "_count")}


def metrics_in(query):
    return RULES.metrics_in(re.sub(r"(?<![\w:])\d+(\.\d+)?(e\d+)?", " ", query))


def test_a_metric_in_a_query_is_found():
    assert metrics_in('sort(max by (a) (b{c="d"}) / 1e9 - 0.5 * e:f or on (g) h_total[1m])') == {
        "b", "e:f", "h_total"}


def test_queries_name_only_metrics_that_exist():
    known = declared_metrics() | {rule["record"] for rule in RULES.rules() if "record" in rule}
    foreign = (ROOT / "tests/rules/foreign_metrics.txt").read_text().splitlines()
    known |= {line for line in foreign if line and not line.startswith("#")}
    asked = [(where, query) for where, query, _ in prometheus_queries()] + annotation_queries()
    asked += [(where, re.sub(r"^label_values\((.*), *\w+\)$", r"\1", query))
              for where, query in variable_queries()]
    unknown = {(where, name) for where, query in asked for name in metrics_in(query) - known}
    assert len(asked) > 120 and unknown == set()


def test_queries_parse(tmp_path):
    """promtool of 2.42 reads rules, so each query becomes one."""
    asked = [(where, query) for where, query, _ in prometheus_queries()] + annotation_queries()
    rules = [{"record": f"query:n{index}", "expr": query} for index, (_, query) in enumerate(asked)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(rules)} rules found" in RULES.run("promtool", "check", "rules", path)


def test_logs_are_asked_by_service():
    assert len(loki_queries()) == 4
    for _, query, _ in loki_queries():
        assert '{service_name=~".+"}' in query


def test_causes_are_those_of_the_rules():
    """In the same order, and the numbers in the rules are those on the boards."""
    source = (ROOT / "prometheus/rules/cause.yml").read_text()
    recorded = {"stakewatch:node_fault": [], "stakewatch:node_cause": []}
    for group in yaml.safe_load(source)["groups"]:
        for rule in group["rules"]:
            if "labels" in rule:
                number = int(re.search(r"^(\d+) \*|bool (\d+)$", rule["expr"])[0].strip("bol *"))
                recorded[rule["record"]].append((number, rule["labels"]["cause"]))
    boards = list(enumerate(CAUSES, 1))
    assert recorded == {"stakewatch:node_fault": boards, "stakewatch:node_cause": boards}
    shown = load()["1-can-i-sleep"]["panels"][0]["fieldConfig"]["defaults"]["mappings"]
    assert list(shown[0]["options"]) == [str(number) for number, _ in boards]
