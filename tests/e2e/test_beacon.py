"""beacon_exporter as a process on a simulated beacon node: what a healthy one's page says, and that
each row of "what the node says and what is true" gives the page that an alert needs."""
import http.client

import pytest

from conftest import BIN
from harness import Exporter, Simulator, promtool_accepts, wait_until

SLOT_SECONDS = 0.25
# Slots behind before somebody is called: HeadLag's page. Below it a node follows: a busy machine is
# a slot or two late.
LAG, FOLLOWS = 8, 4
SOURCES = {"node", "sync", "peers", "finality", "network", "fork", "execution_link",
           "participation", "events"}
EVIDENCE = {"client_gone", "optimistic", "el_offline", "heads_apart", "execution_down"}
BOUND_SECONDS = 30


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    node = Simulator(BIN / "stakewatch_sim", tmp_path_factory.mktemp("sim"), "--network=sepolia",
                     f"--slot={SLOT_SECONDS}s", "--history-epochs=8",
                     faces=("http", "ws", "control", "beacon", "validator-client"))
    try:
        yield node.start()
    finally:
        node.discard()


@pytest.fixture(scope="module")
def exporter(sim, tmp_path_factory):
    program = Exporter(BIN / "beacon_exporter", tmp_path_factory.mktemp("exporter"),
                       f"--beacon.url={sim.url('beacon')}",
                       f"--beacon.execution-url={sim.url()}", "--beacon.network=sepolia",
                       "--scrape.timeout=2s", name="beacon_exporter")
    try:
        yield program.start()
    finally:
        program.discard()


def lag(page):
    return page.get("beaconapi_head_lag_slots")


def evidence(page):
    return {name for name, broken in page.by("beaconapi_execution_link_broken",
                                             "evidence").items() if broken}


def sources_up(page):
    return {name for name, up in page.by("stakewatch_source_up", "source").items()
            if up and name in SOURCES}


@pytest.fixture
def node(sim, exporter):
    """Faults of one test, over at its end; what comes after it finds a healthy node."""
    yield sim
    sim.clear()
    await_page(exporter, lambda page: sources_up(page) == SOURCES and lag(page) <= FOLLOWS
               and not evidence(page), "is well again")


def await_page(exporter, holds, what, seconds=BOUND_SECONDS):
    """The first page of which holds(page) is true; all of them are whole pages."""
    pages = []

    def look():
        pages.append(exporter.page())
        return holds(pages[-1])
    try:
        wait_until(look, seconds, what)
    except AssertionError as late:
        told = "\n".join(line for line in pages[-1].text.splitlines()
                         if line.startswith(("beaconapi_", "stakewatch_source_up")))
        raise AssertionError(f"{late}; the last page:\n{told}") from None
    return pages[-1]


def test_a_healthy_node(node, exporter):
    page = await_page(exporter, lambda page: sources_up(page) == SOURCES, "all sources are up")
    promtool_accepts(page.text)
    assert lag(page) <= FOLLOWS
    assert page["beaconapi_health_status_code"] == 200
    assert page["beaconapi_finality_lag_epochs"] in (2, 3)
    assert page["beaconapi_network_as_expected"] == 1
    assert page["beaconapi_slots_per_epoch"] == 8
    assert page["beaconapi_slot_duration_seconds"] == SLOT_SECONDS
    assert page.by("beaconapi_peers", "state")["connected"] == 50
    assert page.by("beaconapi_peers_by_direction", "direction")["inbound"] == 17
    assert set(page.by("beaconapi_execution_link_broken", "evidence")) == EVIDENCE
    assert not evidence(page)
    # One chain: the beacon node's slots make Geth's blocks.
    apart = page["beaconapi_execution_block_number"] - page["beaconapi_head_payload_block_number"]
    assert abs(apart) <= 2
    assert page.get("beaconapi_participation_ratio", epoch="previous", vote="target") == 1


def test_geth_is_gone_and_the_node_says_that_all_is_well(node, exporter):
    node.fault(kind="stop")
    page = await_page(exporter, lambda page: lag(page) > LAG, "the head stands")
    # The node's own words.
    assert page["beaconapi_health_status_code"] == 200
    assert page["beaconapi_syncing"] == page["beaconapi_optimistic"] == 0
    assert page["beaconapi_el_offline"] == 0
    # And what speaks against them.
    assert evidence(page) == {"client_gone", "execution_down"}
    assert page["beaconapi_sync_distance_slots"] > LAG
    promtool_accepts(page.text)


def test_geth_syncs(node, exporter):
    node.fault(kind="syncing")
    page = await_page(exporter, lambda page: page["beaconapi_optimistic"] == 1, "is optimistic")
    assert page["beaconapi_health_status_code"] == 206
    assert lag(page) <= FOLLOWS, "the head goes on"
    assert evidence(page) == {"optimistic", "heads_apart"}


def test_a_restart_takes_the_head_back(node, exporter):
    head = exporter.page()["beaconapi_head_slot"]
    node.fault(kind="restart")
    page = await_page(exporter, lambda page: "sync" in sources_up(page)
                      and page["beaconapi_health_status_code"] == 200, "has started")
    assert page["beaconapi_head_slot"] < head
    assert lag(page) > LAG
    assert page["beaconapi_syncing"] == 0, "its own word"


def test_no_peers(node, exporter):
    node.fault(kind="no_peers", target="beacon")
    page = await_page(exporter, lambda page: lag(page) > LAG, "the head stands")
    assert page.by("beaconapi_peers", "state")["connected"] == 0
    assert page["beaconapi_syncing"] == 1
    assert "el_offline" in evidence(page)
    node.fault(kind="no_peers", target="beacon", value="unnoticed")
    page = exporter.page()
    assert page["beaconapi_syncing"] == 0 and lag(page) > LAG


def test_the_head_stands_while_the_node_claims_to_be_synced(node, exporter):
    node.fault(kind="stuck", target="beacon")
    page = await_page(exporter, lambda page: lag(page) > LAG, "the head stands")
    assert page["beaconapi_syncing"] == 0
    assert page["beaconapi_health_status_code"] == 200
    assert not evidence(page), "the link to Geth is well: it stands with the head"
    node.clear()
    await_page(exporter, lambda page: lag(page) <= FOLLOWS, "catches up")


def test_a_node_that_syncs_says_so_itself(node, exporter):
    node.fault(kind="syncing", target="beacon", value=60)
    page = exporter.page()
    assert page["beaconapi_syncing"] == 1 and lag(page) > LAG
    assert page["beaconapi_health_status_code"] == 206
    await_page(exporter, lambda page: lag(page) < 40, "comes nearer")


def test_the_network_does_not_finalize(node, exporter):
    node.fault(kind="finality_stalled", value=30)
    page = await_page(exporter, lambda page: page["beaconapi_finality_lag_epochs"] > 5,
                      "finality lags", 60)
    assert lag(page) <= FOLLOWS, "the head goes on"
    assert page.get("beaconapi_participation_ratio", epoch="previous", vote="target") < 2 / 3


def test_inbound_peers_and_few_peers(node, exporter):
    node.fault(kind="no_inbound", target="beacon")
    node.fault(kind="peers", target="beacon", value=2)
    page = exporter.page()
    directions = page.by("beaconapi_peers_by_direction", "direction")
    assert directions == {"inbound": 0, "outbound": 2}
    assert page.by("beaconapi_peers", "state")["connected"] == 2


def test_another_network(node, exporter):
    node.fault(kind="wrong_network", target="beacon")
    assert exporter.page()["beaconapi_network_as_expected"] == 0


def test_a_fork_is_scheduled(node, exporter, run_exporter):
    assert exporter.page().series("beaconapi_next_fork_epoch") == {}
    node.fault(kind="fork_soon", value=20)
    # The schedule is asked for anew now and then; a new exporter asks at once.
    page = run_exporter("beacon_exporter", f"--beacon.url={node.url('beacon')}").page()
    (fork, epoch), = page.by("beaconapi_next_fork_epoch", "fork").items()
    assert fork == "GLOAS"
    begins = page.get("beaconapi_next_fork_timestamp_seconds", fork=fork)
    assert begins == pytest.approx(page["beaconapi_genesis_timestamp_seconds"]
                                   + epoch * 8 * SLOT_SECONDS)


def received(page, topic):
    return page.get("beaconapi_events_received_total", topic=topic) or 0


def slots(page):
    return page.by("beaconapi_events_slots_total", "content")


def test_events(node, exporter):
    before = exporter.page()
    page = await_page(exporter, lambda page: received(page, "head") >= received(before, "head") + 5
                      and received(page, "finalized_checkpoint") > 0, "heads come")
    assert page["beaconapi_events_feed_connected"] == 1
    assert all(page.by("beaconapi_events_subscribed", "topic").values())
    assert page["beaconapi_events_last_head_slot"] >= page["beaconapi_clock_slot"] - 2
    assert page["beaconapi_events_unreadable_total"] == 0
    # Blocks come a tenth of a slot after its start.
    count = page["beaconapi_events_head_arrival_delay_seconds_count"]
    assert count > 0
    delay = page["beaconapi_events_head_arrival_delay_seconds_sum"] / count
    assert 0.1 * SLOT_SECONDS <= delay < SLOT_SECONDS + 1
    promtool_accepts(page.text)


def test_events_fall_silent_while_the_stream_stands(node, exporter):
    node.fault(kind="events_silent")

    def silent(page):
        last = page.get("beaconapi_events_last_event_timestamp_seconds", topic="head")
        return page["beaconapi_events_last_received_timestamp_seconds"] - last > 4 * SLOT_SECONDS
    page = await_page(exporter, silent, "only keep-alives come")
    assert page["beaconapi_events_feed_connected"] == 1


def test_a_cut_stream_comes_back_and_no_slot_is_lost(node, exporter):
    before = exporter.page()
    node.fault(kind="events_cut")
    page = await_page(exporter, lambda page: page["beaconapi_events_feed_disconnects_total"] >
                      before["beaconapi_events_feed_disconnects_total"], "the cut is seen")
    head = page["beaconapi_head_slot"]
    page = await_page(exporter, lambda page: page["beaconapi_events_feed_connected"] == 1
                      and page["beaconapi_events_last_head_slot"] > head + 4, "comes back")
    counted, lost = slots(page), slots(page).get("unknown", 0) - slots(before).get("unknown", 0)
    assert lost == 0, counted


def test_a_reorg_and_a_slashing(node, exporter):
    before = exporter.page()
    node.fault(kind="reorg", target="beacon", value=3)
    node.fault(kind="slashed", value=1)
    page = await_page(exporter, lambda page: received(page, "proposer_slashing") == 1
                      and received(page, "chain_reorg") == 1, "both are told")
    assert page["beaconapi_events_reorgs_total"] == 1
    deeper = (page["beaconapi_events_reorg_depth_slots_sum"]
              - before["beaconapi_events_reorg_depth_slots_sum"])
    assert deeper == 3


def test_slots_without_a_block_are_counted(node, exporter):
    before = slots(exporter.page()).get("empty", 0)
    node.fault(kind="missed_proposals")
    await_page(exporter, lambda page: slots(page).get("empty", 0) > before, "an empty slot")


def test_older_clients_refuse_the_slashings(node, exporter, run_exporter):
    node.fault(kind="old_topics")
    program = run_exporter("beacon_exporter", f"--beacon.url={node.url('beacon')}")
    page = await_page(program, lambda page: page.get("beaconapi_events_feed_connected") == 1
                      and received(page, "head") > 0, "the feed stands")
    subscribed = page.by("beaconapi_events_subscribed", "topic")
    assert subscribed["head"] == 1 and subscribed["proposer_slashing"] == 0


def test_numbers_as_numbers(node, exporter):
    node.fault(kind="numbers")
    page = exporter.page()
    assert sources_up(page) == SOURCES
    assert lag(page) <= FOLLOWS


@pytest.mark.parametrize("fault", [
    {"kind": "html"}, {"kind": "not_json"}, {"kind": "empty"}, {"kind": "truncated"},
    {"kind": "http_500"}, {"kind": "http_401"}, {"kind": "redirect"}, {"kind": "reset"},
    {"kind": "close"}, {"kind": "stop"}, {"kind": "hang"}, {"kind": "drip"},
    {"kind": "endless_body"}, {"kind": "endless_headers"}, {"kind": "drip_header"},
    {"kind": "endless_chunk_size"}, {"kind": "lying_length", "value": "huge"},
    {"kind": "wrong_types"}, {"kind": "wrong_types", "value": "array"}, {"kind": "huge_numbers"},
    {"kind": "deep_nesting"}, {"kind": "invalid_utf8"}, {"kind": "duplicate_keys"},
    {"kind": "negative"}, {"kind": "numbers", "value": "max"}, {"kind": "rpc_error"},
], ids=lambda fault: "-".join(fault.values()))
def test_what_cannot_be_read_is_missing(node, exporter, fault):
    """The page comes in time and whole, and says of no such answer that it was one."""
    node.fault(**fault, target="beacon")
    page = exporter.page()
    promtool_accepts(page.text)
    assert page.seconds < 4, "the deadline of a scrape is 2 s"
    if fault["kind"] not in ("duplicate_keys", "invalid_utf8"):
        assert "sync" not in sources_up(page)
        assert page.series("beaconapi_head_lag_slots") == {}


def test_geths_faults_are_not_the_nodes(node, exporter):
    node.fault(kind="html")
    page = exporter.page()
    assert sources_up(page) == SOURCES
    assert evidence(page) == {"execution_down"}


def test_one_bad_answer_hides_no_other(node, exporter):
    node.fault(kind="html", target="beacon", method="/eth/v1/node/peer_count")
    assert sources_up(exporter.page()) == SOURCES - {"peers"}


def test_the_page_survives_any_moment(node, exporter):
    """While the node restarts, hangs up and comes back, each scrape is answered by a page."""
    for fault in ("restart", "events_cut"):
        node.fault(kind=fault)
        try:
            assert exporter.page().names()
        except (OSError, http.client.HTTPException) as broken:
            raise AssertionError(f"no page after {fault}") from broken


def test_the_whole_set_is_counted_as_it_comes(tmp_path, programs, run_exporter):
    validators = 50_000
    big = Simulator(BIN / "stakewatch_sim", tmp_path, f"--validators={validators}",
                    "--history-epochs=4", faces=("http", "ws", "control", "beacon"))
    programs.append(big)
    big.start()
    program = run_exporter("beacon_exporter", f"--beacon.url={big.url('beacon')}",
                           "--beacon.validator-set=true")
    page = await_page(program, lambda page: page.series("beaconapi_validator_set_validators") != {},
                      "the set is read")
    assert page.get("stakewatch_source_requests_total", source="validator_set") > 0
    by_status = page.by("beaconapi_validator_set_validators", "status")
    assert sum(by_status.values()) == validators
    assert by_status["withdrawal_done"] > 4000 and by_status["pending_queued"] == 50
    assert by_status["active_ongoing"] > 40_000
