"""What the promtool tests say of each alerting rule: where it fires, where it is quiet, and how
close the two are in one case. A rule is (alert, severity, cause)."""
import collections
import pathlib
import re

import yaml

HERE = pathlib.Path(__file__).resolve().parent
RULES = sorted((HERE.parents[1] / "prometheus/rules").glob("*.yml"))
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration):
    return sum(float(number) * UNITS[unit]
               for number, unit in re.findall(r"([\d.]+)(ms|[smhd])", str(duration)))


def labels(text):
    return dict(re.findall(r'(\w+)="([^"]*)"', text))


def rules_of(paths):
    """{(alert, severity, cause): labels} of rule files."""
    return {(rule["alert"], rule["labels"]["severity"], rule["labels"]["cause"])
            for path in paths for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"] if "alert" in rule}


def fits(rule, wanted):
    return all(wanted.get(name, value) == value
               for name, value in zip(("alertname", "severity", "cause"), rule))


def checks(case, known):
    """(rule, time, fires) of one case. What a check does not speak of is left out."""
    for check in case.get("alert_rule_test", []):
        firing = [alert["exp_labels"] for alert in check["exp_alerts"] or []]
        for rule in known:
            if rule[0] == check["alertname"]:
                yield rule, seconds(check["eval_time"]), any(
                    fits(rule, {"severity": "", "cause": "", **one}) for one in firing)
    for check in case.get("promql_expr_test", []):
        found = re.search(r"\bALERTS(\{[^}]*\})?", check["expr"])
        if not found:
            continue
        asked = labels(found[1] or "")
        whole = not set(asked) - {"alertname", "alertstate", "severity", "cause"}
        firing = [{**asked, **labels(sample["labels"])} for sample in check["exp_samples"] or []]
        for rule in known:
            if any(set(one) >= {"alertname", "severity", "cause"} and fits(rule, one)
                   for one in firing):
                yield rule, seconds(check["eval_time"]), True
            elif fits(rule, asked) and (not firing or whole and all(
                    {"severity", "cause"} <= set(one) for one in firing)):
                yield rule, seconds(check["eval_time"]), False


def coverage(rule_tests):
    """{rule: (fires somewhere, is quiet somewhere, least time between the two in one case)}"""
    fires, quiet = set(), set()
    gaps = collections.defaultdict(lambda: float("inf"))
    for path in rule_tests:
        given = yaml.safe_load(path.read_text())
        known = rules_of([(path.parent / file).resolve() for file in given["rule_files"]])
        for case in given["tests"]:
            times = collections.defaultdict(lambda: ([], []))
            for rule, time, firing in checks(case, known):
                (fires if firing else quiet).add(rule)
                times[rule][firing].append(time)
            for rule, (silent, loud) in times.items():
                gaps[rule] = min([gaps[rule], *(abs(a - b) for a in silent for b in loud)])
    return {rule: (rule in fires, rule in quiet, gaps[rule]) for rule in rules_of(RULES)}
