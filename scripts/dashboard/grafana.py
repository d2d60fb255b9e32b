"""The parts that our Grafana dashboards are made of: each function makes one panel, with all that
every panel of ours has (unit, range, description, the runbooks of its alerts), and board() lays the
panels out in Grafana's grid of 24 columns. For Grafana 12; only the standard library.
"""
import pathlib
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "docs/runbooks"
COLUMNS = 24
SCHEMA_VERSION = 42  # Grafana 12.2's.
PLUGIN_VERSION = "12.2.0"
# Provisioned under these uids (dashboards/provisioning/datasources/), so that an import asks nothing.
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
LOKI = {"type": "loki", "uid": "loki"}

# What a colour means, on every board: red has paged or will, orange warns, blue takes its time.
GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "text"


def rising(orange=None, red=None):
    """Thresholds of a figure that is better low: colours from these values on."""
    return [(None, GREEN)] + [(value, colour) for value, colour in ((orange, ORANGE), (red, RED))
                              if value is not None]


def falling(green, orange=None):
    """Thresholds of a figure that is better high: green from `green` on, red below `orange`."""
    if orange is None:
        return [(None, ORANGE), (green, GREEN)]
    return [(None, RED), (orange, ORANGE), (green, GREEN)]


def states(names):
    """Value mappings: {number: (text, colour)}."""
    return [{"type": "value",
             "options": {str(value): {"text": text, "color": colour, "index": index}
                         for index, (value, (text, colour)) in enumerate(names.items())}}]


def from_on(least, text, colour):
    """A value mapping for all values from `least` on."""
    return [{"type": "range", "options": {"from": least, "to": None,
                                          "result": {"text": text, "color": colour, "index": 0}}}]


YES_IS_GOOD = states({0: ("no", RED), 1: ("yes", GREEN)})
YES_IS_BAD = states({0: ("no", GREEN), 1: ("yes", ORANGE)})
YES_IS_WORK = states({0: ("no", GREEN), 1: ("yes", BLUE)})


def runbook_id(alert):
    """The runbook's panel on its board: the same whatever other runbooks there are."""
    return zlib.crc32(alert.encode()) % 1_000_000 + 1000


def link(title, url, **more):
    return {"asDropdown": False, "icon": "doc", "includeVars": False, "keepTime": False, "tags": [],
            "targetBlank": True, "title": title, "tooltip": "", "type": "link", "url": url, **more}


def runbook_links(alerts):
    """An alert whose runbook is not written has no link."""
    return [link(f"Runbook: {alert}", f"/d/stakewatch-runbooks?viewPanel=panel-{runbook_id(alert)}")
            for alert in alerts if (RUNBOOKS / f"{alert}.md").exists()]


def _targets(queries, source, **more):
    if isinstance(queries, str):
        queries = [(queries, "{{node}}")]
    return [{"datasource": source, "editorMode": "code", "expr": expr, "legendFormat": legend,
             "refId": chr(ord("A") + index), **more} for index, (expr, legend) in enumerate(queries)]


def _thresholds(steps):
    return {"mode": "absolute",
            "steps": [{"color": colour, "value": value} for value, colour in steps]}


def _panel(kind, title, about, size, targets, options, defaults, *, alerts=(), overrides=(),
           source=PROMETHEUS, transformations=()):
    width, height = size
    panel = {"type": kind, "title": title, "description": about, "datasource": source,
             "gridPos": {"w": width, "h": height}, "targets": targets, "options": options,
             "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
             "links": runbook_links(alerts), "pluginVersion": PLUGIN_VERSION}
    if transformations:
        panel["transformations"] = list(transformations)
    return panel


def _defaults(unit, low, high, steps, maps, none, decimals=None):
    defaults = {"unit": unit, "min": low, "mappings": maps or [],
                "color": {"mode": "thresholds"}, "thresholds": _thresholds(steps or [(None, GREY)])}
    for name, value in (("max", high), ("noValue", none), ("decimals", decimals)):
        if value is not None:
            defaults[name] = value
    return defaults


def stat(title, about, queries, unit, *, size=(4, 4), low=0, high=None, steps=None, maps=None,
         none=None, decimals=None, alerts=(), names=False):
    """Numbers. Coloured only where there are thresholds or states; `names` shows a lone one's.
    `none` is shown, without a colour, where there is no number: Grafana would take the lowest
    threshold's."""
    nothing = {"type": "special", "options": {"match": "null+nan", "result": {
        "text": none or "no data", "color": "panel-bg", "index": 99}}}
    options = {"colorMode": "background" if steps or maps else "none", "graphMode": "none",
               "justifyMode": "auto", "orientation": "auto", "percentChangeColorMode": "standard",
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
               "showPercentChange": False, "textMode": "value_and_name" if names else "auto",
               "wideLayout": True}
    return _panel("stat", title, about, size,
                  _targets(queries, PROMETHEUS, instant=True, range=False), options,
                  _defaults(unit, low, high, steps, (maps or []) + [nothing], none, decimals),
                  alerts=alerts)


def bars(title, about, queries, unit, *, size=(8, 8), low=0, high=None, steps=None, none=None,
         alerts=()):
    """A number a line, with a bar: for what falls into kinds."""
    options = {"displayMode": "basic", "legend": {"calcs": [], "displayMode": "list",
                                                  "placement": "bottom", "showLegend": False},
               "maxVizHeight": 40, "minVizHeight": 16, "minVizWidth": 8, "namePlacement": "left",
               "orientation": "horizontal", "showUnfilled": True, "sizing": "auto",
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
               "valueMode": "text"}
    return _panel("bargauge", title, about, size,
                  _targets(queries, PROMETHEUS, instant=True, range=False), options,
                  _defaults(unit, low, high, steps or [(None, BLUE)], None, none), alerts=alerts)


def graph(title, about, queries, unit, *, size=(12, 8), low=0, high=None, steps=None, none=None,
          columns=False, stack=False, alerts=(), source=PROMETHEUS):
    """Lines over time; thresholds are lines across. `low` and `high` are soft: what lies beyond is
    still shown. Without `low` the range is that of the data."""
    defaults = _defaults(unit, None, None, steps, None, none)
    del defaults["min"]
    defaults["color"] = {"mode": "palette-classic"}
    custom = {"axisPlacement": "auto", "drawStyle": "bars" if columns else "line",
              "fillOpacity": 60 if columns else 8, "lineWidth": 1, "pointSize": 4,
              "showPoints": "never", "spanNulls": False,
              "stacking": {"group": "A", "mode": "normal" if stack else "none"},
              "thresholdsStyle": {"mode": "dashed" if steps else "off"}}
    custom.update({name: value for name, value in (("axisSoftMin", low), ("axisSoftMax", high))
                   if value is not None})
    defaults["custom"] = custom
    options = {"legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table",
                          "placement": "bottom", "showLegend": True},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    more = {"instant": False, "range": True} if source is PROMETHEUS else {"queryType": "range"}
    return _panel("timeseries", title, about, size, _targets(queries, source, **more), options,
                  defaults, alerts=alerts, source=source)


def timeline(title, about, queries, maps, *, size=(24, 6), none=None, alerts=()):
    """A row a series, in the colours of its states."""
    highest = max(int(value) for value in maps[0]["options"])
    defaults = _defaults("none", 0, highest, None, maps, none)
    defaults["custom"] = {"fillOpacity": 80, "lineWidth": 0}
    options = {"alignValue": "center", "mergeValues": True, "rowHeight": 0.85, "showValue": "auto",
               "legend": {"calcs": [], "displayMode": "list", "placement": "bottom",
                          "showLegend": False},
               "tooltip": {"mode": "single", "sort": "none"}}
    return _panel("state-timeline", title, about, size,
                  _targets(queries, PROMETHEUS, instant=False, range=True), options, defaults,
                  alerts=alerts)


def table(title, about, expr, columns, *, size=(12, 8), unit="none", low=0, high=None, none=None,
          overrides=(), steps=None, alerts=()):
    """The labels of a query's series as columns: {label or "Value": heading}, in this order."""
    defaults = _defaults(unit, low, high, steps, None, none)
    defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False,
                          "filterable": False}
    options = {"cellHeight": "sm", "frameIndex": 0, "showHeader": True}
    wanted = {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}}
    order = {"id": "organize", "options": {
        "excludeByName": {}, "renameByName": columns,
        "indexByName": {name: index for index, name in enumerate(columns)}}}
    return _panel("table", title, about, size,
                  _targets([(expr, "")], PROMETHEUS, instant=True, range=False, format="table"),
                  options, defaults, overrides=overrides, transformations=[wanted, order],
                  alerts=alerts)


def by_column(heading, **properties):
    """What is different in one column of a table: a unit, mappings, a coloured cell."""
    return {"matcher": {"id": "byName", "options": heading},
            "properties": [{"id": name.replace("_", "."), "value": value}
                           for name, value in properties.items()]}


def log_lines(title, about, expr, *, size=(24, 16), none=None):
    options = {"dedupStrategy": "none", "enableInfiniteScrolling": True, "enableLogDetails": True,
               "prettifyLogMessage": False, "showCommonLabels": False, "showLabels": False,
               "showLogContextToggle": True, "showTime": True, "sortOrder": "Descending",
               "wrapLogMessage": True}
    return _panel("logs", title, about, size,
                  _targets([(expr, "")], LOKI, queryType="range", maxLines=1000), options,
                  _defaults("none", 0, None, None, None, none), source=LOKI)


def text(title, content, *, size=(24, 4), panel_id=None):
    panel = {"type": "text", "title": title, "gridPos": {"w": size[0], "h": size[1]},
             "options": {"mode": "markdown", "content": content}, "pluginVersion": PLUGIN_VERSION}
    if panel_id is not None:
        panel["id"] = panel_id
    return panel


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"w": COLUMNS, "h": 1}}


def variable(name, label, about, query, source=PROMETHEUS):
    """A choice of label values; all of them, and series without the label, by default."""
    asked = {"label": "service_name", "type": 1, "refId": "LokiVariableQueryEditor-VariableQuery"} \
        if source is LOKI else {"qryType": 1, "query": query,
                                "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    # Loki refuses a selector that matches all.
    anything = ".+" if source is LOKI else ".*"
    return {"type": "query", "name": name, "label": label, "description": about,
            "datasource": source, "query": asked, "allValue": anything, "includeAll": True,
            "multi": True, "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "options": [], "refresh": 2, "sort": 7, "hide": 0}


def textbox(name, label, about):
    empty = {"selected": True, "text": "", "value": ""}
    return {"type": "textbox", "name": name, "label": label, "description": about, "query": "",
            "current": empty, "options": [empty], "hide": 0}


def annotation(name, expr, colour, title, words, tags="", at_value=False):
    """Marks on all graphs; `at_value` takes the sample's value, in milliseconds, for the time."""
    return {"datasource": PROMETHEUS, "enable": True, "hide": False, "iconColor": colour,
            "name": name, "target": {"expr": expr, "refId": "Anno"}, "titleFormat": title,
            "textFormat": words, "tagKeys": tags, "useValueForTime": at_value}


def lay_out(panels):
    """Puts the panels, in order, into lines of 24 columns; a line's panels are of one height."""
    x = y = 0
    for number, panel in enumerate(panels, 1):
        position = panel["gridPos"]
        if x == 0:
            height = position["h"]
        assert position["h"] == height, f"{panel['title']}: not as high as its line"
        position.update(x=x, y=y)
        panel.setdefault("id", number)
        x += position["w"]
        assert x <= COLUMNS, f"{panel['title']}: sticks out"
        if x == COLUMNS:
            x, y = 0, y + height
    assert x == 0, f"{panels[-1]['title']}: its line is not full"
    return panels


def board(uid, title, about, panels, *, variables=(), annotations=(), since="now-6h",
          refresh="30s", tags=("stakewatch",)):
    return {"uid": uid, "title": title, "description": about, "tags": list(tags),
            "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": False,
            "fiscalYearStartMonth": 0, "graphTooltip": 1, "id": None, "liveNow": False,
            "preload": False, "refresh": refresh, "time": {"from": since, "to": "now"},
            "timepicker": {}, "timezone": "browser", "weekStart": "",
            "links": [link("stakewatch", "", type="dashboards", icon="external link",
                           tags=["stakewatch"], targetBlank=False, includeVars=True,
                           keepTime=True)],
            "annotations": {"list": list(annotations)}, "templating": {"list": list(variables)},
            "panels": lay_out(list(panels))}
