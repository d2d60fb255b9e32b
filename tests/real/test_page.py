"""One Geth whose chain moves: the page says what Geth itself says, over all three transports."""
import time

import pytest

from harness import number, promtool_accepts, wait_until

SOURCES = {"node", "peers", "head", "sync", "txpool", "chain", "network", "gas_price"}
TO_NOBODY = "0x00000000000000000000000000000000000000aa"


@pytest.fixture(scope="module")
def geth(tmp_path_factory):
    from harness import Geth
    node = Geth(tmp_path_factory.mktemp("dev"), "--dev", "--dev.period", "1")
    try:
        node.start()
        node.wait(lambda: node.head() >= 1, 60, "makes blocks")
        yield node
    finally:
        node.discard()


def flags_for(transport, geth):
    return {"http": ["--geth.url", geth.url, "--geth.ws-url", geth.ws_url],
            "ws": ["--geth.url", geth.ws_url],
            "ipc": ["--geth.url", geth.ipc]}[transport]


def queue_a_transaction(geth):
    """One that waits for the nonces before its own: it stays in the pool."""
    if number(geth.ask("txpool_status")["queued"]) > 0:
        return
    sender = geth.ask("eth_accounts")[0]
    nonce = number(geth.ask("eth_getTransactionCount", sender, "latest"))
    geth.ask("eth_sendTransaction", {"from": sender, "to": TO_NOBODY, "value": "0x1",
                                     "nonce": hex(nonce + 7)})
    wait_until(lambda: number(geth.ask("txpool_status")["queued"]) == 1, 20, "queued")


@pytest.mark.parametrize("transport", ["http", "ws", "ipc"])
def test_page_says_what_geth_says(transport, geth, run_exporter):
    queue_a_transaction(geth)
    exporter = run_exporter(*flags_for(transport, geth))
    low = geth.head()
    page = exporter.page()
    high = geth.head()

    up = page.by("stakewatch_source_up", "source")
    assert {name for name, value in up.items() if value == 1} - {"heads"} == SOURCES, exporter.log()
    assert ("heads" in up) == (transport != "ipc")

    number_told = page.get("geth_block_number", tag="latest")
    assert low - 1 <= number_told <= high + 1
    block = geth.ask("eth_getBlockByNumber", hex(int(number_told)), False)
    assert page.get("geth_block_timestamp_seconds", tag="latest") == number(block["timestamp"])
    assert page["geth_head_gas_limit"] == number(block["gasLimit"])
    assert page["geth_head_gas_used"] == number(block["gasUsed"])
    assert page["geth_head_size_bytes"] == number(block["size"])
    assert page["geth_head_transactions"] == len(block["transactions"])
    assert page["geth_head_base_fee_per_gas_wei"] == number(block["baseFeePerGas"])
    for tag in ("safe", "finalized"):
        # Dev mode finalizes as it goes; a tag that Geth does not know is not on the page.
        told = page.get("geth_block_number", tag=tag)
        assert told is None or 0 <= told <= high

    assert page["geth_chain_id"] == number(geth.ask("eth_chainId")) == 1337
    assert page["geth_network_id"] == int(geth.ask("net_version"))
    assert page["geth_listening"] == (1 if geth.ask("net_listening") else 0)
    assert page["geth_net_peers"] == number(geth.ask("net_peerCount")) == 0
    assert page["geth_peers"] == len(geth.ask("admin_peers")) == 0
    assert geth.ask("eth_syncing") is False and page["geth_syncing"] == 0
    version = geth.ask("web3_clientVersion")
    info = dict(next(iter(page.series("geth_node_info"))))
    assert version.startswith(f"Geth/v{info['version']}-") and info["client"] == "geth"
    pool = geth.ask("txpool_status")
    assert page["geth_txpool_queued"] == number(pool["queued"]) == 1
    assert page["geth_txpool_pending"] == number(pool["pending"]) == 0
    # The base fee falls from block to block while blocks are empty, and the price with it.
    assert page["geth_gas_price_wei"] == pytest.approx(number(geth.ask("eth_gasPrice")), rel=0.5)
    promtool_accepts(page.text)


@pytest.mark.parametrize("transport", ["http", "ws"])
def test_heads_feed_sees_heads(transport, geth, run_exporter):
    exporter = run_exporter(*flags_for(transport, geth))

    def two_heads():
        page = exporter.page()
        return page if (page.get("geth_heads_seen_total") or 0) >= 2 else None
    page = exporter.wait(two_heads, 30, "saw two heads")
    assert page["geth_heads_feed_connected"] == 1
    assert page.get("stakewatch_source_up", source="heads") == 1
    assert abs(page["geth_heads_last_block_number"] - geth.head()) <= 2
    assert time.time() - page["geth_heads_last_event_timestamp_seconds"] < 10
    assert page["geth_heads_missed_total"] == 0
    assert page["geth_heads_reorgs_total"] == 0
    assert page["geth_heads_arrival_delay_seconds_count"] == page["geth_heads_seen_total"]
    promtool_accepts(page.text)


def test_wrong_network_is_told(geth, run_exporter):
    page = run_exporter("--geth.url", geth.url, "--geth.network", "mainnet").page()
    assert page["geth_network_as_expected"] == 0


def test_every_metric_is_declared(geth, run_exporter):
    """A page of a real node has no family that --describe-metrics does not know."""
    import json
    import subprocess
    from conftest import BIN
    exporter = run_exporter("--geth.url", geth.ipc)
    described = json.loads(subprocess.run([BIN / "geth_exporter", "--describe-metrics"],
                                          capture_output=True, timeout=20, check=True).stdout)
    known = {row["name"] for row in (described["metrics"] if isinstance(described, dict)
                                     else described)}
    for name in exporter.page().names():
        plain = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        assert name in known or plain in known
