"""docker-compose.yaml on a real Docker engine, profile demo, from nothing: what only running shows.
What reading shows is in tests/repo/test_compose.py. The tests build on each other, in their order."""
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

from conftest import LEFT_OUT, ROOT, get, wait

OURS = ["simulator", "geth_exporter", "beacon_exporter", "prometheus", "alertmanager", "loki",
        "otelcol", "node_exporter", "page_log"]
ONE_SHOTS = {"init", "first_answers", "demo_validators"}
IMAGES_BYTES_MAX = {"geth_exporter": 40 << 20, "beacon_exporter": 40 << 20}


@pytest.mark.parametrize("profile", ["node", "validator", "demo", "monitoring-only"])
def test_compose_accepts_the_file(profile):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COMPOSE_")}
    done = subprocess.run(["docker", "compose", "--env-file", ".env.example", "--profile", profile,
                           "config", "-q"], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_green_within_three_minutes(stack):
    print(f"green after {stack.seconds_to_green:.0f} s")
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
    assert wait("every target up", check) == {"geth", "beacon", "node_exporter", "prometheus",
                                              "alertmanager", "monitoring"}
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
def test_an_image_is_small(stack, service):
    image = json.loads(stack.docker("image", "inspect", stack.inspect(service)["Config"]["Image"]))[0]
    print(f"{service}: {image['Size'] / 1e6:.1f} MB")
    assert image["Size"] < IMAGES_BYTES_MAX[service]
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == service


def volume_folder(stack, name):
    return pathlib.Path(stack.docker("volume", "inspect", "-f", "{{.Mountpoint}}",
                                     f"stakewatch-test_{name}").strip())


def as_user(stack, uid, volume, *command):
    """Of another container, which mounts the same volume."""
    done = subprocess.run(["docker", "run", "--rm", "--network=none", f"--user={uid}:{uid}",
                           f"--volume=stakewatch-test_{volume}:/v", "debian:trixie-slim", *command],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_volumes_belong_to_one_user(stack):
    for name in ("geth", "geth_ipc", "jwt", "prysm", "validator", "prometheus", "loki", "secrets",
                 "alertmanager"):
        found = volume_folder(stack, name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65532, 65532, 0o700), name


def connect(path):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))


def check_secret_and_socket(stack):
    token = volume_folder(stack, "jwt") / "jwt.hex"
    ipc = volume_folder(stack, "geth_ipc") / "geth.ipc"
    assert token.stat().st_mode & 0o777 == ipc.stat().st_mode & 0o777 == 0o600
    assert token.stat().st_uid == ipc.stat().st_uid == 65532
    # As a user of the host that is somebody else.
    for command in (f"open({str(token)!r}).read()",
                    f"import socket; socket.socket(socket.AF_UNIX).connect({str(ipc)!r})"):
        done = subprocess.run(["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups",
                               "/usr/bin/python3", "-c", command], capture_output=True, text=True,
                              check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr, command
    # As another user in a container that has the volume: the files' own modes.
    for name, path in (("jwt", "/v/jwt.hex"), ("geth_ipc", "/v/geth.ipc")):
        code, text = as_user(stack, 4242, name, "cat", path)
        assert code != 0 and "Permission denied" in text
    code, text = as_user(stack, 65532, "jwt", "cat", "/v/jwt.hex")
    assert code == 0 and re.fullmatch(r"[0-9a-f]{64}", text)
    connect(ipc)  # As root, who may: somebody listens.


def test_secret_and_socket_are_for_one_user(stack):
    check_secret_and_socket(stack)


def test_logs_of_every_service_are_in_loki(stack):
    expected = set(OURS) | {"init", "demo_validators", "first_answers"}

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
    token = (volume_folder(stack, "jwt") / "jwt.hex").read_text()
    password = (volume_folder(stack, "secrets") / "admin_password").read_text()
    oldest = float(stack.query("min(min_over_time(timestamp(up{job='geth'})[1h:]))")[0]["value"][1])
    stack.compose("down", "-t", "30")
    assert stack.up() < 180
    wait("targets", lambda: all(target["health"] == "up" for target in stack.targets()))
    again = stack.query(f"up{{job='geth'}} @ {oldest + 10:.0f}")
    assert again, "Prometheus has lost what it had"
    assert (volume_folder(stack, "jwt") / "jwt.hex").read_text() == token
    assert (volume_folder(stack, "secrets") / "admin_password").read_text() == password
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
    ipc = volume_folder(stack, "geth_ipc") / "geth.ipc"
    ipc.unlink(missing_ok=True)
    stack.up()
    wait("the real Geth's blocks", lambda: float(
        stack.query("geth_block_number{tag='latest'}")[0]["value"][1]) > 2, 120)
    (version,) = stack.query("geth_node_info")
    assert "1.17.3" in json.dumps(version["metric"])
    check_secret_and_socket(stack)
    wait("heads over WebSocket", lambda: stack.query("stakewatch_source_up{source='heads'} == 1"))
    before = stack.inspect("geth")["State"]["StartedAt"]
    done = stack.script("restart.sh", SERVICE="geth", MINUTES="5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.inspect("geth")["State"]["StartedAt"] > before
    wait("blocks after it", lambda: stack.query("changes(geth_block_number{tag='latest'}[30s]) > 1"))
    assert stack.pages() == []


def test_a_killed_geth_pages_once_within_half_a_minute(stack):
    """The counterpart of all above: what is no planned restart does page."""
    def ours():
        return [alert for alert in stack.alerts() if alert["labels"]["alertname"] != "TestPage"
                and alert["labels"].get("severity") == "page"]
    before = len(ours())
    stack.compose("kill", "geth")
    start = time.monotonic()
    wait("a page", lambda: len(ours()) > before, 45)
    took = time.monotonic() - start
    print(f"page after {took:.0f} s")
    assert took < 30
    stack.compose("start", "geth")
    wait("its resolution", lambda: ours()[-1]["status"] == "resolved", 180)
    assert [(alert["labels"]["alertname"], alert["status"]) for alert in ours()[before:]] == [
        ("NodeDown", "firing"), ("NodeDown", "resolved")]
