"""supervisor_exporter as a process on the simulated supervisor: each row of what the RPC says and
what is true puts the right thing on the page, over all transports, and so does each bad answer.
A real sshd: tests/real/test_supervisor.py."""
import os
import pathlib
import socket
import subprocess

import pytest

from conftest import BIN
from harness import Simulator, free_ports, promtool_accepts, wait_until

KEY = "ffeeddccbbaa99887766554433221100\n"
NODES = ["10.77.1.2:2222", "10.77.2.2:2222"]
SOURCES = {"rpc", "processes", "forwards"}
READING = {"get_auth_challenge", "auth", "get_health"}
HEALTH = {"validator_supervisor_unlocked", "validator_supervisor_validator_supervised",
          "validator_supervisor_beacon_connected", "validator_supervisor_connected_node_info",
          "validator_supervisor_release_info"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sim")
    base = free_ports(8)
    sim = Simulator(BIN / "stakewatch_sim", folder, f"--supervisor-socket={folder}/rpc.sock",
                    f"--supervisor-certificate={folder}/rpc.pem",
                    f"--supervisor-forwards={base}", f"--supervisor-procfs={folder}/proc",
                    faces=("http", "ws", "control", "supervisor", "supervisor-tls"))
    sim.base, sim.folder = base, folder
    try:
        yield sim.start()
    finally:
        sim.discard()


@pytest.fixture
def sim(simulator):
    yield simulator
    calls = simulator.state()["calls"]
    assert set(calls) <= READING, "it asked for something else"
    simulator.clear()


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o600)
    return path


def rpc_flags(sim, key_file, transport="unix"):
    rpc = {"unix": f"{sim.folder}/rpc.sock",
           "tcp": f"127.0.0.1:{sim.ports['supervisor']}",
           "tls": f"127.0.0.1:{sim.ports['supervisor-tls']}"}[transport]
    return [f"--supervisor.rpc={rpc}", f"--supervisor.key-file={key_file}",
            "--supervisor.rpc-interval=1s", "--supervisor.rpc-timeout=1s",
            *([f"--supervisor.rpc-certificate={sim.folder}/rpc.pem"] if transport == "tls" else [])]


def host_flags(sim):
    return [*(f"--supervisor.node={node}" for node in NODES),
            f"--supervisor.port-base={sim.base}", f"--path.procfs={sim.folder}/proc"]


@pytest.fixture
def run_on_host(sim, key_file, run_exporter):
    """Asks the RPC at once, and then each second."""
    return lambda: run_exporter("supervisor_exporter", *rpc_flags(sim, key_file), *host_flags(sim))


@pytest.fixture
def exporter(run_on_host):
    return run_on_host()


def scrape(exporter, seconds=3):
    page = exporter.page(timeout_seconds=seconds)
    assert page.seconds < seconds
    promtool_accepts(page.text)
    return page


def result(page):
    told = page.by("validator_supervisor_rpc_last_result", "result")
    assert len(told) in (0, 7) and sum(told.values()) in (0, 1)
    return next((name for name, value in told.items() if value), None)


def await_result(exporter, wanted):
    """The first page after the RPC ended so: it is asked once a second."""
    def look():
        page = scrape(exporter)
        return page if result(page) == wanted else None
    return wait_until(look, 15, f"the result {wanted}", every=0.1)


def health(page):
    return tuple(page.get(f"validator_supervisor_{name}")
                 for name in ("unlocked", "validator_supervised", "beacon_connected"))


# What health says (unlocked, supervised, connected), whether the validator's process is there, and
# of each bastion: its ssh process, its forwards.
ROWS = {"locked": ((0, 0, 0), 0, (1, 1), (1, 1)),
        "unlocked": ((1, 0, 0), 0, (1, 1), (1, 1)),
        "running": ((1, 1, 1), 1, (1, 1), (1, 1)),
        "retry_gap": ((1, 1, 1), 0, (1, 1), (1, 1)),
        "used_bastion_down": ((1, 1, 1), 1, (0, 1), (0, 1)),
        "unused_bastion_down": ((1, 1, 1), 1, (1, 0), (1, 0)),
        "no_beacon": ((1, 1, 0), 0, (0, 0), (0, 0)),
        "silent_links": ((1, 1, 1), 1, (1, 1), (0, 0))}


@pytest.mark.parametrize("reality", ROWS)
def test_what_health_says_and_what_is_true(reality, sim, run_on_host):
    says, validator, tunnels, forwards = ROWS[reality]
    sim.fault(kind="reality", target="supervisor", value=reality)
    page = await_result(run_on_host(), "ok")
    assert health(page) == says
    assert page.by("stakewatch_source_up", "source") == dict.fromkeys(SOURCES, 1)
    assert page["validator_supervisor_daemon_up"] == 1
    assert page["validator_supervisor_validator_process_up"] == validator
    assert page.by("validator_supervisor_tunnel_process_up", "bastion") == dict(zip(NODES, tunnels))
    assert page["validator_supervisor_orphaned_processes"] == 0
    for service in ("beacon", "loki"):
        for node, up in zip(NODES, forwards):
            of = {"bastion": node, "service": service}
            assert page.get("validator_supervisor_forward_up", **of) == up
            assert page.get("validator_supervisor_forward_ready", **of) == up
            told = page.get("validator_supervisor_forward_duration_seconds", **of)
            assert (told is not None) == up
    assert page.by("validator_supervisor_beacon_syncing", "bastion") == {
        node: 0 for node, up in zip(NODES, forwards) if up}
    connected = page.series("validator_supervisor_connected_node_info")
    assert [dict(labels) for labels in connected] == (
        [{"host": "10.77.1.2", "port": "2222"}] if says[2] else [])


@pytest.mark.parametrize("transport", ["unix", "tcp", "tls"])
def test_rpc_alone_as_on_a_bastion(transport, sim, key_file, run_exporter):
    exporter = run_exporter("supervisor_exporter", *rpc_flags(sim, key_file, transport))
    page = await_result(exporter, "ok")
    assert health(page) == (1, 1, 1)
    assert set(page.by("stakewatch_source_up", "source")) == {"rpc"}
    assert not any("process" in name or "tunnel" in name for name in page.names()
                   if name.startswith("validator_supervisor_"))
    end = page.get("stakewatch_source_certificate_not_after_timestamp_seconds", source="rpc")
    assert (end is not None) == (transport == "tls")


def test_one_connection_is_kept_and_made_anew(sim, exporter):
    page = await_result(exporter, "ok")
    first = page["validator_supervisor_rpc_last_success_timestamp_seconds"]
    before = sim.state()["calls"]
    wait_until(lambda: scrape(exporter)["validator_supervisor_rpc_last_success_timestamp_seconds"]
               > first + 2, 15, "two more answers", every=0.2)
    after = sim.state()["calls"]
    assert after["auth"] == before["auth"] and after["get_health"] > before["get_health"]
    authentications = scrape(exporter)["validator_supervisor_rpc_authentications_total"]
    sim.fault(kind="stop", target="supervisor")
    page = await_result(exporter, "refused")
    assert not HEALTH & page.names() and page["validator_supervisor_daemon_up"] == 0
    assert page["validator_supervisor_rpc_last_success_timestamp_seconds"] > first
    sim.clear()
    page = await_result(exporter, "ok")
    assert page["validator_supervisor_rpc_authentications_total"] == authentications + 1


def test_the_daemon_of_2021(sim, exporter):
    sim.fault(kind="old_daemon", target="supervisor")
    wait_until(lambda: health(scrape(exporter)) == (1, 1, None), 15, "two members", every=0.1)
    assert not scrape(exporter).series("validator_supervisor_release_info")


# Each bad answer, and the result that is told of it.
BAD = {"busy": ({"kind": "hang"}, "timeout"),
       "slow": ({"kind": "slow", "value": "30s"}, "timeout"),
       "drip": ({"kind": "drip", "method": "get_health"}, "timeout"),
       "denied": ({"kind": "rpc_error", "method": "auth"}, "auth_denied"),
       "unknown user": ({"kind": "rpc_error", "method": "auth", "value": "user not found"},
                        "auth_denied"),
       "error object": ({"kind": "error_object", "method": "auth"}, "bad_answer"),
       "error object later": ({"kind": "error_object", "method": "get_health"}, "bad_answer"),
       "wrong id": ({"kind": "wrong_id"}, "bad_answer"),
       "closed": ({"kind": "close"}, "refused"),
       "closed in authentication": ({"kind": "close", "method": "auth"}, "bad_answer"),
       "reset": ({"kind": "reset", "method": "get_health"}, "bad_answer"),
       "long line": ({"kind": "long_line", "method": "get_auth_challenge"}, "bad_answer"),
       "endless": ({"kind": "endless_body", "method": "get_health"}, "bad_answer"),
       "truncated": ({"kind": "truncated"}, "bad_answer"),
       "empty": ({"kind": "empty"}, "bad_answer"),
       "not json": ({"kind": "not_json"}, "bad_answer"),
       "deep": ({"kind": "deep_nesting", "method": "get_health"}, "bad_answer"),
       "not text": ({"kind": "invalid_utf8", "method": "get_health"}, "bad_answer"),
       "wrong types": ({"kind": "wrong_types", "method": "get_health"}, "bad_answer")}


@pytest.mark.parametrize("name", BAD)
def test_bad_answers(name, sim, run_on_host):
    fault, wanted = BAD[name]
    sim.fault(target="supervisor", **fault)
    exporter = run_on_host()
    page = await_result(exporter, wanted)
    # The health is not known now; the rest of the page is.
    assert not HEALTH & page.names()
    busy = wanted == "timeout"  # And not down.
    assert page.by("stakewatch_source_up", "source") == {
        "rpc": busy, "processes": 1, "forwards": 1}
    assert page["process_resident_memory_bytes"] < 100e6
    sim.clear()
    assert health(await_result(exporter, "ok")) == (1, 1, 1)


def test_another_certificate(sim, key_file, run_exporter):
    sim.fault(kind="other_certificate", target="supervisor")
    exporter = run_exporter("supervisor_exporter", *rpc_flags(sim, key_file, "tls"))
    page = await_result(exporter, "tls_error")
    assert not HEALTH & page.names()
    assert page["validator_supervisor_rpc_authentications_total"] == 0
    assert "another certificate" in exporter.log()
    sim.clear()
    await_result(exporter, "ok")


def await_any_result(exporter):
    return wait_until(lambda: result(scrape(exporter)), 15, "a result", every=0.1)


def test_plain_and_tls_mixed_up(sim, key_file, run_exporter):
    exporter = run_exporter("supervisor_exporter", *rpc_flags(sim, key_file, "tcp"),
                            f"--supervisor.rpc-certificate={sim.folder}/rpc.pem")
    # TLS's greeting is a line that is no text, or none yet, as its random bytes have it.
    assert await_any_result(exporter) in ("tls_error", "timeout")
    other = run_exporter("supervisor_exporter", f"--supervisor.key-file={key_file}",
                         f"--supervisor.rpc=127.0.0.1:{sim.ports['supervisor-tls']}")
    assert await_any_result(other) in ("refused", "bad_answer")


def test_no_socket(tmp_path, key_file, run_exporter):
    exporter = run_exporter("supervisor_exporter", f"--supervisor.rpc={tmp_path}/rpc.sock",
                            f"--supervisor.key-file={key_file}")
    assert not HEALTH & await_result(exporter, "no_socket").names()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can listen as somebody else")
def test_a_socket_of_somebody_else(tmp_path, key_file, run_exporter):
    """Nothing is said to who is neither root, ourselves nor the owner of the folder."""
    path = tmp_path / "rpc.sock"
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
        os.seteuid(65534)
        try:
            stranger.listen()
        finally:
            os.seteuid(0)
        exporter = run_exporter("supervisor_exporter", f"--supervisor.rpc={path}",
                                f"--supervisor.key-file={key_file}")
        await_result(exporter, "refused")
        assert "user 65534 listens" in exporter.log()
        taken, _ = stranger.accept()
        with taken:
            assert taken.recv(100) == b""


@pytest.mark.parametrize("flags, says", [
    (["--supervisor.rpc=rpc.sock"], "absolute path"),
    (["--supervisor.key-file="], "key-file"),
    (["--supervisor.key-file={open}"], "chmod"),
    (["--supervisor.user=a b"], "supervisor.user"),
    (["--supervisor.rpc-certificate={key}"], "no certificate"),
    (["--supervisor.node=bastion"], "host:port"),
    (["--supervisor.node=a:1", "--supervisor.node=a:1"], "twice"),
    (["--supervisor.node=a:1", "--supervisor.port-base=65536"], "no port")])
def test_flags_that_are_wrong(flags, says, tmp_path, key_file):
    readable = tmp_path / "open"
    readable.write_text(KEY)
    readable.chmod(0o644)
    flags = [flag.format(open=readable, key=key_file) for flag in flags]
    base = {"--supervisor.rpc": "/run/rpc.sock", "--supervisor.key-file": str(key_file)}
    named = {flag.split("=")[0] for flag in flags}
    done = subprocess.run([BIN / "supervisor_exporter", *flags, "--check-config",
                           *(f"{name}={value}" for name, value in base.items()
                             if name not in named)],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_the_key_is_in_no_log_and_no_list(sim, key_file, run_exporter):
    exporter = run_exporter("supervisor_exporter", *rpc_flags(sim, key_file), "--log.level=debug")
    page = await_result(exporter, "ok")
    command = pathlib.Path(f"/proc/{exporter.process.pid}/cmdline").read_text()
    environment = pathlib.Path(f"/proc/{exporter.process.pid}/environ").read_text()
    for text in (page.text, exporter.log(), command, environment):
        assert KEY.strip() not in text
