"""jormungandr_exporter as a process on three simulated nodes: each fault puts the right thing on the
page, and nothing but reading is ever asked."""
import subprocess

import pytest

from conftest import BIN
from harness import Page, Simulator, http_request, promtool_accepts, wait_until

SOURCES = {"stats", "settings", "network", "leader_logs", "leaders", "fragments", "rewards"}
SLOT = 0.2
CONDITIONS = ["running", "bootstrapping", "failing", "hung", "dead"]
VERSIONS = ["0.5.0", "0.7.0", "0.8.0", "0.8.9", "0.8.18", "0.9.1", "0.11.2", "0.13.0", "0.14.0"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    sim = Simulator(BIN / "stakewatch_sim", tmp_path_factory.mktemp("sim"), f"--slot={SLOT}",
                    faces=("http", "ws", "control", "jormungandr"))
    try:
        yield sim.start()
    finally:
        asked = set(sim.state()["calls"])
        sim.discard()
        assert all(call.startswith("GET /") for call in asked)
        assert not any("shutdown" in call for call in asked)


@pytest.fixture
def sim(simulator):
    yield simulator
    simulator.clear()


def url(sim, node):
    return f"{sim.url('jormungandr')}/node/{node}"


def references(sim, own):
    return [f"--jormungandr.reference=n{i}={url(sim, i)}" for i in range(3) if i != own]


@pytest.fixture
def watch(sim, run_exporter):
    """watch(0, flags…): the exporter of that node."""
    def start(node, *flags):
        return run_exporter("jormungandr_exporter", f"--jormungandr.url={url(sim, node)}", *flags)
    return start


def scrape(exporter, seconds=3):
    page = exporter.page(timeout_seconds=seconds)
    assert page.seconds < seconds
    promtool_accepts(page.text)
    return page


def down(page):
    return {source for source, value in page.by("stakewatch_source_up", "source").items()
            if value == 0}


def condition(page):
    told = page.by("jormungandr_condition", "condition")
    assert list(told) == CONDITIONS
    return [one for one, value in told.items() if value]


def events(page, status):
    return sum(value for labels, value in page.series("jormungandr_leader_events_total").items()
               if dict(labels)["status"] == status)


def fault(sim, kind, node=None, **more):
    more.update({} if node is None else {"node": node})
    sim.fault(kind=kind, target="jormungandr", **more)


def test_healthy(sim, watch):
    page = scrape(watch(0))
    assert set(page.by("stakewatch_source_up", "source")) == SOURCES and down(page) == set()
    assert condition(page) == ["running"]
    assert page.by("jormungandr_peers", "state") == {
        "connected": 2, "available": 2, "quarantined": 0, "total": 2}
    assert page["jormungandr_leader_log_entries"] >= 1
    assert 0 <= page["jormungandr_epoch_progress_ratio"] < 1
    assert abs(page["jormungandr_tip_epoch"] * 60 + page["jormungandr_tip_slot"]
               - page["jormungandr_clock_epoch"] * 60 - page["jormungandr_clock_slot"]) <= 3


def test_the_tip_goes_on_over_a_change_of_its_digits(sim, watch):
    exporter = watch(1)
    before = scrape(exporter)["jormungandr_tip_height"]
    wait_until(lambda: scrape(exporter)["jormungandr_tip_height"] > max(before, 100), 20, "above 100")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version(version, sim, watch):
    fault(sim, "version", value=version)
    exporter = watch(0)
    page = scrape(exporter)
    assert down(page) == set() and condition(page) == ["running"]
    assert page["jormungandr_tip_height"] >= 90
    older = tuple(map(int, version.split("."))) < (0, 13, 0)
    assert page.get("jormungandr_leaders") == (1 if older else None)
    foresees = tuple(map(int, version.split("."))) < (0, 9, 2)
    if foresees:  # Not the slots of the next epoch.
        wait_until(lambda: scrape(exporter).get("jormungandr_leader_slots_pending"), 30, "slots")
    else:
        assert page.get("jormungandr_leader_slots_pending") is None
    fault(sim, "bootstrapping")
    page = scrape(exporter)
    if version != "0.5.0":  # It says no state; what it says without a tip is not known.
        assert condition(page) == ["bootstrapping"] and down(page) == set()
    assert page.get("jormungandr_tip_height") is None


def test_dead_hung_and_failing_are_told_apart(sim, watch):
    exporter = watch(1)
    for kind, told in (("stop", "dead"), ("hang", "hung"), ("http_500", "failing"),
                       ("html", "failing"), ("bootstrapping", "bootstrapping")):
        fault(sim, kind, node=1)
        assert condition(scrape(exporter)) == [told], kind
        sim.clear()
        wait_until(lambda: condition(scrape(exporter)) == ["running"], 20, "up again")
    fault(sim, "stop")  # All three: the port is closed.
    assert condition(scrape(exporter)) == ["dead"]


# What fails all sources, and the condition then.
BAD = {"redirect": "failing", "empty": "failing", "truncated": "failing", "not_json": "failing",
       "deep_nesting": "failing", "drip": "hung", "endless_body": None, "endless_headers": None,
       "lying_length": "hung", "reset": "dead", "close": "dead", "http_401": "failing"}


@pytest.mark.parametrize("kind", BAD)
def test_bad_answers(kind, sim, watch):
    exporter = watch(0)
    assert down(scrape(exporter)) == set()
    fault(sim, kind, node=0)
    page = scrape(exporter, seconds=2)
    assert down(page) >= SOURCES - {"rewards", "leaders"}
    if BAD[kind]:
        assert condition(page) == [BAD[kind]]
    assert {name for name in page.names() if name.startswith("jormungandr_")} <= {
        "jormungandr_condition", "jormungandr_rewards_remaining"}
    assert page["process_resident_memory_bytes"] < 100e6
    sim.clear()
    wait_until(lambda: down(scrape(exporter)) == set(), 20, "up again")


@pytest.mark.parametrize("kind, failed", [
    ("wrong_types", {"stats", "settings", "network", "leader_logs", "fragments"}),
    ("huge_numbers", {"stats", "settings", "leader_logs"}), ("negative", {"stats"}),
    ("numbers", set()), ("invalid_utf8", SOURCES - {"rewards", "leaders"})])
def test_wrong_content(kind, failed, sim, watch):
    fault(sim, kind, node=0)
    page = scrape(watch(0))
    assert failed <= down(page) <= failed | {"rewards"}
    if not failed:
        assert page["jormungandr_tip_height"] >= 90


def test_each_slot_of_a_leader_counts_once(sim, watch):
    exporter = watch(0)
    assert events(scrape(exporter), "block") == 0, "what was before is not counted"
    first = wait_until(lambda: scrape(exporter), 5, "a page")["jormungandr_tip_height"]
    page = wait_until(lambda: (now := scrape(exporter))["jormungandr_tip_height"] >= first + 12
                      and now, 20, "twelve slots")
    assert 3 <= events(page, "block") <= (page["jormungandr_tip_height"] - first) / 3 + 2
    assert events(page, "rejected") == 0
    fault(sim, "rejected", node=0)
    page = wait_until(lambda: (now := scrape(exporter)) and events(now, "rejected") and now, 20,
                      "a missed slot")
    assert page.get("jormungandr_leader_events_total", status="rejected",
                    reason="missed_deadline") >= 1
    made = events(page, "block")
    fault(sim, "restart", node=0)  # Empties its log.
    assert events(scrape(exporter), "block") == made


def test_upgrade_and_restart_in_mid_run(sim, watch):
    exporter = watch(0)
    before = wait_until(lambda: (now := scrape(exporter))["jormungandr_uptime_seconds"] > 6 and now,
                        20, "an uptime that can fall")
    fault(sim, "restart", node=0)
    fault(sim, "version", node=0, value="0.8.0")
    page = scrape(exporter)
    assert page["jormungandr_uptime_seconds"] < before["jormungandr_uptime_seconds"]
    assert page["jormungandr_start_time_seconds"] > before["jormungandr_start_time_seconds"]
    assert page["jormungandr_blocks_received_total"] < before["jormungandr_blocks_received_total"]
    assert page.series("jormungandr_peers") == {} and down(page) == set()


def agreement(page):
    return page.get("jormungandr_reference_agreement_ratio")


def test_the_highest_alone_on_its_chain_is_the_one(sim, watch):
    exporters = [watch(i, *references(sim, i)) for i in range(3)]
    assert [agreement(scrape(one)) for one in exporters] == [1, 1, 1]
    fault(sim, "fork", node=2)
    heights = [scrape(one)["jormungandr_tip_height"] for one in exporters]
    assert heights[2] == max(heights)
    wait_until(lambda: [agreement(scrape(one)) for one in exporters] == [0.5, 0.5, 0], 20,
               "the third is alone")
    sim.clear()
    wait_until(lambda: [agreement(scrape(one)) for one in exporters] == [1, 1, 1], 20, "together")


def test_a_reference_that_is_five_blocks_behind_raises_nothing(sim, watch):
    exporter = watch(0, *references(sim, 0))
    scrape(exporter)
    fault(sim, "behind", node=1, value=5)
    for _ in range(10):
        page = scrape(exporter)
        assert agreement(page) in (1, None)
        assert page.get("jormungandr_tip_on_reference_chain", reference="n1") != 0
    assert page.get("jormungandr_tip_on_reference_chain", reference="n1") == 1


def test_a_reference_that_hangs_costs_no_other(sim, watch):
    exporter = watch(0, *references(sim, 0))
    fault(sim, "hang", node=1)
    page = scrape(exporter)
    assert page.get("jormungandr_reference_up", reference="n1") == 0
    assert page.get("jormungandr_tip_on_reference_chain", reference="n2") == 1
    assert agreement(page) == 1 and down(page) == set()


def test_stuck_by_height_though_the_time_goes_on(sim, watch):
    exporter = watch(1)
    fault(sim, "stuck", node=1)
    first = scrape(exporter)
    later = wait_until(
        lambda: (now := scrape(exporter))["jormungandr_tip_timestamp_seconds"]
        > first["jormungandr_tip_timestamp_seconds"] + 1 and now, 20, "a later time")
    assert later["jormungandr_tip_height"] == first["jormungandr_tip_height"]


def test_external_tip_falls_with_the_chain_and_goes_with_its_source(sim, watch):
    exporter = watch(0, f"--jormungandr.external-tip-url={sim.url('jormungandr')}/stats.json",
                     "--jormungandr.external-tip-interval=1s",
                     "--jormungandr.external-tip-timeout=300ms")

    def height(page):
        return sum(page.series("jormungandr_external_tip_height").values())
    wait_until(lambda: height(scrape(exporter)) >= 90, 10, "told")
    fault(sim, "hang", node=0, method="/stats.json")
    page = scrape(exporter)
    assert page.seconds < 1, "a scrape does not wait for it"
    wait_until(lambda: "external_tip" in down(scrape(exporter)), 10, "down")
    wait_until(lambda: not scrape(exporter).series("jormungandr_external_tip_height"), 20,
               "an old height is not told")
    assert condition(scrape(exporter)) == ["running"]
    sim.clear()
    wait_until(lambda: height(scrape(exporter)) >= 90, 20, "told again")


def test_probe(sim, run_exporter):
    exporter = run_exporter("jormungandr_exporter", "--probe.allow=http://127.0.0.1:*/node/*",
                            "--jormungandr.url=http://127.0.0.1:1", *references(sim, 2))
    for node in range(3):
        answer = http_request(exporter.port, "/probe?target=" + url(sim, node))
        assert answer.status == 200
        page = Page(answer.text)
        assert down(page) == set() and condition(page) == ["running"]
        assert agreement(page) == 1
    assert http_request(exporter.port, "/probe?target=" + sim.url("jormungandr")
                        + "/api/v0/shutdown").status in (400, 403)
    own = scrape(exporter)
    assert condition(own) == ["dead"]


def test_a_flag_that_would_stop_a_node_is_refused(sim):
    for flag in ("url", "reference", "external-tip-url"):
        done = subprocess.run(
            [BIN / "jormungandr_exporter", "--web.listen-address=127.0.0.1:0",
             f"--jormungandr.{flag}={sim.url('jormungandr')}/api/v0/shutdown"],
            capture_output=True, timeout=20, check=False)
        assert done.returncode == 2 and b"may stop a node" in done.stderr
