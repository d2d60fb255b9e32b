"""The shipped configuration in fast motion: each duration of the rules and of Alertmanager divided
by one factor. What takes the network two hours is seen in minutes, in the same order and
proportion; the durations themselves are what promtool holds (tests/rules/)."""
import re

FACTOR = 12  # A slot is a second then, and an epoch 32.
SCRAPE = "1s"  # Of 12 s of the network's time: the exporters answer no faster.

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
            "w": 604_800_000, "y": 31_536_000_000}
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_IN_EXPRESSION = re.compile(rf"(\[|\boffset\s+)({_DURATION})(?=[]:\s)]|$)")
_RULE_KEYS = ("for", "keep_firing_for", "interval")
_ROUTE_KEYS = ("group_wait", "group_interval", "repeat_interval")


def duration(text):
    """12m -> 60000ms."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    assert "".join(number + unit for number, unit in parts) == text, f"no duration: {text}"
    total = sum(int(number) * _UNIT_MS[unit] for number, unit in parts)
    return f"{max(1, round(total / FACTOR))}ms" if total else "0s"


def expression(text):
    """Windows and offsets."""
    return _IN_EXPRESSION.sub(lambda found: found[1] + duration(found[2]), text)


def rules(told):
    """Of a rule file, in place."""
    for group in told["groups"]:
        for one in (group, *group["rules"]):
            for key in _RULE_KEYS:
                if key in one:
                    one[key] = duration(one[key])
        for rule in group["rules"]:
            rule["expr"] = expression(rule["expr"])
            # Copied: YAML's anchors share one set of annotations.
            rule["annotations"] = {name: expression(text)
                                   for name, text in rule.get("annotations", {}).items()}
            if "record" in rule:
                del rule["annotations"]
    return told


def route(told):
    """Of Alertmanager's tree of routes, in place."""
    for key in _ROUTE_KEYS:
        if key in told:
            told[key] = duration(told[key])
    for below in told.get("routes", []):
        route(below)
    return told
