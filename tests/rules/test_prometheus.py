"""A real Prometheus with our configuration: which node an alert is of, and what runs out of the box."""
import fnmatch
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import ROOT, Prometheus, wait_until  # noqa: E402

RULES = """
groups:
  - name: given
    rules:
      - {alert: Given, expr: vector(1), labels: {case: labelled, instance: "g:1", node: main}}
      - {alert: Given, expr: vector(1), labels: {case: bare, instance: "g:2"}}
      - {alert: Given, expr: vector(1), labels: {case: none}}
"""


class FakeAlertmanager:
    """Keeps the labels of the alerts that Prometheus sends."""

    def __init__(self):
        self.got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.got += [alert["labels"] for alert in json.loads(body)]
                handler.send_response(200)
                handler.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copytree(ROOT / "prometheus", folder / "prometheus")
    receiver = FakeAlertmanager()
    file = folder / "prometheus/prometheus.yml"
    config = yaml.safe_load(file.read_text())
    config["global"]["evaluation_interval"] = "1s"
    config["rule_files"] = ["given.yml"]
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [f"127.0.0.1:{receiver.port}"]}]}]
    # Of the jobs that are shipped only the one without a target: nothing of others is asked here.
    config["scrape_configs"] = [job for job in config["scrape_configs"] if "file_sd_configs" in job]
    file.write_text(yaml.safe_dump(config))
    (folder / "prometheus/given.yml").write_text(RULES)
    # One that has just started sends before it knows its Alertmanager, and then only after a minute.
    prometheus = Prometheus(folder, file, "--rules.alert.resend-delay=1s")
    try:
        prometheus.start()
        yield prometheus, receiver, folder
    finally:
        prometheus.discard()
        receiver.close()


def test_an_alert_has_its_targets_node_or_its_instance(sent):
    _, receiver, _ = sent
    nodes = {}

    def all_came():
        nodes.update({labels["case"]: labels.get("node") for labels in receiver.got})
        return len(nodes) == 3
    wait_until(all_came, 60, "three alerts")
    assert nodes == {"labelled": "main", "bare": "g:2", "none": None}


def test_a_validator_client_is_scraped_once_its_file_is_there(sent):
    prometheus, receiver, folder = sent
    assert prometheus.query('up{job="prysm-validator"}') == []
    targets = folder / "prometheus/targets"
    example = (targets / "prysm-validator.yml.example").read_text()
    assert "localhost:8081" in example
    ready = targets / "ready.tmp"
    ready.write_text(example.replace("localhost:8081", f"127.0.0.1:{receiver.port}"))
    ready.rename(targets / "prysm-validator.yml")
    prometheus.wait(lambda: prometheus.query('up{job="prysm-validator", node="main"}'), 60,
                    "scraped the new target")


def test_every_example_of_targets_is_looked_for():
    """A copy without the last ending is what some job reads, with the node's name in it."""
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    patterns = [pattern for job in config["scrape_configs"]
                for discovery in job.get("file_sd_configs", []) for pattern in discovery["files"]]
    examples = list((ROOT / "prometheus/targets").glob("*.example"))
    assert len(examples) == len(patterns)
    for path in examples:
        name = f"targets/{path.name.removesuffix('.example')}"
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name
        (group,) = yaml.safe_load(path.read_text())
        # Those of them that are a node by themselves.
        own = {"targets/jormungandr.yml": {"node": "jormungandr", "pool": "main"},
               "targets/mina.yml": {"node": "mina"}}
        assert group["labels"] == own.get(name, {"node": "main"})


def test_all_targets_of_the_shipped_node_have_its_name():
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    nodes = {job["job_name"]: [given.get("labels", {}).get("node")
                               for given in job.get("static_configs", [])]
             for job in config["scrape_configs"]}
    assert nodes["geth"] == nodes["beacon"] == ["main"]


def test_the_job_with_a_client_certificate_fits_in(tmp_path):
    """upstream-computehorde.yml.example, as its first lines say to use it."""
    shutil.copytree(ROOT / "prometheus", tmp_path / "prometheus")
    file = tmp_path / "prometheus/prometheus.yml"
    config = yaml.safe_load(file.read_text())
    (job,) = yaml.safe_load((ROOT / "prometheus/upstream-computehorde.yml.example").read_text())
    assert job["job_name"].startswith("upstream-computehorde") and job["scheme"] == "https"
    config["scrape_configs"].append(job)
    file.write_text(yaml.safe_dump(config))

    def check():
        return subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True,
                              timeout=60, check=False)
    done = check()
    assert done.returncode != 0 and "secrets/computehorde" in done.stderr, "it is a real path"
    key, certificate = (file.parent / job["tls_config"][name] for name in ("key_file", "cert_file"))
    key.parent.mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-subj", "/CN=prometheus"], check=True, capture_output=True, timeout=30)
    shutil.copy(certificate, file.parent / job["tls_config"]["ca_file"])
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
