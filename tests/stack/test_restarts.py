"""What is planned pages nobody: a first start, a restart of each service, down and up again; and what is
not, does. After test_demo.py, whose stack it goes on with."""
import json
import time

import pytest

from conftest import OURS, check_secret_and_socket, get, wait


def test_a_first_start_pages_nobody(stack):
    """From nothing, and then for two minutes."""
    started = stack.query("process_start_time_seconds{job='prometheus'}")[0]["value"][1]
    wait("two minutes of Prometheus", lambda: time.time() - float(started) > 120, 130)
    assert stack.pages() == []


@pytest.mark.parametrize("service", OURS)
def test_a_restart_pages_nobody(stack, service):
    before = stack.inspect(service)["State"]["StartedAt"]
    done = stack.script("restart.sh", SERVICE=service, MINUTES="5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the silence is lifted" in done.stdout
    assert stack.inspect(service)["State"]["StartedAt"] > before
    assert stack.pages() == []
    active = [one for one in get(f"{stack.alertmanager}/api/v2/silences")
              if one["status"]["state"] == "active"]
    assert not active


@pytest.mark.parametrize("arguments, said", [
    ({}, "which one?"), ({"SERVICE": "nonsense"}, 'no service "nonsense"'),
    ({"SERVICE": "loki", "MINUTES": "0"}, "no number"),
    ({"SERVICE": "loki", "ALERTMANAGER_URL": "http://127.0.0.1:1"}, "not restarted")])
def test_a_wrong_restart_does_nothing(stack, arguments, said):
    before = stack.inspect("loki")["State"]["StartedAt"]
    done = stack.script("restart.sh", **arguments)
    assert done.returncode == 1 and said in done.stderr
    assert stack.inspect("loki")["State"]["StartedAt"] == before


def test_data_is_kept_over_down_and_up(stack):
    token = (stack.volume("jwt") / "jwt.hex").read_text()
    password = (stack.volume("secrets") / "admin_password").read_text()
    oldest = float(stack.query("min(min_over_time(timestamp(up{job='geth'})[1h:]))")[0]["value"][1])
    stack.compose("down", "-t", "30")
    assert stack.up() < 180
    wait("targets", lambda: all(target["health"] == "up" for target in stack.targets()))
    again = stack.query(f"up{{job='geth'}} @ {oldest + 10:.0f}")
    assert again, "Prometheus has lost what it had"
    assert (stack.volume("jwt") / "jwt.hex").read_text() == token
    assert (stack.volume("secrets") / "admin_password").read_text() == password
    old = stack.loki("query_range", query='{service_name="prometheus"}', direction="forward",
                     start=f"{oldest - 300:.0f}", end=f"{oldest + 300:.0f}")["result"]
    assert old, "Loki has lost what it had"
    assert stack.pages() == []


def test_a_real_geth_is_restarted_without_a_page(stack):
    """Beside the simulated beacon node. The move from one Geth to another is planned work, too:
    within a silence, and with the chain another one."""
    stack.use("docker-compose.yaml", "tests/stack/compose.test.yaml",
              "tests/stack/compose.real-geth.yaml")
    for service in ("geth_exporter", "simulator"):
        stack.compose("stop", service)
    stack.compose("rm", "-f", "prometheus", "-s")
    ipc = stack.volume("geth_ipc") / "geth.ipc"
    ipc.unlink(missing_ok=True)
    stack.up()
    wait("the real Geth's blocks", lambda: float(
        stack.query("geth_block_number{tag='latest'}")[0]["value"][1]) > 2, 120)
    (version,) = stack.query("geth_node_info")
    assert "1.17.3" in json.dumps(version["metric"])
    check_secret_and_socket(stack, 65532)
    wait("heads over WebSocket", lambda: stack.query("stakewatch_source_up{source='heads'} == 1"))
    before = stack.inspect("geth")["State"]["StartedAt"]
    done = stack.script("restart.sh", SERVICE="geth", MINUTES="5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.inspect("geth")["State"]["StartedAt"] > before
    wait("blocks after it", lambda: stack.query("changes(geth_block_number{tag='latest'}[30s]) > 1"))
    assert stack.pages() == []


def test_a_killed_geth_pages_once_within_half_a_minute(stack, note):
    """The counterpart of all above: what is no planned restart does page."""
    def ours():
        return [alert for alert in stack.alerts() if alert["labels"]["alertname"] != "TestPage"
                and alert["labels"].get("severity") == "page"]
    before = len(ours())
    stack.compose("kill", "geth")
    start = time.monotonic()
    wait("a page", lambda: len(ours()) > before, 45)
    took = time.monotonic() - start
    note(f"killed Geth: page after {took:.0f} s")
    assert took < 30
    stack.compose("start", "geth")
    wait("its resolution", lambda: ours()[-1]["status"] == "resolved", 180)
    assert [(alert["labels"]["alertname"], alert["status"]) for alert in ours()[before:]] == [
        ("NodeDown", "firing"), ("NodeDown", "resolved")]
