"""What the committed dashboards ask, for the tests that look at it and for those that run it."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = sorted((ROOT / "dashboards").glob("*.json"))

# What stands for Grafana's variables when a query is run without it: all, and a short window.
VARIABLES = {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "1h", "$node": ".*",
             "$group": ".*", "$instance": ".*", "$service": ".+", "$search": ""}

# Why a panel may be empty on simulated nodes, by the words that it shows then. A word that no empty
# panel shows any more has to go from this list.
EMPTY = {
    "nothing fires": "The simulated node is healthy.",
    "no sync under way": "It is in sync.",
    "no failures": "Every source answers.",
    "none has a date": "No fork lies ahead of the simulated chain.",
    "no hour of data yet": "When a disk will be full is told after an hour.",
    "no TLS": "The simulated node is asked over HTTP.",
    "no spawn errors": "No program of the simulated supervisord has failed.",
    "no restart_hook": "None is configured.",
}
# What comes and goes with the simulated chain, or is of the machine: there or not.
EMPTY_AT_TIMES = {
    "none scheduled": "No own proposal may be due in this epoch and the next.",
    "no duty known": "Nothing that --restart.avoid names may be due.",
    "not in it": "No own validator may be in the sync committee.",
    "no sensors": "A virtual machine has none.",
    "not known": "The kernel may not say what is below a folder.",
}
REASONS = {**EMPTY, **EMPTY_AT_TIMES}


def load():
    return {path.stem: json.loads(path.read_text()) for path in BOARDS}


def panels(kinds=None):
    """(board's file name, panel) of all panels that are more than a heading."""
    return [(name, panel) for name, board in load().items() for panel in board["panels"]
            if panel["type"] != "row" and (kinds is None or panel["type"] in kinds)]


def filled(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def _queries(source):
    return [(f"{name}: {panel['title']}", filled(target["expr"]), panel)
            for name, panel in panels() for target in panel.get("targets", [])
            if target["datasource"]["uid"] == source]


def prometheus_queries():
    """(where, query, panel) of each query that Prometheus gets."""
    return _queries("prometheus")


def loki_queries():
    """(where, query, panel) of each query that Loki gets; a check against a real Loki runs them."""
    return _queries("loki")


def annotation_queries():
    """(where, query), once each."""
    found = {annotation["target"]["expr"]: f"{name}: {annotation['name']}"
             for name, board in load().items() for annotation in board["annotations"]["list"]}
    return [(where, filled(query)) for query, where in found.items()]


def variable_queries():
    """(where, query) of the variables that Prometheus fills, as label_values(selector, label)."""
    found = {variable["query"]["query"]: f"{name}: {variable['name']}"
             for name, board in load().items() for variable in board["templating"]["list"]
             if variable["type"] == "query" and variable["datasource"]["uid"] == "prometheus"}
    return [(where, query) for query, where in found.items()]


def soon(query):
    """What is shown only after an hour, after a second."""
    return query.replace("offset 1h", "offset 1s")


def shown(panel):
    return panel["fieldConfig"]["defaults"].get("noValue")
