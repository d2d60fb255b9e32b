"""Every panel's query against a real Prometheus that scrapes the exporters on a simulated node, a
node_exporter, itself and an Alertmanager, with our rules: what a user sees is not empty."""
import json
import os
import pathlib
import shutil
import sys
from urllib.parse import urlencode

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from boards import (EMPTY, EMPTY_AT_TIMES, REASONS, annotation_queries, filled,  # noqa: E402
                    panels, prometheus_queries, shown, soon, variable_queries)
from harness import (ROOT, Alertmanager, Exporter, Program, Prometheus, Simulator,  # noqa: E402
                     answers, free_port, free_ports, http_request, wait_until)

BIN = pathlib.Path(os.environ.get("STAKEWATCH_BIN", ROOT / "build/dev/bin"))
# Until each query has had its answer: feeds, jobs and rules of a minute need their time.
FULL_SECONDS = 90

# What the simulated own blocks pay to.
RECIPIENT = "0x123463a4b065722e99115d6c222f267d9cabb524"


def configuration(folder, targets, alertmanager):
    """With the shipped rules; what they do once a minute is done each second."""
    rules = folder / "rules"
    rules.mkdir()
    for path in (ROOT / "prometheus/rules").glob("*.yml"):
        (rules / path.name).write_text(path.read_text().replace("interval: 1m", "interval: 1s"))
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules / "*.yml")],
        "alerting": {"alertmanagers": [
            {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [
            {"job_name": job, "static_configs": [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"node": "one"} if of_node else {}}]}
            for job, (port, of_node) in targets.items()]}))
    return config


def node_exporter(folder):
    program = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    assert program, "no node_exporter: scripts/install-packages.sh test"
    port = free_port()
    started = Program("node_exporter", [program, f"--web.listen-address=127.0.0.1:{port}"],
                      folder).start()
    started.port = port
    started.wait(lambda: answers(port, "/metrics"), 30, "serves")
    return started


BASTIONS = ("10.77.1.2:2222", "10.77.2.2:2222")  # The simulator's.
INTERCHANGE = json.dumps({"metadata": {"interchange_format_version": "5"}, "data": [
    {"pubkey": "0x" + "a" * 96, "signed_blocks": [],
     "signed_attestations": [{"source_epoch": "7", "target_epoch": "8"}]}]})


def supervisor_flags(folder, forwards):
    """Of a validator host and a bastion in one, with its folders."""
    for name in ("data", "logs", "shm"):
        (folder / name).mkdir()
    (folder / "data/supervisor-backup.bin").write_bytes(bytes(904))
    (folder / "data/rpc.key").touch(0o600)
    (folder / "data/rpc.key").write_text("ffeeddccbbaa99887766554433221100\n")
    (folder / "logs/supervisor.log").write_text("")
    (folder / "interchange.json").write_text(INTERCHANGE)
    # The simulator's has the processes alone.
    (folder / "proc/net").mkdir()
    (folder / "proc/net/tcp").write_text("  sl  local_address rem_address   st\n")
    return [f"--supervisor.rpc={folder}/rpc.sock", "--supervisor.rpc-interval=1s",
            f"--supervisor.key-file={folder}/data/rpc.key",
            *(f"--supervisor.node={bastion}" for bastion in BASTIONS),
            f"--supervisor.port-base={forwards}", f"--path.procfs={folder}/proc",
            f"--supervisor.data-dir={folder}/data", f"--supervisor.logs-dir={folder}/logs",
            f"--supervisor.interchange={folder}/interchange.json", f"--path.shm={folder}/shm",
            "--supervisor.reverse-port=8000"]


def log_of_the_supervisor(folder):
    """What it would write while it is followed."""
    with (folder / "logs/supervisor.log").open("a") as log:
        log.write("DEBUG    validator_supervisor.supervisor Uploaded scp backup to"
                  f" root@{BASTIONS[0]}\n"
                  "INFO     validator_supervisor.subprocess Started supervised process validator\n")


def exporters(sim, folder, forwards):
    """With all that they can be told to watch."""
    peers, validators, token = folder / "peers", folder / "validators", folder / "token"
    peers.write_text(f"enode://{'ab' * 64}@192.0.2.1:30303 friend\n")
    validators.write_text(sim.control("/validators", method="GET"))
    token.write_text(sim.control("/token", method="GET"))
    token.chmod(0o600)
    return (
        Exporter(BIN / "geth_exporter", folder, f"--geth.url={sim.url()}",
                 f"--geth.ws-url=ws://127.0.0.1:{sim.ports['ws']}",
                 f"--geth.expected-peers={peers}"),
        Exporter(BIN / "beacon_exporter", folder, f"--beacon.url={sim.url('beacon')}",
                 f"--beacon.execution-url={sim.url()}", "--beacon.validator-set=true",
                 f"--validators-file={validators}", f"--validators.fee-recipients={RECIPIENT}",
                 f"--keymanager.url={sim.url('validator-client')}",
                 f"--keymanager.bearer-token-file={token}", name="beacon_exporter"),
        Exporter(BIN / "supervisord_exporter", folder,
                 f"--supervisord.url={sim.url('supervisord')}", name="supervisord_exporter"),
        Exporter(BIN / "supervisor_exporter", folder, *supervisor_flags(folder, forwards),
                 name="supervisor_exporter"),
        Exporter(BIN / "jormungandr_exporter", folder,
                 f"--jormungandr.url={sim.url('jormungandr')}",
                 f"--jormungandr.reference=n1={sim.url('jormungandr')}/node/1",
                 f"--jormungandr.external-tip-url={sim.url('jormungandr')}/stats.json",
                 name="jormungandr_exporter"))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dashboards")
    started = []

    def keep(program):
        started.append(program)
        return program
    try:
        forwards = free_ports(8)
        sim = keep(Simulator(
            BIN / "stakewatch_sim", folder, "--slot=1s", f"--supervisor-socket={folder}/rpc.sock",
            f"--supervisor-forwards={forwards}", f"--supervisor-procfs={folder}/proc", faces=(
                "http", "ws", "control", "beacon", "validator-client", "supervisord",
                "jormungandr"))).start()
        geth, beacon, supervisord, supervisor, jormungandr = (
            keep(exporter).start() for exporter in exporters(sim, folder, forwards))
        host = keep(node_exporter(folder))
        alertmanager = keep(Alertmanager(
            folder, ROOT / "prometheus/alertmanager/alertmanager.yml", free_port())).start()
        program = Prometheus(folder, folder / "prometheus.yml")
        configuration(folder, {"geth": (geth.port, True), "beacon": (beacon.port, True),
                               "supervisord": (supervisord.port, True),
                               "validator-supervisor": (supervisor.port, True),
                               "jormungandr": (jormungandr.port, True),
                               "host": (host.port, True),
                               "prysm-validator": (sim.ports["validator-client"], True),
                               "prometheus": (program.port, False),
                               "alertmanager": (alertmanager.port, False)}, alertmanager.port)
        program.sim = sim
        keep(program).start()
        wait_until(lambda: program.query("validator_supervisor_log_lines_total"), 60,
                   "the log is followed")
        log_of_the_supervisor(folder)
        yield program
    finally:
        for program in reversed(started):
            program.discard()


def still_empty(prometheus, asked):
    return [(where, query, panel) for where, query, panel in asked
            if not prometheus.query(query)]


@pytest.fixture(scope="module")
def empty(prometheus):
    """What has no answer when there has been time enough: [(where, query, panel)]. A query is
    given up early only for a reason that the list knows."""
    left = prometheus_queries()

    def answered():
        left[:] = still_empty(prometheus, left)
        return all(shown(panel) in REASONS for _, _, panel in left)
    try:
        wait_until(answered, FULL_SECONDS, "every panel has data")
    except AssertionError:
        pass  # The tests say which.
    return list(left)


def test_no_panel_is_empty_without_a_reason(empty):
    unexplained = {where: query for where, query, panel in empty if shown(panel) not in REASONS}
    assert unexplained == {}


def test_every_reason_is_needed(empty):
    assert set(EMPTY) == {shown(panel) for _, _, panel in empty} - set(EMPTY_AT_TIMES)
    assert set(REASONS) <= {shown(panel) for _, _, panel in prometheus_queries()}


def test_annotations_and_variables_are_answered(prometheus):
    for where, query in annotation_queries():
        if "ALERTS" not in query:
            assert prometheus.query(query), where
    for where, query in variable_queries():
        selector, label = query.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        path = f"/api/v1/label/{label}/values?" + urlencode({"match[]": filled(selector)})
        assert json.loads(http_request(prometheus.port, path).body)["data"], where


def test_ratios_are_ratios(prometheus, empty):
    """What is shown as a percentage lies in the range that the panel has for it."""
    gone = {where for where, _, _ in empty}
    for where, query, panel in prometheus_queries():
        defaults = panel["fieldConfig"]["defaults"]
        if defaults["unit"] != "percentunit" or where in gone:
            continue
        for series in prometheus.query(query):
            value = float(series["value"][1])
            assert defaults.get("min", 0) <= value <= 1.001, (where, value)


def test_a_healthy_node_is_green(prometheus):
    told = wait_until(lambda: prometheus.query("stakewatch:node_cause == 1"), 30, "a cause")
    assert [series["metric"]["cause"] for series in told] == ["healthy"]


def test_a_fault_is_seen_on_the_first_board(prometheus):
    """Last, since the node is not healthy any more: Geth is gone, and the board says so."""
    asked = {panel["title"]: filled(panel["targets"][0]["expr"]) for name, panel in panels()
             if name == "1-can-i-sleep"}
    assert prometheus.value(asked["Pages"]) == 0 and not prometheus.query(asked["Firing alerts"])
    healthy = prometheus.value(asked["Now"])
    prometheus.sim.fault(kind="stop", target="geth")
    try:
        wait_until(lambda: prometheus.value(asked["Now"]) not in (None, healthy), 40, "a cause")
        # Between two rules of one evaluation the new cause is there, and the old one still.
        wait_until(lambda: [series["metric"]["cause"] for series in prometheus.query(
            "stakewatch:node_cause == 1")] == ["el_down"], 10, "that cause alone")
        assert prometheus.value(asked["Pages"]) == 1
        fired = [series["metric"] for series in prometheus.query(asked["Firing alerts"])]
        assert ("NodeDown", "page", "one") in [
            (alert["alertname"], alert["severity"], alert["node"]) for alert in fired]
        for where, query in annotation_queries():
            assert prometheus.query(query), where
    finally:
        prometheus.sim.clear()
