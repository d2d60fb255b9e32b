"""From a Geth that dies to a page, with our configuration and rules: a real Prometheus scrapes the
exporter, a real Alertmanager delivers to a webhook."""
import pathlib
import shutil
import time

import pytest
import yaml

from harness import ROOT, Alertmanager, Prometheus, Webhook, free_port, wait_until

PAGE_SECONDS = 45  # 20 to 24 on an idle machine; the aim is 30.
ANSWERS = 'max(stakewatch_source_up{job="geth",source!="heads"})'


def render(folder, exporter_port, alertmanager_port, webhook_port, prometheus_port):
    """Our own configuration with the test's ports, as scripts/demo.sh does it."""
    config = pathlib.Path(folder) / "prometheus"
    shutil.copytree(ROOT / "prometheus", config)
    for file, ports in {
            "prometheus.yml": {"localhost:19101": exporter_port, "localhost:9090": prometheus_port,
                               "localhost:9093": alertmanager_port},
            "alertmanager/alertmanager.yml": {"127.0.0.1:8541": webhook_port}}.items():
        text = (config / file).read_text()
        for address, port in ports.items():
            assert address in text, f"{address} is no longer in {file}"
            text = text.replace(address, f"127.0.0.1:{port}")
        (config / file).write_text(text)
    # There is no beacon node here; who runs none takes its job out.
    file = config / "prometheus.yml"
    told = yaml.safe_load(file.read_text())
    told["scrape_configs"] = [job for job in told["scrape_configs"] if job["job_name"] != "beacon"]
    file.write_text(yaml.safe_dump(told))
    return config


class Stack:
    def __init__(self, folder, programs, exporter):
        self.webhook = Webhook()
        alertmanager_port = free_port()
        self.prometheus = Prometheus(folder, pathlib.Path(folder) / "prometheus/prometheus.yml")
        config = render(folder, exporter.port, alertmanager_port, self.webhook.port,
                        self.prometheus.port)
        self.alertmanager = Alertmanager(folder, config / "alertmanager/alertmanager.yml",
                                         alertmanager_port)
        self.instance = f"127.0.0.1:{exporter.port}"
        programs += [self.alertmanager, self.prometheus]
        self.alertmanager.start()
        self.prometheus.start()

    def answers(self):
        return self.prometheus.value(ANSWERS)

    def wait_answers(self, value, seconds=20):
        self.prometheus.wait(lambda: self.answers() == value, seconds, f"saw {ANSWERS} {value}")

    def alert_states(self, name):
        """All states the alert has been in so far."""
        found = self.prometheus.query(
            f'count by (alertstate) (count_over_time(ALERTS{{alertname="{name}"}}[10m]))')
        return {one["metric"]["alertstate"] for one in found}

    def inactive(self, name):
        return not self.prometheus.query(f'ALERTS{{alertname="{name}"}}')


@pytest.fixture
def stack(tmp_path, programs, dev_geth, run_exporter):
    geth = dev_geth()
    exporter = run_exporter("--geth.url", geth.url, "--geth.ws-url", geth.ws_url)
    made = Stack(tmp_path, programs, exporter)
    made.geth = geth
    yield made
    made.webhook.close()


def assert_one_page(notifications, instance):
    """Exactly one, of one alert, with what the person who is woken needs."""
    assert len(notifications) == 1, [body["commonLabels"] for _, body in notifications]
    (alert,) = notifications[0][1]["alerts"]
    assert alert["labels"]["alertname"] == "NodeDown"
    assert alert["labels"]["severity"] == "page"
    assert alert["labels"]["cause"] == "el_down"
    assert alert["labels"]["instance"] == instance
    assert "Cause: el_down" in alert["annotations"]["description"]
    assert "Last known height" in alert["annotations"]["description"]
    assert "unknown" not in alert["annotations"]["description"], "the height was known"
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/NodeDown.md"
    assert (ROOT / alert["annotations"]["runbook_url"]).is_file()
    return alert


def test_page_and_its_end(stack, capsys):
    stack.prometheus.wait(lambda: stack.answers() == 1, 40, "saw the node up")
    stack.prometheus.wait(
        lambda: stack.prometheus.query("stakewatch:execution_height"), 30, "knows the height")
    ready_at = time.monotonic()
    # A restart that is over within `for:` pages nobody. Prometheus is shown the gap: it is the
    # scrape that finds the node away that lets it come back.
    assert stack.geth.end() == 0
    stack.wait_answers(0)
    stack.geth.start()
    stack.wait_answers(1)
    stack.prometheus.wait(lambda: stack.alert_states("NodeDown") and stack.inactive("NodeDown"), 30,
                          "NodeDown was pending, and is over")
    assert stack.alert_states("NodeDown") == {"pending"}, "seen, and not paged"
    assert stack.webhook.of("/page") == []

    killed_at = time.monotonic()
    stack.geth.kill()
    pages = wait_until(lambda: stack.webhook.of("/page"), 90, "a page")
    seconds = pages[0][0] - killed_at
    with capsys.disabled():
        print(f"\nfrom kill -9 to the webhook: {seconds:.1f} s"
              f" (a short restart before it took {killed_at - ready_at:.1f} s)")
    assert_one_page(pages, stack.instance)
    assert pages[0][1]["status"] == "firing"
    assert stack.webhook.of("/warning") == [], "a dead node is one page and nothing beside it"

    stack.geth.start()
    started_at = time.monotonic()
    resolved = wait_until(lambda: stack.webhook.of("/page", "resolved"), 120, "resolved")
    with capsys.disabled():
        print(f"from the restart to the webhook: {resolved[0][0] - started_at:.1f} s")
    assert len(resolved) == 1 and {a["labels"]["alertname"]
                                   for a in resolved[0][1]["alerts"]} == {"NodeDown"}
    assert_one_page(stack.webhook.of("/page", "firing"), stack.instance)
    # A killed Geth has lost the blocks that were not on disk, and a dev one makes others in their
    # place: a reorganisation, told as such.
    assert {body["commonLabels"]["alertname"] for _, body in stack.webhook.of("/warning")} \
        <= {"ReorgDeep"}
    # Up to a minute after its start: a Prometheus that has just started evaluates its rules before it
    # knows its Alertmanager, and sends what fires a second time only after a minute.
    wait_until(lambda: stack.webhook.of("/heartbeat"), 90, "the dead man's switch is heard")
    assert seconds < PAGE_SECONDS
