"""geth_exporter as a process: its exit codes, its signals, what it refuses, and that a real
Prometheus takes its page. The node is the simulator."""
import gzip
import json
import os
import signal
import socket
import stat
import subprocess

import pytest

from conftest import BIN
from harness import (Page, Program, Prometheus, Simulator, free_port, http_request, listens,
                     promtool_accepts, wait_until)

EXPORTER = BIN / "geth_exporter"
NOBODY = "--geth.url=http://127.0.0.1:1"  # tcpmux: nobody listens.
STOPPED, USAGE, PORT_TAKEN = 0, 2, 3


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A simulated Geth, with .ports by face."""
    sim = Simulator(BIN / "stakewatch_sim", tmp_path_factory.mktemp("sim"), "--block-interval=1")
    try:
        yield sim.start()
    finally:
        sim.discard()


@pytest.fixture
def run(run_exporter):
    def start(*flags, env=None):
        return run_exporter("geth_exporter", *flags, env=env)
    return start


def run_once(*flags, env=None):
    """For what ends by itself."""
    return subprocess.run([EXPORTER, *map(str, flags)], capture_output=True, text=True, timeout=20,
                          env={**os.environ, **(env or {})}, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_0(number, run):
    exporter = run(NOBODY)
    assert exporter.end(number, seconds=5) == STOPPED
    assert f"signal={number.name}" in exporter.log().replace('"', "")



def test_expected_peers_are_read_again_when_the_file_changes(run, node, tmp_path):
    peers = tmp_path / "peers"
    enodes = [f"enode://{digit * 128}@10.0.0.1:30303 peer{digit}\n" for digit in "ab"]
    peers.write_text(enodes[0])
    exporter = run(f"--geth.url=http://127.0.0.1:{node.ports['http']}",
                   f"--geth.expected-peers={peers}")
    page = exporter.page()
    assert page["geth_expected_peers"] == 1
    assert page["geth_expected_peers_file_failed"] == 0
    peers.write_text("".join(enodes))
    assert exporter.page()["geth_expected_peers"] == 2
    peers.write_text("enode://short@10.0.0.1:30303\n")
    page = exporter.page()
    assert page["geth_expected_peers"] == 2
    assert page["geth_expected_peers_file_failed"] == 1
    assert "expected peers are not read again" in exporter.log()


def test_sighup_leaves_it_running(run):
    exporter = run(NOBODY)
    exporter.send(signal.SIGHUP)
    assert exporter.page()["process_start_time_seconds"] > 0
    assert exporter.end() == STOPPED


def test_stops_while_a_scrape_waits_for_a_hung_node(run):
    """Neither the scrape nor the end takes longer than the deadline of the scrape."""
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen(64)
        exporter = run(f"--geth.url=http://127.0.0.1:{hung.getsockname()[1]}",
                       "--scrape.timeout=2s")
        with socket.socket() as scraper:
            scraper.connect(("127.0.0.1", exporter.port))
            scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            hung.settimeout(10)
            question, _ = hung.accept()  # The scrape is under way.
            assert exporter.end(seconds=10) == STOPPED
            question.close()


def test_systemd_is_told(tmp_path, run):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(20)
        exporter = run(NOBODY, env={"NOTIFY_SOCKET": str(path)})
        assert notify.recv(4096) == b"READY=1"
        assert listens(exporter.port), "ready, and not listening"
        exporter.send(signal.SIGTERM)
        assert notify.recv(4096) == b"STOPPING=1"
        assert exporter.end() == STOPPED


def test_systemd_is_told_in_the_abstract_namespace(run):
    name = f"stakewatch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind("\0" + name)
        notify.settimeout(20)
        run(NOBODY, env={"NOTIFY_SOCKET": "@" + name})
        assert notify.recv(4096) == b"READY=1"


def test_taken_port(run):
    port = run(NOBODY).port
    done = run_once(NOBODY, f"--web.listen-address=127.0.0.1:{port}")
    assert done.returncode == PORT_TAKEN
    assert str(port) in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("flags, said", [
    (["--geth.ulr=http://127.0.0.1:8545"], "did you mean --geth.url?"),
    (["--scrape.timeout=fast"], "--scrape.timeout"),
    (["--scrape.timeout=1ms"], "--scrape.timeout"),
    (["--log.level=loud"], "--log.level"),
    (["--geth.url=gopher://node"], "--geth.url"),
    (["--geth.ws-url=http://127.0.0.1:8546"], "--geth.ws-url"),
    (["--geth.network=ropsten"], "mainnet, sepolia, hoodi"),
    (["--source.disable=piers"], "peers"),
    (["--web.max-requests=0"], "--web.max-requests"),
    (["--web.telemetry-path=metrics"], "--web.telemetry-path"),
    (["--web.config.file=/nonexistent"], "/nonexistent"),
    (["--geth.expected-peers=/nonexistent"], "/nonexistent"),
    (["peeers"], "no command"),
])
def test_wrong_flags(flags, said):
    done = run_once(*flags, "--check-config")
    assert done.returncode == USAGE, done
    assert said in done.stderr and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, "one line is enough"
    assert run_once(*flags, "--web.listen-address=127.0.0.1:0").returncode == USAGE


def test_flags_from_the_environment(node, run):
    url = f"http://127.0.0.1:{node.ports['http']}"
    exporter = run(env={"STAKEWATCH_GETH_URL": url, "STAKEWATCH_SOURCE_DISABLE": "txpool,heads"})
    up = exporter.page().by("stakewatch_source_up", "source")
    assert set(up.values()) == {1} and "txpool" not in up
    wrong = run_once("--check-config", env={"STAKEWATCH_SCRAPE_TIMEOUT": "fast"})
    assert wrong.returncode == USAGE and "fast" in wrong.stderr


def test_what_ends_by_itself():
    version = run_once("--version")
    assert version.returncode == 0 and version.stdout.startswith("geth_exporter ")
    help_text = run_once("--help")
    assert help_text.returncode == 0 and "--geth.url" in help_text.stdout
    described = run_once("--describe-metrics")
    assert described.returncode == 0 and "geth_peers" in described.stdout
    json.loads(described.stdout)


def test_health(run):
    address = f"--web.listen-address=127.0.0.1:{free_port()}"
    down = run_once("--health", address)
    assert down.returncode == 1 and "Connection refused" in down.stderr
    run(NOBODY, address)
    assert run_once("--health", address).returncode == 0
    assert run_once("--health", address.replace("127.0.0.1:", ":")).returncode == 0
    assert run_once("--health", "--web.listen-address=127.0.0.1:0").returncode == 1


def test_check_config(tmp_path):
    assert run_once(NOBODY, "--check-config").returncode == 0
    config = tmp_path / "web.yml"
    config.write_text("http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    good = run_once("--check-config", f"--web.config.file={config}")
    assert good.returncode == 0 and good.stderr == ""
    config.write_text("tls_server_confg: {}\n")
    assert run_once("--check-config", f"--web.config.file={config}").returncode == USAGE


def test_secrets_that_all_can_read_are_refused(tmp_path):
    """The message names the file and says what is right; the secret is not in it."""
    password, users = tmp_path / "password", tmp_path / "web.yml"
    password.write_text("squeamish-ossifrage\n")
    bcrypt = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
    users.write_text(f'basic_auth_users:\n  me: "{bcrypt}"\n')
    for flags, file in ((["--geth.username=me", f"--geth.password-file={password}"], password),
                        ([f"--geth.bearer-token-file={password}"], password),
                        ([f"--web.config.file={users}"], users)):
        file.chmod(0o644)
        refused = run_once("--check-config", *flags)
        assert refused.returncode == USAGE, flags
        assert str(file) in refused.stderr
        assert "ossifrage" not in refused.stderr and bcrypt not in refused.stderr
        file.chmod(0o600)
        taken = run_once("--check-config", *flags)
        assert taken.returncode == 0, taken.stderr
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_page_and_gzip_are_the_same(node, run):
    exporter = run(f"--geth.url=http://127.0.0.1:{node.ports['http']}",
                   f"--geth.ws-url=ws://127.0.0.1:{node.ports['ws']}")
    plain = http_request(exporter.port, "/metrics")
    promtool_accepts(plain.text)
    packed = http_request(exporter.port, "/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers.get_all("Content-Encoding") == ["gzip"]
    names = Page(gzip.decompress(packed.body).decode()).names()
    # What comes and goes with the chain or with time is compared by name.
    assert names - {"geth_heads_last_event_timestamp_seconds", "geth_heads_last_block_number"} == \
        Page(plain.text).names() - {"geth_heads_last_event_timestamp_seconds",
                                    "geth_heads_last_block_number"}


def prometheus_config(folder, targets):
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "geth", "static_configs": [{"targets": targets}]}]}))
    return config


def test_prometheus_takes_the_page(node, run, tmp_path, programs):
    """It asks for gzip, and refuses a page that is compressed twice or badly formed."""
    exporter = run(f"--geth.url=http://127.0.0.1:{node.ports['http']}",
                   f"--geth.ws-url=ws://127.0.0.1:{node.ports['ws']}")
    prometheus = Prometheus(tmp_path,
                            prometheus_config(tmp_path, [f"127.0.0.1:{exporter.port}"]))
    programs.append(prometheus)
    prometheus.start()
    prometheus.wait(lambda: (prometheus.value('count_over_time(up{job="geth"}[1m])') or 0) >= 3,
                    30, "scraped three times")
    assert prometheus.value('min_over_time(up{job="geth"}[1m])') == 1
    page = exporter.page()
    assert prometheus.value("geth_chain_id") == page["geth_chain_id"]
    assert prometheus.value("scrape_samples_scraped") == pytest.approx(len(page.samples), abs=2)
    # A node that hangs is no reason to lose the page: the exporter answers before Prometheus
    # gives up.
    node.fault(kind="hang", **{"for": "20s"})
    try:
        prometheus.wait(lambda: prometheus.value("max(stakewatch_source_up{source!='heads'})") == 0,
                        15, "saw the node hang")
        assert prometheus.value('min_over_time(up{job="geth"}[1m])') == 1
    finally:
        node.clear()


def test_restart_on_the_same_port_at_once(run, tmp_path, programs):
    """A connection in TIME_WAIT does not hold the port."""
    port = free_port()
    exporter = Program("again", [EXPORTER, NOBODY, f"--web.listen-address=127.0.0.1:{port}"],
                       tmp_path)
    programs.append(exporter)
    for _ in range(3):
        exporter.start()
        exporter.wait(lambda: listens(port), 20, "listens")
        assert http_request(port, "/-/healthy").status == 200
        assert exporter.end() == STOPPED
    wait_until(lambda: not listens(port), 5, "closed")
