"""Rules, their tests and their runbooks belong together, and name only metrics that exist."""
import concurrent.futures
import functools
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rule_coverage as coverage  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "tests/rules").glob("*_test.yml"))
RUNBOOKS = ROOT / "docs/runbooks"
SECTIONS = ["What it means", "What it costs", "First look", "Causes, the likeliest first",
            "What to do", "Silence"]


def run(*command):
    # promtool collects its garbage a third of its time where it may not have some more of it.
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True,
                          timeout=300, env={**os.environ, "GOGC": "400"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@functools.cache
def rules():
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


@functools.cache
def log_alerts():
    """Of Loki, which evaluates them itself."""
    return [rule for path in sorted((ROOT / "prometheus/loki/rules").glob("*/*.yml"))
            for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alert_names():
    return sorted({rule["alert"] for rule in alerts() + log_alerts()})


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


def test_what_a_page_lists_has_an_order():
    """A query of several series has none of its own."""
    for path in RULES:
        lists = re.findall(r"range query.*?}}", path.read_text())
        assert all("| sortByLabel" in one for one in lists), path.name


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_alert_has_its_form(rule):
    assert rule["labels"]["severity"] in ("info", "warning", "page") or rule["alert"] == "Watchdog"
    cause = rule["labels"]["cause"]
    annotations = rule["annotations"]
    assert annotations["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert annotations["summary"] and annotations["dashboard"].startswith("{{ $externalURL }}")
    assert annotations["description"].startswith(f"Cause: {cause}.")
    # A rule's own labels are no $labels: they would print as nothing.
    own = "|".join(rule["labels"])
    assert not re.search(rf"\$labels\.({own})\b", json.dumps(annotations))


@pytest.mark.parametrize("rule", log_alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_on_logs_has_its_form(rule):
    annotations = rule["annotations"]
    assert rule["labels"]["severity"] == "warning" and "count_over_time({" in rule["expr"]
    assert annotations["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"
    assert annotations["summary"]
    assert annotations["description"].startswith(f"Cause: {rule['labels']['cause']}.")


def log_lines_of(alert, lines):
    """Those that its filters let through: RE2 and Python agree on them."""
    (rule,) = (rule for rule in log_alerts() if rule["alert"] == alert)
    patterns = re.findall(r"\|~ `([^`]*)`", rule["expr"])
    assert patterns
    return [line for line in lines if all(re.search(pattern, line) for pattern in patterns)]


def test_alerts_on_logs_find_their_lines():
    healthy = ["coordinator - INFO - create_bot_log end", "coordinator - INFO - Retrieved 120 rows",
               "coordinator - INFO - application status updated", "ERROR - connection lost"]
    retries = ["coordinator - WARNING - Retrying the batch", "ERROR - retry 2 of 3"]
    status = ["ERROR - Error: update of application_status", "Application status update failed"]
    lines = healthy + retries + status
    assert log_lines_of("CoordinatorRetries", lines) == retries
    assert log_lines_of("ApplicationStatusFailed", lines) == status


@functools.cache
def causes():
    """{number: (name, the alerts it is made of)} of cause.yml, without what has to go with them."""
    found = {}
    for rule in rules():
        if rule.get("record") == "stakewatch:node_fault":
            made_of = re.sub(r"and on \(node\) \(.*?\n\s*\)", "", rule["expr"], flags=re.DOTALL)
            names = re.findall(r'alertname=~?"([^"]*)"', made_of)
            found[int(re.match(r"(\d+) \*", rule["expr"])[1])] = (
                rule["labels"]["cause"], {name for text in names for name in text.split("|")})
    return found


NODE_CAUSE = ('{{ with query (printf "stakewatch:node_cause{node=%q} == 1 and on (node) '
              'stakewatch:node_cause_number < NUMBER" (or $labels.node $labels.instance)) }}'
              '{{ . | first | label "cause" }}{{ else }}NAME{{ end }}')


@pytest.mark.parametrize("rule", [rule for rule in alerts() if rule["labels"]["severity"] == "page"],
                         ids=lambda rule: f"{rule['alert']}-{rule['labels']['cause']}")
def test_a_page_names_the_cause_of_its_node(rule):
    """docs/adr/0006: what ranks before it if that pages already, and else what it is itself."""
    known = causes()
    numbers = {name: number for number, (name, _) in known.items()}
    text = rule["annotations"]["node_cause"]
    if text == "host_down":
        assert numbers["host_down"] == 1  # Nothing ranks before it.
        number, name = 1, text
    else:
        number, name = re.search(r"number < (\d+)\".*else }}(\w+){{", text).groups()
        assert text == NODE_CAUSE.replace("NUMBER", number).replace("NAME", name)
        number = int(number)
    if any(rule["alert"] in made_of for _, made_of in known.values()):
        assert known[number][0] == name and rule["alert"] in known[number][1]
    else:
        assert number == numbers["other_page"] and name == rule["labels"]["cause"]


@pytest.mark.parametrize("name", alert_names())
def test_alert_has_a_runbook(name):
    page = (RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", page, re.M) == SECTIONS
    for section in re.split(r"^## .*$", page, flags=re.M)[1:]:
        assert section.strip()


def test_every_runbook_has_its_alert():
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == alert_names()


@pytest.fixture(scope="module", name="covered")
def make_covered():
    return coverage.coverage(RULE_TESTS)


@pytest.mark.parametrize("rule", sorted(coverage.rules_of(RULES)), ids="-".join)
def test_a_rule_fires_is_quiet_and_has_its_boundary(rule, covered):
    """Each alert, severity and cause by itself. The boundary: in one case it is quiet, and within a
    minute it fires, or the other way round."""
    fires, quiet, gap = covered[rule]
    assert fires, "no test sees it firing"
    if rule[0] != "Watchdog":  # It always fires.
        assert quiet, "no test sees it quiet"
        assert gap <= 60, f"no boundary: {gap} s between quiet and firing"


def test_what_a_test_says_of_a_rule_is_found():
    known = [("A", "page", "x"), ("A", "page", "y"), ("A", "warning", "x"), ("B", "page", "z")]
    of_all = 'count by (alertname, severity, cause) (ALERTS{alertname="A", alertstate="firing"})'
    of_one = of_all.replace("}", ', severity="page", cause="x"}')
    fires = [{"labels": '{alertname="A", severity="page", cause="x"}', "value": 1}]

    def said(expr, samples):
        case = {"promql_expr_test": [{"expr": expr, "eval_time": "1m5s", "exp_samples": samples}]}
        return {rule: (time, firing) for rule, time, firing in coverage.checks(case, known)}
    assert said(of_one, fires) == {known[0]: (65, True)}
    assert said(of_one, []) == {known[0]: (65, False)}
    assert said(of_all, fires) == {known[0]: (65, True), known[1]: (65, False),
                                   known[2]: (65, False)}
    assert set(said("count(ALERTS)", [])) == set(known)
    assert said('count(x{alertname="A"})', []) == {}
    # Of one instance nothing is said of the others.
    assert known[1] not in said(of_all.replace("}", ', instance="i"}'), fires)
    case = {"alert_rule_test": [{"alertname": "A", "eval_time": "5s", "exp_alerts": [
        {"exp_labels": {"severity": "warning", "cause": "x", "job": "j"}}]}]}
    assert {rule: firing for rule, _, firing in coverage.checks(case, known)} == {
        known[0]: False, known[1]: False, known[2]: True}


def graph_expression(template):
    """What an annotation `dashboard` shows in Prometheus, with the labels filled in."""
    found = re.search(r'graphLink \(?(?:printf )?"((?:[^"\\]|\\.)*)"', template)
    return found and found[1].replace('\\"', '"').replace("%q", '"x"').replace("%%", "%")


def test_dashboard_links_resolve(tmp_path):
    """Either a page that Prometheus has, or a graph of an expression that it parses, of metrics
    that exist."""
    shown = {rule["annotations"]["dashboard"]: graph_expression(rule["annotations"]["dashboard"])
             for rule in alerts()}
    pages = {link for link, expression in shown.items() if expression is None}
    assert pages <= {f"{{{{ $externalURL }}}}/{page}"
                     for page in ("alerts", "targets", "rules", "status", "config")}
    expressions = sorted({expression for expression in shown.values() if expression})
    assert len(expressions) > 20
    path = tmp_path / "links.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "links", "rules": [
        {"record": f"link:n{index}", "expr": expression}
        for index, expression in enumerate(expressions)]}]}))
    assert f"{len(expressions)} rules found" in run("promtool", "check", "rules", path)
    assert {name for one in expressions for name in metrics_in(one)} - known_metrics() == set()


def test_a_message_links_to_boards_that_exist():
    """The templates of prometheus/alertmanager/ against dashboards/: board and panel of each runbook."""
    folder = ROOT / "prometheus/alertmanager"
    boards = [json.loads(path.read_text()) for path in (ROOT / "dashboards").glob("*.json")]
    named = {uid for path in folder.glob("*.tmpl")
             for uid in re.findall(r"/d/([a-z-]+)", path.read_text())}
    assert {"stakewatch-sleep", "stakewatch-runbooks"} < named <= {board["uid"] for board in boards}
    (runbooks,) = (board for board in boards if board["uid"] == "stakewatch-runbooks")
    panels = {panel["title"]: str(panel["id"]) for panel in runbooks["panels"]}
    linked = dict(re.findall(r'if eq \. "(\w+)" }}\?viewPanel=panel-(\d+)',
                             (folder / "runbooks.tmpl").read_text()))
    assert linked == {name: panels[name] for name in alert_names()}
    (sleep,) = (board for board in boards if board["uid"] == "stakewatch-sleep")
    assert "node" in {variable["name"] for variable in sleep["templating"]["list"]}


def with_parts(name, kind):
    parts = ("_bucket", "_sum", "_count") if kind.lower() == "histogram" else ()
    return {name, *(name + part for part in parts)}


def declared_metrics():
    """What the programs say of themselves; of one that is not built, its declarations."""
    programs = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/release/bin"))
    names, headers = set(), [*ROOT.glob("common/**/*.[ch]*")]
    for folder in (path for path in (*ROOT.glob("exporters/*"), *ROOT.glob("actions/*"))
                   if path.is_dir()):
        acts = folder.parent.name == "actions"
        program = programs / (folder.name if acts else f"{folder.name}_exporter")
        if program.exists():
            for row in json.loads(run(program, "--describe-metrics")):
                names |= with_parts(row["name"], row["type"])
        else:
            headers += folder.glob("metrics*.h")
    for path in headers:
        for kind, name in re.findall(r'\b(Gauge|Counter|Histogram)\(\s*"(\w+)"', path.read_text()):
            names |= with_parts(name, kind)
    return names


def metrics_in(expression):
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", expression)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\boffset\s+\w+", " ", bare)
    words = re.findall(r"(?<![0-9.])[A-Za-z_:][A-Za-z0-9_:]*(?!\s*\(|[A-Za-z0-9_:])", bare)
    # What stands before a parenthesis is a function or an aggregation.
    return {word for word in words if word not in ("and", "or", "unless", "bool")}


def known_metrics():
    foreign = (ROOT / "tests/rules/foreign_metrics.txt").read_text().splitlines()
    return (declared_metrics() | {rule["record"] for rule in rules() if "record" in rule}
            | {line for line in foreign if line and not line.startswith("#")})


def test_rules_name_only_metrics_that_exist():
    used = {name for rule in rules() for name in metrics_in(rule["expr"])}
    assert len(used) > 20
    assert used - known_metrics() == set()


def queries_in(template):
    """The expressions that an annotation asks for: query "…" and query (printf "…" …)."""
    found = re.findall(r'\bquery \(?(?:printf )?"((?:[^"\\]|\\.)*)"', template)
    return [text.replace('\\"', '"') for text in found]


def test_annotations_ask_only_for_metrics_that_exist():
    used = {name for rule in alerts() for text in rule["annotations"].values()
            for query in queries_in(text) for name in metrics_in(query)}
    assert len(used) > 10
    assert used - known_metrics() == set()


def test_a_query_in_an_annotation_is_found():
    template = '{{ with query (printf "a_b{c=%q,d=\\"e\\"}" $x) }}{{ end }}{{ range query "f > 0" }}'
    assert queries_in(template) == ['a_b{c=%q,d="e"}', "f > 0"]


def test_metrics_of_the_validator_client_are_taken_by_job():
    """Its page has families of other programs, mostly zero."""
    texts = [rule["expr"] for rule in rules()]
    texts += [query for rule in alerts() for text in rule["annotations"].values()
              for query in queries_in(text)]
    used = [selector for text in texts
            for selector in re.findall(r"\bvalidator_failed_attestations(\{[^}]*\})?", text)]
    assert used and all("job=" in selector for selector in used)


def test_a_metric_in_an_expression_is_found():
    expression = 'sum without (a) (rate(x_total{b="c"}[5m])) > 1e9 and on (d) y:z offset 3m'
    assert metrics_in(expression) == {"x_total", "y:z"}


def seconds(text):
    return sum(int(number) * {"s": 1, "m": 60, "h": 3600}[unit]
               for number, unit in re.findall(r"(\d+)([smh])", text or "0s"))


def matches(matchers, rule):
    """Of an inhibition, as far as name, severity and cause decide it."""
    values = {"alertname": rule["alert"], "severity": rule["labels"]["severity"],
              "cause": rule["labels"]["cause"]}
    tests = {"=": lambda value, text: value == text, "!=": lambda value, text: value != text,
             "=~": lambda value, text: re.fullmatch(text, value),
             "!~": lambda value, text: not re.fullmatch(text, value)}
    return all(tests[sign](values[name], text)
               for name, sign, text in (re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', one).groups()
                                        for one in matchers) if name in values)


# With these nothing is measured of what they mute, but for the other of the two.
BLINDING = ("HostDown", "ExporterDown")
# Up or down by itself, whatever the node does.
OF_ITS_OWN = ("ValidatorClientDown",)


def test_what_mutes_a_page_outlasts_it():
    """Or the page comes when all is over: both end with the fault, and what is kept is alone then."""
    found = [(path, rule) for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
             for rule in group["rules"] if "alert" in rule]
    config = yaml.safe_load((ROOT / "prometheus/alertmanager/alertmanager.yml").read_text())
    wrong = set()
    for inhibition in config["inhibit_rules"]:
        sources = [(path, rule) for path, rule in found if "unknown" not in rule["labels"]["cause"]
                   and matches(inhibition["source_matchers"], rule)]
        muted = [(path, rule) for path, rule in found if rule["labels"]["severity"] == "page"
                 and rule["alert"] not in OF_ITS_OWN and ":25m" not in rule["expr"]
                 and rule.get("keep_firing_for")
                 and matches(inhibition["target_matchers"], rule)]
        for (of, source), (path, rule) in itertools.product(sources, muted):
            # One target is what the rules of one file speak of.
            if source["alert"] == rule["alert"] or "instance" in inhibition["equal"] and of != path:
                continue
            if source["alert"] in BLINDING and rule["alert"] not in BLINDING:
                continue
            if seconds(rule["keep_firing_for"]) >= seconds(source.get("keep_firing_for")):
                wrong.add(f"{rule['alert']}/{rule['labels']['cause']} is kept as long as"
                          f" {source['alert']}/{source['labels']['cause']}, or longer")
    assert not wrong, "\n".join(sorted(wrong))
