"""A Geth that is killed, hangs, comes back and starves: the next page says so, within one scrape.

The feed of heads is no question of a scrape: it is left out where a scrape is judged, and has its
own test.
"""
import errno
import re
import resource
import signal
import socket
import threading
import time

import pytest

from conftest import PROMETHEUS_WAITS, scrape
from harness import MODULES

TRANSPORTS = ["http", "ws", "ipc"]
BREAKER_REQUESTS = 3  # In a row without an answer open it.


def url_of(geth, transport):
    return {"http": geth.url, "ws": geth.ws_url, "ipc": geth.ipc}[transport]


def ups(page):
    up = page.by("stakewatch_source_up", "source")
    up.pop("heads", None)
    return up


def requests(page):
    return sum(page.by("stakewatch_source_requests_total", "source").values())


def failures(before, after):
    """{(source, reason): scrapes} that have failed between two pages."""
    counts = {}
    for labels, value in after.series("stakewatch_source_failures_total").items():
        grown = value - (before.samples.get(("stakewatch_source_failures_total", labels)) or 0)
        source, reason = dict(labels)["source"], dict(labels)["reason"]
        if grown and source != "heads":
            counts[source, reason] = grown
    return counts


def told_of_geth(page):
    return {name for name in page.names()
            if name.startswith("geth_") and not name.startswith("geth_heads_")}


def assert_all_up(page, geth):
    assert set(ups(page).values()) == {1}, ups(page)
    assert set(page.by("stakewatch_source_breaker_open", "source").values()) == {0}
    assert abs(page.get("geth_block_number", tag="latest") - geth.head()) <= 1


def assert_all_down(before, page, reason):
    assert set(ups(page).values()) == {0}, ups(page)
    assert failures(before, page) == {(source, reason): 1 for source in ups(page)}
    assert told_of_geth(page) == set(), "a value of a node that does not answer"
    assert set(page.by("stakewatch_source_breaker_open", "source").values()) == {1}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_killed_and_started_again(transport, dev_geth, run_exporter):
    geth = dev_geth()
    exporter = run_exporter("--geth.url", url_of(geth, transport))
    up = scrape(exporter)
    assert_all_up(up, geth)
    geth.kill()
    down = scrape(exporter)
    assert_all_down(up, down, "unreachable")
    again = scrape(exporter)
    assert_all_down(down, again, "unreachable")
    # A refusal costs nobody anything, yet no source asks twice.
    assert requests(again) - requests(down) <= len(ups(again))
    geth.start()
    assert_all_up(scrape(exporter), geth)
    assert len(re.findall(r"source is down.*source=\"?head\b", exporter.log())) == 1
    assert len(re.findall(r"source is up again.*source=\"?head\b", exporter.log())) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_hung_and_awake_again(transport, dev_geth, run_exporter):
    geth = dev_geth()
    exporter = run_exporter("--geth.url", url_of(geth, transport))
    up = scrape(exporter)
    assert_all_up(up, geth)
    geth.hang()
    first = scrape(exporter)
    assert_all_down(up, first, "timeout")
    for _ in range(2):
        hung = scrape(exporter)
        assert_all_down(first, hung, "timeout")
        assert requests(hung) - requests(first) == 1, "a hung node is not piled upon"
        first = hung
    geth.go_on()
    geth.wait(geth.answers, 30, "answers again")
    assert_all_up(scrape(exporter), geth)
    geth.hang()  # Once more: what was held back for the first time is forgotten.
    assert set(ups(scrape(exporter)).values()) == {0}
    geth.kill()
    geth.start()
    assert_all_up(scrape(exporter), geth)


def test_restarted_in_good_order(dev_geth, run_exporter):
    geth = dev_geth()
    exporter = run_exporter("--geth.url", geth.url, "--geth.ws-url", geth.ws_url)

    def feed(connected):
        return lambda: exporter.page()["geth_heads_feed_connected"] == connected
    exporter.wait(feed(1), 20, "subscribed")
    assert_all_up(scrape(exporter), geth)
    assert geth.end() == 0
    assert set(ups(scrape(exporter)).values()) == {0}
    exporter.wait(feed(0), 10, "the feed is lost")
    geth.start()
    assert_all_up(scrape(exporter), geth)
    exporter.wait(feed(1), 40, "subscribed again, after its backoff")
    seen = exporter.page()["geth_heads_seen_total"]
    exporter.wait(lambda: exporter.page()["geth_heads_seen_total"] > seen, 20, "sees heads again")
    assert exporter.page()["geth_heads_feed_disconnects_total"] == 1


def test_starved_by_pulses(dev_geth, run_exporter):
    """A node that gets a tenth of its CPU: slow, not down. Each page comes in time and tells only
    what was answered in it."""
    geth = dev_geth()
    exporter = run_exporter("--geth.url", geth.url)
    before = scrape(exporter)
    ended = threading.Event()

    def starve():
        while not ended.is_set():
            geth.send(signal.SIGSTOP)
            ended.wait(0.18)
            geth.send(signal.SIGCONT)
            ended.wait(0.02)
    pulses = threading.Thread(target=starve)
    pulses.start()
    try:
        for _ in range(8):
            page = scrape(exporter)
            told = told_of_geth(page)
            for source, family in (("chain", "geth_chain_id"), ("txpool", "geth_txpool_queued"),
                                   ("peers", "geth_peers"), ("head", "geth_block_number"),
                                   ("sync", "geth_syncing"), ("node", "geth_node_info")):
                assert (family in told) == (ups(page)[source] == 1), source
            assert {reason for _, reason in failures(before, page)} <= {"timeout"}
        assert sum(ups(page).values()) >= 4, "slow, and told as down"
    finally:
        ended.set()
        pulses.join(10)
    assert_all_up(scrape(exporter), geth)


def test_starved_by_a_full_backlog(dev_geth, run_exporter):
    """While Geth hangs, others fill the queue of its IPC socket: one more cannot even connect."""
    geth = dev_geth()
    exporter = run_exporter("--geth.url", geth.ipc)
    up = scrape(exporter)
    geth.hang()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
        queue = int(file.read())
    if hard < queue + 512:
        pytest.skip(f"a queue of {queue} is not to be filled with {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (queue + 512, hard))
    crowd = []
    try:
        full = False
        while not full:
            assert len(crowd) <= queue + 2
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            crowd.append(one)
            full = one.connect_ex(geth.ipc) == errno.EAGAIN
        page = scrape(exporter)
        assert set(ups(page).values()) == {0}
        assert {reason for _, reason in failures(up, page)} <= {"timeout", "unreachable"}
        assert told_of_geth(page) == set()
        hung = scrape(exporter)
        assert set(ups(hung).values()) == {0}
    finally:
        for one in crowd:
            one.close()
    geth.go_on()
    geth.wait(geth.answers, 60, "answers again")
    assert_all_up(scrape(exporter), geth)


def test_two_scrapers_of_a_hung_node(dev_geth, run_exporter):
    """Two Prometheus servers do not make two requests at a time of it."""
    geth = dev_geth()
    exporter = run_exporter("--geth.url", geth.url)
    scrape(exporter)
    geth.hang()
    before = scrape(exporter)
    assert set(before.by("stakewatch_source_breaker_open", "source").values()) == {1}
    begun = time.monotonic()
    pages = []
    threads = [threading.Thread(target=lambda: pages.append(scrape(exporter))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(pages) == 2 and time.monotonic() - begun < 2 * PROMETHEUS_WAITS
    assert max(requests(page) for page in pages) - requests(before) <= 2
    geth.go_on()


def test_module_that_is_off(dev_geth, run_exporter):
    geth = dev_geth(http_modules=MODULES.replace("admin,", ""))
    exporter = run_exporter("--geth.url", geth.url)
    before = scrape(exporter)
    page = scrape(exporter)
    assert {source for source, up in ups(page).items() if up == 0} == {"peers"}
    assert failures(before, page) == {("peers", "rpc_error"): 1}
    assert page.get("geth_peers") is None and page["geth_net_peers"] == 0
    assert set(page.by("stakewatch_source_breaker_open", "source").values()) == {0}
    lines = [line for line in exporter.log().splitlines() if "source is down" in line]
    assert len(lines) == 1 and "--http.api" in lines[0] and "admin" in lines[0], lines
    # The same node's IPC socket has it without a flag.
    over_ipc = run_exporter("--geth.url", geth.ipc, name="over_ipc")
    assert_all_up(scrape(over_ipc), geth)
