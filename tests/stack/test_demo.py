"""docker-compose.yaml on a real Docker engine, profile demo, from nothing: what only running shows.
What reading shows is in tests/repo/test_compose.py. The tests build on each other, in their order."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import LEFT_OUT, OURS, ROOT, check_secret_and_socket, wait

ONE_SHOTS = {"init", "first_answers", "demo_validators", "targets_demo"}
IMAGES_BYTES_MAX = {"geth_exporter": 40 << 20, "beacon_exporter": 40 << 20}


@pytest.mark.parametrize("profile", ["node", "validator", "demo", "monitoring-only"])
def test_compose_accepts_the_file(profile):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COMPOSE_")}
    done = subprocess.run(["docker", "compose", "--env-file", ".env.example", "--profile", profile,
                           "config", "-q"], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_green_within_three_minutes(stack, note):
    note(f"green after {stack.seconds_to_green:.0f} s")
    assert stack.seconds_to_green < 180
    assert stack.services("--status=running") == set(OURS) | {"webhook"}
    assert not set(LEFT_OUT) & stack.services("-a")


def test_every_target_is_up(stack):
    def check():
        targets = stack.targets()
        down = {target["scrapePool"]: target["lastError"] for target in targets
                if target["health"] != "up"}
        assert not down, down
        return {target["labels"]["job"] for target in targets}
    assert wait("every target up", check) == {"geth", "beacon", "prysm-validator",
                                              "node_exporter", "prometheus", "alertmanager",
                                              "monitoring"}
    assert {target["labels"].get("node") for target in stack.targets()
            if target["labels"]["job"] in ("geth", "beacon", "node_exporter")} == {"main"}


def test_every_source_answers(stack):
    def check():
        down = stack.query("stakewatch_source_up == 0")
        up = stack.query("stakewatch_source_up == 1")
        assert not down, [row["metric"] for row in down]
        return {row["metric"]["source"] for row in up}
    # Over the socket alone: admin is open nowhere else.
    assert {"peers", "heads", "sync", "finality", "execution_link"} <= wait("sources up", check, 120)


def test_the_list_of_peers_is_at_hand(stack):
    text = stack.compose("exec", "-T", "geth_exporter", "/usr/bin/geth_exporter", "peers")
    assert len(text.splitlines()) > 10, text


@pytest.mark.parametrize("service", OURS)
def test_a_process_has_no_rights(stack, service):
    pid = stack.inspect(service)["State"]["Pid"]
    status = dict(line.split(":\t", 1) for line in
                  pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert set(status["Uid"].split()) == ({"0"} if service == "otelcol" else {"65532"})
    mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    root = next(line.split() for line in mounts if line.split()[4] == "/")
    assert "ro" in root[5].split(",")
    assert not any("docker.sock" in line for line in mounts)


def test_ports_are_on_loopback(stack):
    for service in OURS:
        for ports in stack.inspect(service)["NetworkSettings"]["Ports"].values():
            assert all(port["HostIp"] == "127.0.0.1" for port in ports or [])


@pytest.mark.parametrize("service", sorted(IMAGES_BYTES_MAX))
def test_an_image_is_small(stack, service, note):
    image = json.loads(stack.docker("image", "inspect", stack.inspect(service)["Config"]["Image"]))[0]
    note(f"{service}: {image['Size'] / 1e6:.1f} MB")
    assert image["Size"] < IMAGES_BYTES_MAX[service]
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == service


def test_volumes_belong_to_one_user(stack):
    for name in ("geth", "geth_ipc", "jwt", "prysm", "validator", "prometheus", "loki", "secrets",
                 "alertmanager"):
        found = stack.volume(name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65532, 65532, 0o700), name


def test_secret_and_socket_are_for_one_user(stack):
    check_secret_and_socket(stack, 65532)


def test_logs_of_every_service_are_in_loki(stack):
    expected = set(OURS) | ONE_SHOTS

    def check():
        found = set(stack.loki("label/service_name/values"))
        assert expected <= found, expected - found
        return True
    wait("logs of every service", check)
    streams = stack.loki("query_range", query='{service_name=~"geth_exporter|init"}')["result"]
    lines = [line for stream in streams for _, line in stream["values"]]
    assert len(lines) > 2 and not [line for line in lines if line.endswith("\n")]


def test_a_page_reaches_the_webhook(stack):
    done = stack.script("test-page.sh")
    assert done.returncode == 0, done.stderr
    (page,) = wait("the test page", lambda: [
        alert for alert in stack.alerts() if alert["labels"]["alertname"] == "TestPage"
        and alert["status"] == "firing"][:1], 20)
    assert page["labels"]["severity"] == "page" and page["annotations"]["summary"]


def test_the_heartbeat_is_in_the_log(stack):
    """Of page_log, which takes all notifications where no receiver is set."""
    wait("the Watchdog among the logs", lambda: stack.loki(
        "query_range", query='{service_name="page_log"} |= "Watchdog"')["result"])


def test_an_alert_on_a_log_reaches_the_webhook(stack):
    """Loki evaluates prometheus/loki/rules once a minute."""
    stack.log("mina-coordinator", "ERROR: application_status of a producer was not updated")
    (alert,) = wait("an alert by Loki", lambda: [
        alert for alert in stack.alerts()
        if alert["labels"]["alertname"] == "ApplicationStatusFailed"][:1], 180)
    assert alert["labels"]["severity"] == "warning"
    assert alert["labels"]["service_name"] == "mina-coordinator"
