"""A real Alertmanager with our configuration: one fault, one page, at the right receiver."""
import datetime
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "prometheus/alertmanager/alertmanager.yml"


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {what}")


def what(labels):
    """The alert as the cases below write it."""
    job = labels.get("job", "geth")
    return f"{labels['alertname']}/{labels['severity']}" + (f"@{job}" if job != "geth" else "")


class Webhook:
    """Keeps what is posted: (path, notification)."""

    def __init__(self):
        self.got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.got.append((handler.path, json.loads(body)))
                handler.send_response(200)
                handler.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, node, path=None):
        return [(p, n) for p, n in self.got if (path is None or p == path)
                and any(a["labels"].get("node") == node for a in n["alerts"])]


class Alertmanager:
    def __init__(self, folder, webhook):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        text = CONFIG.read_text()
        assert "127.0.0.1:8541" in text
        config = folder / "alertmanager.yml"
        config.write_text(text.replace("127.0.0.1:8541", f"127.0.0.1:{webhook.port}"))
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={folder}/data",
             "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=subprocess.STDOUT)
        wait_for(self.ready, "Alertmanager is ready")

    def ready(self):
        assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
        try:
            return self.ask("/-/ready") is not None
        except OSError:
            return False

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}",
                                         headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()

    def fire(self, *alerts):
        """Posts (name, severity, labels) together, as one evaluation of Prometheus does."""
        now = datetime.datetime.now(datetime.timezone.utc)
        ends = (now + datetime.timedelta(minutes=4)).isoformat()
        self.ask("/api/v2/alerts", [
            {"labels": {"alertname": name, "severity": severity, **labels},
             "startsAt": now.isoformat(), "endsAt": ends} for name, severity, labels in alerts])

    def muted(self, node):
        """{what(labels): is it inhibited} of one node."""
        found = json.loads(self.ask("/api/v2/alerts"))
        return {what(a["labels"]): bool(a["status"]["inhibitedBy"])
                for a in found if a["labels"].get("node") == node}

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self.log.close()


@pytest.fixture(scope="module")
def webhook():
    hook = Webhook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory, webhook):
    manager = Alertmanager(tmp_path_factory.mktemp("alertmanager"), webhook)
    yield manager
    manager.stop()


# (what fires together, what must come through); the rest must be muted. What has no job is the
# execution node's; all of a case is of one node, each job with an instance of its own.
DUTIES = ["AttestationsMissed/page@beacon", "ProposalMissed/page@beacon",
          "SyncCommitteeWeak/page@beacon", "AttestationsMissed/warning@beacon"]
CLIENT = ["ValidatorClientDown/page@prysm-validator", "SigningRefused/page@prysm-validator"]
LAGS = ["HeadLag/page@beacon", "HeadLag/warning@beacon", "FinalityLag/page@beacon",
        "SyncStalled/page@beacon", "DutiesUnknown/warning@beacon"]
CASES = {
    "page-mutes-warning": (["ExecutionHeadStuck/warning", "ExecutionHeadStuck/page"],
                           ["ExecutionHeadStuck/page"]),
    "exporter-down": (["ExporterDown/page", "NodeDown/page", "PeersLow/page", "HeadsLate/warning",
                       "CertificateExpiring/page"], ["ExporterDown/page"]),
    "exporter-of-one-knows-not-the-other": (
        ["ExporterDown/page", "HeadLag/page@beacon", "ValidatorClientDown/page@prysm-validator"],
        ["ExporterDown/page", "HeadLag/page@beacon"]),
    "host-down": (["HostDown/page@", "ExporterDown/page", "ExporterDown/page@beacon", *CLIENT,
                   "NodeDown/page", *LAGS], ["HostDown/page@"]),
    "node-down": (["NodeDown/page", "WrongNetwork/page", "ExecutionHeadStuck/page",
                   "SyncStalled/page", "PeersLow/page", "NoInboundPeers/warning",
                   "PeersInOneSubnet/warning", "ExpectedPeerLost/warning", "ReorgDeep/warning",
                   "HeadsLate/warning", "HeadsFeedSilent/warning", "SourceDown/warning",
                   "ProcessFlapping/page"], ["NodeDown/page"]),
    "node-down-and-the-other-client": (
        ["NodeDown/page", "ExecutionLinkBroken/page@beacon", *LAGS, *CLIENT, *DUTIES],
        ["NodeDown/page"]),
    "node-down-says-nothing-of-the-beacon-node": (
        ["NodeDown/page", "BeaconApiDown/page@beacon", "PeersLow/page@beacon",
         "ValidatorSlashed/page@beacon", "ForkUnready/page@beacon"],
        ["NodeDown/page", "BeaconApiDown/page@beacon", "ValidatorSlashed/page@beacon",
         "ForkUnready/page@beacon"]),
    "beacon-down": (
        ["BeaconApiDown/page@beacon", "ExecutionLinkBroken/page@beacon", "PeersLow/page@beacon",
         "EventsSilent/warning@beacon", "SourceDown/warning@beacon", "ProcessFlapping/page@beacon",
         "ClockSkew/warning@beacon", *LAGS, *CLIENT, *DUTIES, "ExecutionHeadStuck/page",
         "SyncStalled/page", "HeadsFeedSilent/warning"],
        ["BeaconApiDown/page@beacon"]),
    "certificate-is-the-cause": (["NodeDown/page", "CertificateExpiring/page"],
                                 ["NodeDown/page", "CertificateExpiring/page"]),
    "wrong-network": (["WrongNetwork/page", "ExecutionHeadStuck/page", "PeersLow/page"],
                      ["WrongNetwork/page"]),
    "wrong-network-of-the-beacon-node": (
        ["WrongNetwork/page@beacon", "ExecutionLinkBroken/page@beacon", "PeersLow/page@beacon",
         *LAGS, *DUTIES, "ExecutionHeadStuck/page"], ["WrongNetwork/page@beacon"]),
    "link-broken": (
        ["ExecutionLinkBroken/page@beacon", *LAGS, *CLIENT, *DUTIES, "EventsSilent/warning@beacon",
         "ExecutionHeadStuck/page", "ExecutionHeadStuck/warning", "HeadsLate/warning"],
        ["ExecutionLinkBroken/page@beacon"]),
    "head-lag": ([*LAGS, *CLIENT, *DUTIES, "PeersLow/page@beacon", "NoInboundPeers/warning@beacon",
                  "EventsSilent/warning@beacon", "ExecutionHeadStuck/page"],
                 ["HeadLag/page@beacon"]),
    "head-lag-that-warns-mutes-the-other-head-alone": (
        ["HeadLag/warning@beacon", "ExecutionHeadStuck/page", "PeersLow/page@beacon",
         "ValidatorClientDown/page@prysm-validator"],
        ["HeadLag/warning@beacon", "PeersLow/page@beacon"]),
    "head-stuck": (["ExecutionHeadStuck/page", "SyncStalled/page", "PeersLow/page",
                    "HeadsFeedSilent/warning"], ["ExecutionHeadStuck/page"]),
    "warning-of-stuck-mutes-no-page": (["ExecutionHeadStuck/warning", "PeersLow/page"],
                                       ["ExecutionHeadStuck/warning", "PeersLow/page"]),
    "link-broken-and-no-peers": (
        ["ExecutionLinkBroken/page@beacon", "PeersLow/page@beacon"],
        ["ExecutionLinkBroken/page@beacon"]),
    "who-does-not-attest-does-nothing-else": (
        ["AttestationsMissed/page@beacon", "ProposalMissed/page@beacon",
         "SyncCommitteeWeak/page@beacon"], ["AttestationsMissed/page@beacon"]),
    "two-epochs-say-so-of-the-sync-committee": (
        ["AttestationsMissed/warning@beacon", "ProposalMissed/page@beacon",
         "SyncCommitteeWeak/page@beacon"],
        ["AttestationsMissed/warning@beacon", "ProposalMissed/page@beacon"]),
    "sync-stalled": (["SyncStalled/page", "PeersLow/page"], ["SyncStalled/page"]),
    "sync-stalled-of-the-beacon-node": (
        ["SyncStalled/page@beacon", "PeersLow/page@beacon", "FinalityLag/page@beacon", *DUTIES],
        ["SyncStalled/page@beacon"]),
    "client-down": (["ValidatorClientDown/page@prysm-validator",
                     "SigningRefused/page@prysm-validator", *DUTIES],
                    ["ValidatorClientDown/page@prysm-validator"]),
    "signing-refused": (["SigningRefused/page@prysm-validator", *DUTIES],
                        ["SigningRefused/page@prysm-validator"]),
    "slashed-whatever-else": (["HostDown/page@", "ValidatorSlashed/page@beacon"],
                              ["HostDown/page@", "ValidatorSlashed/page@beacon"]),
    "peers-low": (["PeersLow/warning", "NoInboundPeers/warning", "PeersInOneSubnet/warning"],
                  ["PeersLow/warning"]),
    "clock-by-the-host-and-by-the-heads": (
        ["ClockSkew/page@node_exporter", "ClockSkew/warning@node_exporter",
         "ClockSkew/warning@beacon", "HeadsLate/warning", "HeadLag/page@beacon"],
        ["ClockSkew/page@node_exporter", "HeadLag/page@beacon"]),
    "clock-that-warns": (
        ["ClockSkew/warning@node_exporter", "ClockSkew/warning@beacon", "HeadsLate/warning"],
        ["ClockSkew/warning@node_exporter", "HeadsLate/warning"]),
    "killed-for-memory": (
        ["OutOfMemory/warning@node_exporter", "MemoryLow/warning@node_exporter", "NodeDown/page"],
        ["OutOfMemory/warning@node_exporter", "NodeDown/page"]),
    "a-disk-that-fills-hides-nothing": (
        ["DiskFullSoon/page@node_exporter", "DiskFullSoon/warning@node_exporter",
         "MemoryLow/page@node_exporter", "NodeDown/page"],
        ["DiskFullSoon/page@node_exporter", "MemoryLow/page@node_exporter", "NodeDown/page"]),
    "host-down-and-its-disk": (["HostDown/page@", "DiskFullSoon/page@node_exporter"],
                               ["HostDown/page@"]),
    "supervisord-down": (
        ["SupervisordDown/page@supervisord", "ProcessFatal/page@supervisord",
         "ProcessFlapping/page@supervisord", "SourceDown/warning@supervisord", "NodeDown/page",
         "CertificateExpiring/page@supervisord"],
        ["SupervisordDown/page@supervisord", "NodeDown/page",
         "CertificateExpiring/page@supervisord"]),
    "exporter-of-supervisord-down": (
        ["ExporterDown/page@supervisord", "SupervisordDown/page@supervisord",
         "ProcessFatal/page@supervisord", "ProcessFlapping/page@supervisord", "NodeDown/page"],
        ["ExporterDown/page@supervisord", "NodeDown/page"]),
    "tried-again-and-given-up": (
        ["ProcessFatal/page@supervisord", "ProcessFlapping/page@supervisord",
         "ProcessFlapping/warning@supervisord", "NodeDown/page"],
        ["ProcessFatal/page@supervisord", "NodeDown/page"]),
    "host-down-and-its-programs": (
        ["HostDown/page@", "ExporterDown/page@supervisord", "ProcessFatal/page@supervisord"],
        ["HostDown/page@"]),
    "a-hook-that-died-half-way": (
        ["RestartUnfinished/page@restart_hook", "RestartHookDown/warning@restart_hook",
         "RestartRefused/warning@restart_hook"],
        ["RestartUnfinished/page@restart_hook", "RestartRefused/warning@restart_hook"]),
    "supervisor-daemon-down": (
        ["DaemonDown/page@supervisor", "RpcDown/page@supervisor", "AllTunnelsDown/page@supervisor",
         "TunnelDown/warning@supervisor", "LogShipperDown/warning@supervisor",
         "SupervisorLocked/page@supervisor", "NotValidating/page@supervisor",
         "ValidatorProcessMissing/page@supervisor", "SourceDown/warning@supervisor",
         "BackupStale/page@supervisor", "KeyMaterialExposed/warning@supervisor", *DUTIES],
        ["DaemonDown/page@supervisor", "BackupStale/page@supervisor",
         "KeyMaterialExposed/warning@supervisor"]),
    "supervisor-locked": (
        ["SupervisorLocked/page@supervisor", "NotValidating/page@supervisor",
         "ValidatorProcessMissing/page@supervisor", *DUTIES],
        ["SupervisorLocked/page@supervisor"]),
    "all-tunnels-down": (
        ["AllTunnelsDown/page@supervisor", "TunnelDown/warning@supervisor",
         "NotValidating/page@supervisor", "ValidatorProcessMissing/page@supervisor",
         "TunnelHalfOpen/page@supervisor", "LogShipperDown/warning@supervisor",
         "BackupUploadFailed/warning@supervisor", *DUTIES],
        ["AllTunnelsDown/page@supervisor", "BackupUploadFailed/warning@supervisor"]),
    "no-beacon-node-in-use": (
        ["NotValidating/page@supervisor", "ValidatorProcessMissing/page@supervisor",
         "ProcessFlapping/page@supervisor",
         "TunnelHalfOpen/page@supervisor", "TunnelDown/warning@supervisor", *DUTIES],
        ["NotValidating/page@supervisor"]),
    "a-half-open-tunnel-mutes-nothing": (
        ["TunnelHalfOpen/page@supervisor", "LogShipperDown/warning@supervisor",
         "ProposalMissed/page@beacon"],
        ["TunnelHalfOpen/page@supervisor", "LogShipperDown/warning@supervisor",
         "ProposalMissed/page@beacon"]),
    "busy-or-not": (["RpcDown/page@supervisor", "SupervisorBusy/warning@supervisor"],
                    ["RpcDown/page@supervisor", "SupervisorBusy/warning@supervisor"]),
    "exporter-of-the-supervisor-down": (
        ["ExporterDown/page@supervisor", "DaemonDown/page@supervisor",
         "BackupStale/warning@supervisor", "AttestationsMissed/page@beacon"],
        ["ExporterDown/page@supervisor"]),
    "jormungandr-down": (
        ["JormungandrNodeDown/page@jormungandr", "NodeHung/page@jormungandr",
         "TipStale/warning@jormungandr", "NoLeader/page@jormungandr", "NoPeers/page@jormungandr",
         "SourceDown/warning@jormungandr", "NodeDown/page"],
        ["JormungandrNodeDown/page@jormungandr", "NodeDown/page"]),
    "jormungandr-forked": (
        ["Forked/page@jormungandr", "TipLag/page@jormungandr", "NoPeers/page@jormungandr",
         "MultipleLeaders/page@jormungandr"],
        ["Forked/page@jormungandr", "MultipleLeaders/page@jormungandr"]),
    "jormungandr-stands-without-peers": (
        ["TipStale/page@jormungandr", "TipStale/warning@jormungandr", "TipLag/page@jormungandr",
         "NoPeers/page@jormungandr"], ["TipStale/page@jormungandr"]),
    "mina-database-down": (
        ["DatabaseDown/page@mina", "BatchLate/page@mina", "NoSubmissions/page@mina",
         "QueryFailing/warning@mina", "ScoreWrong/warning@mina", "NodeDown/page"],
        ["DatabaseDown/page@mina", "NodeDown/page"]),
    "mina-coordinator-gone": (
        ["CoordinatorSessions/page@mina", "BatchLost/page@mina", "BatchLate/page@mina",
         "BatchLate/warning@mina", "NoSubmissions/page@mina"],
        ["CoordinatorSessions/page@mina", "NoSubmissions/page@mina"]),
    "mina-nothing-comes": (
        ["NoSubmissions/page@mina", "BatchEmpty/page@mina", "BatchLost/page@mina",
         "BatchLate/page@mina"],
        ["NoSubmissions/page@mina", "BatchLost/page@mina"]),
    "independent": (["PeersInOneSubnet/warning", "CertificateExpiring/warning"],
                    ["PeersInOneSubnet/warning", "CertificateExpiring/warning"]),
}


def alert(text, node):
    """(name, severity, labels) of "HeadLag/page@beacon"; "…@" is of the node as a whole."""
    name, severity = text.split("@")[0].split("/")
    job = text.split("@")[1] if "@" in text else "geth"
    labels = {"job": job, "instance": f"{node}-{job}"} if job else {}
    if name == "AttestationsMissed":
        labels["group"] = "home"
    if name == "ClockSkew":
        labels["cause"] = "clock_off" if job == "node_exporter" else "clock_behind"
    if job == "jormungandr":
        labels["pool"] = node  # Of each case one of its own.
    if name == "DiskFullSoon":
        labels["device"] = "sda"
    if job == "supervisord" and name in ("ProcessFatal", "ProcessFlapping"):
        labels.update(group="val", name="geth")
    if name in ("TunnelDown", "TunnelHalfOpen", "LogShipperDown", "BackupUploadFailed"):
        labels["bastion"] = "10.0.0.1:22"
    if name.startswith("Backup") and "bastion" not in labels:
        labels["location"] = "local"
    if job == "supervisor" and name == "ProcessFlapping":
        labels["cause"] = "validator_flapping"
    if job == "supervisord":
        labels["cause"] = {"ProcessFatal": "process_fatal", "SourceDown": "source_down",
                           "ProcessFlapping": "supervised_flapping"}.get(name, "other")
    return name, severity, {"node": node, **labels}


def written(texts):
    return {text.removesuffix("@") for text in texts}


@pytest.fixture(scope="module")
def fired(alertmanager):
    """All cases at once, each on a node of its own, so that group_wait is waited for once."""
    for case, (together, _) in CASES.items():
        alertmanager.fire(*[alert(text, case) for text in together])


@pytest.mark.parametrize("case", CASES)
def test_one_fault_is_one_page(alertmanager, webhook, fired, case):
    together, through = CASES[case]
    through = written(through)
    expected = {one: one not in through for one in written(together)}
    # Alertmanager tells the state that it had when the alert was last taken through the pipeline.
    wait_for(lambda: alertmanager.muted(case) == expected,
             f"muted are {expected}, not {alertmanager.muted(case)}")

    def arrived():
        return {what(a["labels"]) for _, n in webhook.of(case) for a in n["alerts"]}
    wait_for(lambda: arrived() >= through, f"{through} arrive")
    assert arrived() == through
    for path, notification in webhook.of(case):
        assert {a["labels"]["severity"] for a in notification["alerts"]} == {path.strip("/")}


def test_another_node_is_not_muted(alertmanager, webhook):
    alertmanager.fire(alert("NodeDown/page", "other:1"), alert("PeersLow/page", "other:2"))
    wait_for(lambda: webhook.of("other:2"), "the second node's page")
    assert alertmanager.muted("other:2") == {"PeersLow/page": False}


def test_a_broken_link_mutes_nothing_of_another_node(alertmanager, webhook):
    lags = ["HeadLag/page@beacon", "FinalityLag/page@beacon"]
    alertmanager.fire(alert("ExecutionLinkBroken/page@beacon", "link:1"),
                      *[alert(text, "link:2") for text in lags],
                      alert("AttestationsMissed/page@beacon", "link:3"))
    wait_for(lambda: webhook.of("link:2") and webhook.of("link:3"), "the other nodes' pages")
    # Its own HeadLag mutes its FinalityLag, as ever.
    assert alertmanager.muted("link:2") == {"HeadLag/page@beacon": False,
                                            "FinalityLag/page@beacon": True}
    assert alertmanager.muted("link:3") == {"AttestationsMissed/page@beacon": False}


def test_what_has_no_node_is_not_joined(alertmanager, webhook):
    """With a Prometheus that does not fill the label in: both lack it, and that is not equal."""
    found = [("ExecutionLinkBroken", "bare:1"), ("AttestationsMissed", "bare:2")]
    alertmanager.fire(*[(name, "page", {"job": "beacon", "instance": instance})
                        for name, instance in found])

    def arrived():
        return {(a["labels"]["alertname"], a["labels"].get("instance"))
                for _, n in webhook.got for a in n["alerts"]}
    wait_for(lambda: arrived() >= set(found), "both pages")


def test_a_group_does_not_mute_another(alertmanager, webhook):
    labels = {"job": "beacon", "instance": "groups-beacon", "node": "groups"}
    alertmanager.fire(("AttestationsMissed", "page", {**labels, "group": "home"}),
                      ("AttestationsMissed", "warning", {**labels, "group": "home"}),
                      ("AttestationsMissed", "warning", {**labels, "group": "pool"}))
    (_, warning), = wait_for(lambda: webhook.of("groups", "/warning"), "the other group's warning")
    assert {a["labels"]["group"] for a in warning["alerts"]} == {"pool"}


def test_a_disk_does_not_mute_another(alertmanager, webhook):
    labels = {"job": "node_exporter", "instance": "disks-host", "node": "disks"}
    alertmanager.fire(("DiskFullSoon", "page", {**labels, "device": "sda"}),
                      ("DiskFullSoon", "warning", {**labels, "device": "sda"}),
                      ("DiskFullSoon", "warning", {**labels, "device": "sdb"}))
    (_, warning), = wait_for(lambda: webhook.of("disks", "/warning"), "the other disk's warning")
    assert {a["labels"]["device"] for a in warning["alerts"]} == {"sdb"}


def test_a_bastion_does_not_mute_another(alertmanager, webhook):
    labels = {"job": "validator-supervisor", "instance": "bastions-supervisor", "node": "bastions"}
    alertmanager.fire(("BackupUploadFailed", "page", {**labels, "bastion": "a:22"}),
                      ("BackupUploadFailed", "warning", {**labels, "bastion": "a:22"}),
                      ("BackupUploadFailed", "warning", {**labels, "bastion": "b:22"}))
    (_, warning), = wait_for(lambda: webhook.of("bastions", "/warning"), "the other's warning")
    assert {a["labels"]["bastion"] for a in warning["alerts"]} == {"b:22"}


def test_a_program_does_not_mute_another(alertmanager, webhook):
    labels = {"job": "supervisord", "instance": "programs-supervisord", "node": "programs",
              "group": "val", "cause": "supervised_flapping"}
    own = {name: labels[name] for name in ("job", "instance", "node")}
    alertmanager.fire(("ProcessFlapping", "page", {**labels, "name": "geth"}),
                      ("ProcessFlapping", "warning", {**labels, "name": "geth"}),
                      ("ProcessFlapping", "warning", {**labels, "name": "prysm"}),
                      ("ProcessFatal", "page",
                       {**labels, "name": "other", "cause": "process_fatal"}),
                      ("ProcessFlapping", "warning", {**own, "cause": "process_flapping"}))
    def warned():
        return [a["labels"].get("name") for _, n in webhook.of("programs", "/warning")
                for a in n["alerts"]]
    wait_for(lambda: {"prysm", None} <= set(warned()), "the others' warnings")
    assert "geth" not in warned()


def test_an_alert_is_told_once_whatever_else_comes(alertmanager, webhook):
    first = alert("NodeDown/page", "group:1")
    alertmanager.fire(first)
    wait_for(lambda: webhook.of("group:1"), "the node's page")
    alertmanager.fire(first, alert("CertificateExpiring/page", "group:1"))
    messages = wait_for(lambda: len(webhook.of("group:1")) > 1 and webhook.of("group:1"),
                        "the second one")
    assert [[what(a["labels"]) for a in n["alerts"]] for _, n in messages] == [
        ["NodeDown/page"], ["CertificateExpiring/page"]]


def test_what_is_no_fault_goes_to_its_own_receiver_alone(alertmanager, webhook):
    labels = {"job": "jormungandr", "instance": "news-jormungandr", "node": "news"}
    alertmanager.fire(("SlotsAssigned", "info", labels), ("NodeRestarted", "info", labels))
    wait_for(lambda: len(webhook.of("news")) == 2, "both news")
    assert {path for path, _ in webhook.of("news")} == {"/info"}


def test_watchdog_goes_to_the_heartbeat_alone_and_nothing_mutes_it(alertmanager, webhook):
    alertmanager.fire(("ExporterDown", "page", {}), ("Watchdog", "none", {}))
    beats = wait_for(lambda: [p for p, n in webhook.got if n["alerts"][0]["labels"]["alertname"] == "Watchdog"],
                     "the heartbeat")
    assert set(beats) == {"/heartbeat"}
