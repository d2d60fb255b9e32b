"""Rules, their tests and their runbooks belong together, and name only metrics that exist."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "tests/rules").glob("*_test.yml"))
RUNBOOKS = ROOT / "docs/runbooks"
SECTIONS = ["What it means", "What it costs", "First look", "Causes, the likeliest first",
            "What to do", "Silence"]


def run(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules():
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def alert_names():
    return sorted({rule["alert"] for rule in alerts()})


def test_configurations_are_valid():
    run("promtool", "check", "config", "prometheus/prometheus.yml")
    run("amtool", "check-config", "prometheus/alertmanager/alertmanager.yml")
    assert "FAILED" not in run("promtool", "check", "rules", *RULES)


def test_promtool_rule_tests_pass():
    assert RULE_TESTS
    with concurrent.futures.ThreadPoolExecutor() as pool:
        outputs = list(pool.map(lambda path: run("promtool", "test", "rules", path), RULE_TESTS))
    assert all("SUCCESS" in output for output in outputs)


def test_expressions_are_written_out():
    """Prometheus 2.42 takes the name of a YAML alias for the expression, and finds nothing."""
    for path in RULES:
        assert not re.search(r"^\s*(- )?expr:\s*[*&]", path.read_text(), re.M), path.name


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_alert_has_its_form(rule):
    assert rule["labels"]["severity"] in ("warning", "page") or rule["alert"] == "Watchdog"
    cause = rule["labels"]["cause"]
    annotations = rule["annotations"]
    assert annotations["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert annotations["summary"] and annotations["dashboard"].startswith("{{ $externalURL }}")
    assert annotations["description"].startswith(f"Cause: {cause}.")
    # A rule's own labels are no $labels: they would print as nothing.
    own = "|".join(rule["labels"])
    assert not re.search(rf"\$labels\.({own})\b", json.dumps(annotations))


@pytest.mark.parametrize("name", alert_names())
def test_alert_has_a_runbook(name):
    page = (RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", page, re.M) == SECTIONS
    for section in re.split(r"^## .*$", page, flags=re.M)[1:]:
        assert section.strip()


def test_every_runbook_has_its_alert():
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == alert_names()


def alerts_under_test():
    """Names of alerts that some case sees firing, and that some case sees quiet."""
    firing, quiet = set(), set()
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                (firing if case["exp_alerts"] else quiet).add(case["alertname"])
            for case in test.get("promql_expr_test", []):
                for name in re.findall(r'ALERTS\{alertname="(\w+)"', case["expr"]):
                    (firing if case["exp_samples"] else quiet).add(name)
    return firing, quiet


@pytest.mark.parametrize("name", alert_names())
def test_alert_is_tested_firing_and_quiet(name):
    firing, quiet = alerts_under_test()
    assert name in firing
    assert name in quiet or name == "Watchdog"


def declared_metrics():
    program = pathlib.Path(os.environ.get("GETH_EXPORTER", ROOT / "build/release/bin/geth_exporter"))
    names = set()
    if program.exists():
        for row in json.loads(run(program, "--describe-metrics")):
            names.add(row["name"])
            if row["type"] == "histogram":
                names.update(row["name"] + suffix for suffix in ("_bucket", "_sum", "_count"))
        return names
    # Not built yet: the declarations themselves.
    for path in [*ROOT.glob("common/**/*.[ch]*"), *ROOT.glob("exporters/*/metrics.h")]:
        for kind, name in re.findall(r'\b(Gauge|Counter|Histogram)\(\s*"(\w+)"', path.read_text()):
            names.add(name)
            if kind == "Histogram":
                names.update(name + suffix for suffix in ("_bucket", "_sum", "_count"))
    return names


def metrics_in(expression):
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", expression)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\boffset\s+\w+", " ", bare)
    words = re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*(?!\s*\(|[A-Za-z0-9_:])", bare)
    # What stands before a parenthesis is a function or an aggregation.
    return {word for word in words if word not in ("and", "or", "unless", "bool")}


def test_rules_name_only_metrics_that_exist():
    known = declared_metrics() | {rule["record"] for rule in rules() if "record" in rule}
    foreign = (ROOT / "tests/rules/foreign_metrics.txt").read_text().splitlines()
    known |= {line for line in foreign if line and not line.startswith("#")}
    used = {name for rule in rules() for name in metrics_in(rule["expr"])}
    assert len(used) > 20
    assert used - known == set()


def test_a_metric_in_an_expression_is_found():
    expression = 'sum without (a) (rate(x_total{b="c"}[5m])) > 0 and on (d) y:z offset 3m'
    assert metrics_in(expression) == {"x_total", "y:z"}
