"""A Prometheus and an Alertmanager with the shipped configuration, which watch many nodes, and the
webhook that takes what they send."""
import json
import pathlib
import shutil

import yaml

import faster
from harness import ROOT, Alertmanager, Prometheus, Webhook, free_port

JOBS = ("geth", "beacon", "prysm-validator", "node_exporter", "jormungandr", "mina",
        "computehorde", "supervisord", "validator-supervisor")


class Monitors:
    """`fast`: in fast motion, by faster.py. `managers`: Alertmanagers, 2 are a cluster."""

    def __init__(self, folder, fast=False, managers=1):
        self.folder, self.fast = pathlib.Path(folder), fast
        self.folder.mkdir(parents=True)
        self.webhook = Webhook()
        config = self.folder / "prometheus"
        flags = []
        if fast:
            # As often as Prometheus tells again of what fires: each minute, unless told otherwise.
            flags.append(f"--rules.alert.resend-delay={faster.duration('1m')}")
        self.prometheus = Prometheus(self.folder, config / "prometheus.yml", *flags)
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(managers)]
        self.alertmanagers = [
            Alertmanager(self.folder, config / "alertmanager/alertmanager.yml", free_port(),
                         name=f"alertmanager{i}",
                         cluster=(addresses[i], addresses[1 - i]) if managers == 2 else ("", None))
            for i in range(managers)]
        self._render(config)

    @property
    def alertmanager(self):
        return self.alertmanagers[0]

    def _render(self, config):
        """The shipped files; only addresses are others, and the targets come from files."""
        shutil.copytree(ROOT / "prometheus", config)
        file = config / "prometheus.yml"
        told = yaml.safe_load(file.read_text())
        jobs = {job["job_name"]: job for job in told["scrape_configs"]}
        for name in JOBS:
            jobs[name].pop("static_configs", None)
            jobs[name]["file_sd_configs"] = [{"files": [f"targets/{name}@*.json"]}]
        jobs["prometheus"]["static_configs"][0]["targets"] = [f"127.0.0.1:{self.prometheus.port}"]
        manager = [f"127.0.0.1:{one.port}" for one in self.alertmanagers]
        jobs["alertmanager"]["static_configs"][0]["targets"] = manager
        told["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = manager
        if self.fast:
            for key in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
                told["global"][key] = faster.SCRAPE
        file.write_text(yaml.safe_dump(told))
        (config / "targets").mkdir(exist_ok=True)

        file = config / "alertmanager/alertmanager.yml"
        text = file.read_text()
        assert "127.0.0.1:8541" in text, "the webhook of alertmanager.yml is another one now"
        told = yaml.safe_load(text.replace("127.0.0.1:8541", f"127.0.0.1:{self.webhook.port}"))
        if self.fast:
            faster.route(told["route"])
        file.write_text(yaml.safe_dump(told))
        if self.fast:
            for file in (config / "rules").glob("*.yml"):
                told = faster.rules(yaml.safe_load(file.read_text()))
                # As one line each: Prometheus 2.42 takes the name of a YAML alias for the text.
                file.write_text(yaml.dump(told, Dumper=_Plain, width=1_000_000))

    def watch(self, name, targets):
        """Scrapes {job: addresses} as the node `name`, from now on."""
        for job, addresses in targets.items():
            file = self.folder / f"prometheus/targets/{job}@{name}.json"
            part = file.with_suffix(".part")
            labels = {"node": name}
            if job == "jormungandr":
                labels["pool"] = name  # The nodes of two rows lead for no common one.
            part.write_text(json.dumps([{"targets": addresses, "labels": labels}]))
            part.rename(file)

    def start(self):
        for program in (*self.alertmanagers, self.prometheus):
            program.start()

    def discard(self):
        for program in (*self.alertmanagers, self.prometheus):
            program.discard()
        self.webhook.close()


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True
