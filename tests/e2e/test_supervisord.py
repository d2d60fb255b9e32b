"""supervisord_exporter as a process on the simulated supervisord: each fault puts the right thing
on the page, over TCP and the unix socket. A real supervisord: tests/real/test_supervisord.py."""
import pytest

from conftest import BIN
from harness import Page, Simulator, http_request, promtool_accepts, wait_until

SOURCES = {"version", "state", "processes"}
STATES = ["STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN"]
HEALTHY = {("ethereum", "geth"): "RUNNING", ("ethereum", "prysm"): "RUNNING",
           ("validator", "validator"): "RUNNING", ("backup", "backup"): "EXITED",
           ("rescue", "rescue"): "STOPPED"}
GETH = {"group": "ethereum", "name": "geth"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sim")
    sim = Simulator(BIN / "stakewatch_sim", folder, f"--supervisord-socket={folder}/sv.sock",
                    faces=("http", "ws", "control", "supervisord"))
    sim.socket = f"unix://{folder}/sv.sock"
    try:
        yield sim.start()
    finally:
        sim.discard()


@pytest.fixture
def sim(simulator):
    yield simulator
    simulator.clear()


@pytest.fixture(params=["tcp", "unix"])
def exporter(request, sim, run_exporter):
    url = sim.url("supervisord") if request.param == "tcp" else sim.socket
    return run_exporter("supervisord_exporter", f"--supervisord.url={url}")


def scrape(exporter, seconds=3):
    page = exporter.page(timeout_seconds=seconds)
    assert page.seconds < seconds
    promtool_accepts(page.text)
    return page


def down(page):
    up = page.by("stakewatch_source_up", "source")
    assert set(up) == SOURCES
    return {source for source, value in up.items() if value == 0}


def reasons(page):
    return {dict(labels)["reason"]
            for labels, value in page.series("stakewatch_source_failures_total").items() if value}


def states(page):
    return {(dict(labels)["group"], dict(labels)["name"]): dict(labels)["state"]
            for labels, value in page.series("supervisord_process_state").items() if value == 1}


def own(page):
    return {name for name in page.names() if name.startswith("supervisord_")}


def test_healthy(exporter):
    page = scrape(exporter)
    assert down(page) == set() and states(page) == HEALTHY
    assert page.get("supervisord_info", version="4.2.5", api_version="3.0",
                    identifier="simulated") == 1
    assert page.by("supervisord_state", "state") == {
        "RUNNING": 1, "FATAL": 0, "RESTARTING": 0, "SHUTDOWN": 0}
    assert page.by("supervisord_processes", "state") == {
        **dict.fromkeys(STATES, 0), "RUNNING": 3, "EXITED": 1, "STOPPED": 1}
    assert page.series("supervisord_process_exit_status") == {
        frozenset({("group", "backup"), ("name", "backup")}): 0}
    assert abs(page["supervisord_clock_offset_seconds"]) < 2
    assert page.series("supervisord_process_spawn_error_info") == {}


@pytest.mark.parametrize("state", STATES)
def test_state_of_a_program(state, sim, exporter):
    sim.fault(kind="process", method="geth", value=state)
    page = scrape(exporter)
    assert down(page) == set()
    assert states(page) == {**HEALTHY, ("ethereum", "geth"): state}
    assert page.get("supervisord_process_up", **GETH) == (state == "RUNNING")
    assert page.get("supervisord_process_exit_status", **GETH) == (0 if state == "EXITED" else None)
    started = page.get("supervisord_process_start_time_seconds", **GETH)
    assert (started is None) == (state == "STOPPED")
    stopped = page.get("supervisord_process_stop_time_seconds", **GETH)
    assert (stopped is not None) == (state in ("BACKOFF", "EXITED", "FATAL"))
    sim.clear()
    assert states(scrape(exporter)) == HEALTHY


@pytest.mark.parametrize("status", [1, 7, -1])
def test_exit_status(status, sim, exporter):
    sim.fault(kind="process", method="geth", value=f"EXITED:{status}")
    page = scrape(exporter)
    assert page.get("supervisord_process_exit_status", **GETH) == status
    assert page.get("supervisord_process_spawn_error_info", **GETH,
                    error=f"Bad exit code {status}") == 1


def test_spawn_error(sim, exporter):
    sim.fault(kind="process", method="geth", value="FATAL:can't find command 'gethh'")
    page = scrape(exporter)
    assert page.get("supervisord_process_spawn_error_info", **GETH,
                    error="can't find command 'gethh'") == 1
    assert page.get("supervisord_process_stop_time_seconds", **GETH) is None


def test_flapping_moves_the_start_time(sim, exporter):
    sim.fault(kind="flapping", method="geth", value="1s")

    def started():
        return scrape(exporter).get("supervisord_process_start_time_seconds", **GETH)
    first = started()
    wait_until(lambda: started() > first, 10, "a new start")
    prysm = scrape(exporter).get("supervisord_process_start_time_seconds", group="ethereum",
                                 name="prysm")
    assert prysm <= first, "another one was not started again"


@pytest.mark.parametrize("state", ["FATAL", "RESTARTING"])
def test_state_of_supervisord(state, sim, exporter):
    sim.fault(kind="state", value=state)
    page = scrape(exporter)
    assert down(page) == set()
    told = page.by("supervisord_state", "state")
    assert [name for name, value in told.items() if value] == [state]


def test_shutdown(sim, exporter):
    sim.fault(kind="state", value="SHUTDOWN")
    page = scrape(exporter)
    assert down(page) == {"version", "processes"} and reasons(page) == {"rpc_error"}
    assert page.get("supervisord_state", state="SHUTDOWN") == 1
    assert own(page) == {"supervisord_state"}


# What fails all three sources, and the reason that is told.
BAD = {"stop": "unreachable", "http_500": "http_status", "http_401": "http_status",
       "redirect": "http_status", "html": "bad_answer", "empty": "bad_answer",
       "truncated": "bad_answer", "not_json": "bad_answer", "rpc_error": "rpc_error",
       "deep_nesting": "bad_answer", "hang": "timeout", "drip": "timeout",
       "endless_body": None, "endless_headers": None, "lying_length": "timeout", "reset": None,
       "close": None}


@pytest.mark.parametrize("kind", BAD)
def test_bad_answers(kind, sim, exporter):
    assert down(scrape(exporter)) == set()
    sim.fault(kind=kind, target="supervisord")
    page = scrape(exporter, seconds=2)
    assert down(page) == SOURCES and own(page) == set()
    if BAD[kind]:
        assert reasons(page) == {BAD[kind]}
    assert page["process_resident_memory_bytes"] < 100e6
    sim.clear()
    wait_until(lambda: down(scrape(exporter)) == set(), 20, "up again")


@pytest.mark.parametrize("kind, failed", [("wrong_types", SOURCES),
                                          ("huge_numbers", {"state", "processes"})])
def test_wrong_content(kind, failed, sim, exporter):
    sim.fault(kind=kind, target="supervisord")
    page = scrape(exporter)
    assert down(page) == failed and reasons(page) == {"bad_answer"}


def test_one_call_that_fails_leaves_the_others(sim, exporter):
    sim.fault(kind="rpc_error", target="supervisord", method="supervisor.getAllProcessInfo")
    page = scrape(exporter)
    assert down(page) == {"processes"}
    assert page.get("supervisord_state", state="RUNNING") == 1


def test_evil_names_and_entities(sim, exporter):
    sim.fault(kind="evil_names", target="supervisord")
    sim.fault(kind="invalid_utf8", target="supervisord")
    sim.fault(kind="entities", target="supervisord")
    page = scrape(exporter)  # promtool has looked at it, and Page takes only sound lines.
    assert down(page) == set()
    assert "evil" not in {name for name, _ in page.samples} and len(states(page)) == 5
    assert len(page.text) < 50_000


def test_slow_but_in_time(sim, exporter):
    sim.fault(kind="slow", target="supervisord", value="300ms")
    page = scrape(exporter)
    assert down(page) == set() and states(page) == HEALTHY


def test_probe(sim, run_exporter):
    exporter = run_exporter("supervisord_exporter", "--probe.allow=http://127.0.0.1:*",
                            "--supervisord.url=http://127.0.0.1:1")
    answer = http_request(exporter.port, "/probe?target=" + sim.url("supervisord"))
    assert answer.status == 200
    page = Page(answer.text)
    assert down(page) == set() and states(page) == HEALTHY
    assert down(scrape(exporter)) == SOURCES
