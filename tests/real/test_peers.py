"""Three Geths of one genesis, peered on loopback: one in the middle, which dials one of the others
and is dialled by the other."""
import json
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import BIN
from harness import GETH, Geth, number, promtool_accepts, wait_until

GENESIS = pathlib.Path(__file__).with_name("genesis.json")
ABSENT = "enode://" + "ab" * 64 + "@127.0.0.1:30399"
NETWORK_ID = "20261"


class Trio:
    def __init__(self, folder):
        self.middle, self.dialled, self.dialler = self.all = [
            Geth(folder, "--networkid", NETWORK_ID, "--nodiscover", "--nat", "none",
                 "--syncmode", "full", name=name) for name in ("middle", "dialled", "dialler")]

    def start(self):
        def start(node):
            subprocess.run([GETH, "init", "--datadir", node.datadir, GENESIS], check=True,
                           capture_output=True, timeout=60)
            node.start()
        for node in self.all:
            start(node)

    def connect(self):
        self.middle.ask("admin_addPeer", self.enode(self.dialled))
        self.dialler.ask("admin_addPeer", self.enode(self.middle))
        for node, peers in ((self.middle, 2), (self.dialled, 1), (self.dialler, 1)):
            node.wait(lambda: len(self.peers(node)) == peers, 60, f"has {peers} peers")

    @staticmethod
    def enode(node):
        # Of the key and the port only: Geth knows no address of its own without --nat.
        key = re.match(r"enode://([0-9a-f]{128})@", node.ask("admin_nodeInfo")["enode"])[1]
        return f"enode://{key}@127.0.0.1:{node.p2p_port}"

    @staticmethod
    def peers(node):
        """Those that have shaken hands."""
        return [peer for peer in node.ask("admin_peers")
                if isinstance(peer["protocols"].get("eth"), dict)]


@pytest.fixture(scope="module")
def trio(tmp_path_factory):
    nodes = Trio(tmp_path_factory.mktemp("trio"))
    try:
        nodes.start()
        nodes.connect()
        yield nodes
    finally:
        for node in nodes.all:
            node.discard()


def test_peers_by_direction_client_and_protocol(trio, run_exporter):
    middle = run_exporter("--geth.url", trio.middle.url).page()
    listed = trio.middle.ask("admin_peers")
    assert middle["geth_peers"] == middle["geth_net_peers"] == len(listed) == 2
    assert middle.by("geth_peers_by_direction", "direction") == {"inbound": 1, "outbound": 1}
    assert middle["geth_peers_static"] == sum(p["network"]["static"] for p in listed) == 1
    assert middle["geth_peers_trusted"] == 0
    version = re.match(r"Geth/v([0-9.]+)", trio.dialled.ask("web3_clientVersion"))[1]
    assert middle.get("geth_peers_by_client", client="geth") == 2
    assert middle.get("geth_peers_by_client_version", client="geth", version=version) == 2
    for protocol in ("eth", "snap"):
        versions = [str(p["protocols"][protocol]["version"]) for p in listed]
        assert middle.get("geth_peers_by_protocol", protocol=protocol, version=versions[0]) == \
            versions.count(versions[0]) == 2
    assert middle["geth_peers_subnet_max_ratio"] == 1
    assert middle["geth_peers_with_block_range"] == 2
    assert middle["geth_peers_latest_block_highest"] == trio.middle.head() == 0
    assert middle["geth_chain_id"] == 20261 and middle["geth_network_id"] == int(NETWORK_ID)
    assert middle.by("stakewatch_source_up", "source").keys() >= {"peers"}
    assert all(up == 1 for up in middle.by("stakewatch_source_up", "source").values())
    promtool_accepts(middle.text)


def test_all_three_at_once(trio, run_exporter):
    exporters = [run_exporter("--geth.url", node.ipc, name=f"exporter-{node.name}")
                 for node in trio.all]
    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda exporter: exporter.page(), exporters))
    assert [page["geth_peers"] for page in pages] == [2, 1, 1]
    directions = [page.by("geth_peers_by_direction", "direction") for page in pages]
    assert directions == [{"inbound": 1, "outbound": 1}, {"inbound": 1, "outbound": 0},
                          {"inbound": 0, "outbound": 1}]


def test_expected_peers(trio, run_exporter, tmp_path):
    file = tmp_path / "expected"
    file.write_text(f"# Whom we pay.\n{trio.enode(trio.dialled)} dialled\n\n"
                    f"{trio.enode(trio.dialler)}\n{ABSENT} absent\n")
    page = run_exporter("--geth.url", trio.middle.url, "--geth.expected-peers", str(file)).page()
    unnamed = re.match(r"enode://([0-9a-f]{16})", trio.enode(trio.dialler))[1]
    assert page["geth_expected_peers"] == 3
    assert page.by("geth_expected_peer_connected", "peer") == {
        "dialled": 1, unnamed: 1, "absent": 0}
    promtool_accepts(page.text)


@pytest.mark.parametrize("transport", ["http", "ws", "ipc"])
def test_peers_command_lists_exactly_them(trio, transport):
    url = {"http": trio.middle.url, "ws": trio.middle.ws_url, "ipc": trio.middle.ipc}[transport]
    done = subprocess.run([BIN / "geth_exporter", "peers", "--output", "json", "--geth.url", url],
                          capture_output=True, timeout=30, check=True)
    told = {peer["id"]: peer for peer in map(json.loads, done.stdout.splitlines())}
    listed = {peer["id"]: peer for peer in trio.middle.ask("admin_peers")}
    assert told.keys() == listed.keys() and len(told) == 2
    for key, peer in listed.items():
        assert told[key]["enode"] == peer["enode"]
        assert told[key]["name"] == peer["name"]
        assert told[key]["remote_address"] == peer["network"]["remoteAddress"]
        assert told[key]["direction"] == ("inbound" if peer["network"]["inbound"] else "outbound")
        assert told[key]["static"] == peer["network"]["static"]
        assert told[key]["protocols"] == [f"{name}/{of['version']}"
                                          for name, of in peer["protocols"].items()]


def test_peers_that_go_and_come_back(trio, run_exporter, tmp_path):
    """Last, since it disconnects: a peer that is dropped is gone with the next page."""
    file = tmp_path / "expected"
    file.write_text(f"{trio.enode(trio.dialled)} dialled\n{trio.enode(trio.dialler)} dialler\n")
    exporter = run_exporter("--geth.url", trio.middle.url, "--geth.expected-peers", str(file))
    trio.dialler.end()
    trio.middle.wait(lambda: number(trio.middle.ask("net_peerCount")) == 1, 60, "lost one")
    page = exporter.page()
    assert page["geth_peers"] == 1
    assert page.by("geth_peers_by_direction", "direction") == {"inbound": 0, "outbound": 1}
    assert page.by("geth_expected_peer_connected", "peer") == {"dialled": 1, "dialler": 0}
    trio.dialler.start()
    # A node remembers static peers of admin_addPeer no longer than its own life.
    trio.dialler.ask("admin_addPeer", trio.enode(trio.middle))
    wait_until(lambda: len(trio.peers(trio.middle)) == 2, 60, "came back")
    assert exporter.page().by("geth_expected_peer_connected", "peer") == {
        "dialled": 1, "dialler": 1}
