#!/usr/bin/env python3
"""Writes the Grafana dashboards that users import, dashboards/*.json, and the template by which
messages link to their runbooks, prometheus/alertmanager/runbooks.tmpl.

usage: dashboards.py [folder]   (tests write to one folder and compare)

Each board is a module of dashboard/: one list of panels, in the order in which they stand on it.
Numbers come first; a colour means what the alert of the same name means. What `node` is: the label
that prometheus.yml gives to all targets of one node, so that its execution client, beacon node and
host are one.
"""
import json
import pathlib
import sys

from dashboard import (computehorde, host, jormungandr, logs, mina, monitoring, pair, peers, sleep,
                       supervisor, supervisord, validators)
from dashboard.grafana import ROOT, RUNBOOKS, board, runbook_id, text


def runbooks():
    """The pages under docs/runbooks/, so that a link works at 3 a.m. with nothing but Grafana."""
    pages = sorted(RUNBOOKS.glob("*.md"))
    return board("stakewatch-runbooks", "8 Runbooks", "What each alert means and what to do: the "
                 "pages of docs/runbooks/.",
                 [text(page.stem, page.read_text(), size=(24, 22), panel_id=runbook_id(page.stem))
                  for page in pages], refresh="", since="now-1h")


BOARDS = {"1-can-i-sleep": sleep.make, "2-validators": validators.make, "3-pair": pair.make,
          "4-peers": peers.make, "5-host": host.make, "6-logs": logs.make,
          "7-monitoring": monitoring.make, "8-runbooks": runbooks, "9-supervisor": supervisord.make,
          "10-validator-supervisor": supervisor.make, "11-jormungandr": jormungandr.make,
          "12-mina": mina.make, "13-computehorde": computehorde.make}


def runbook_panels():
    """By which a message links to the runbook of its alert: a template of Alertmanager."""
    cases = [f'if eq . "{path.stem}" }}}}?viewPanel=panel-{runbook_id(path.stem)}\n'
             for path in sorted(RUNBOOKS.glob("*.md"))]
    return ("{{/* The panels of board 8 by their alerts; made by scripts/dashboards.py. */}}\n"
            '{{ define "stakewatch.panel" }}{{ ' + "{{- else ".join(cases)
            + "{{- end }}{{ end }}\n")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dashboards"
    template = folder if len(sys.argv) > 1 else ROOT / "prometheus/alertmanager"
    (template / "runbooks.tmpl").write_text(runbook_panels())
    for name, make in BOARDS.items():
        (folder / f"{name}.json").write_text(json.dumps(make(), indent=2) + "\n")


if __name__ == "__main__":
    main()
