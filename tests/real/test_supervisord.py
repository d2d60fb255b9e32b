"""A real supervisord with a program in each state: the page says what supervisorctl says, over the
unix socket and TCP, with and without a password; and what is told when it stops, dies and hangs."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from conftest import BIN, scrape
from harness import Exporter, Page, http_request, promtool_accepts, wait_until
from supervisord import USER, Supervisord, alive, started_at

SOURCES = {"version", "state", "processes"}
PASSWORD = "s3cret-of-the-test"
# What each program does stands in its name. Those without startsecs=0 fail before they count as
# started.
PROGRAMS = """
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=2
startsecs=0
[program:never-started]
command=sleep 1000
autostart=false
[program:exits-0]
command=true
startsecs=0
autorestart=false
[program:exits-7]
command=sh -c "exit 7"
startsecs=0
autorestart=false
[program:killed]
command=sh -c "kill -KILL $$"
startsecs=0
autorestart=false
[program:retries]
command=sh -c "exit 3"
startsecs=1
startretries=100
[program:gives-up]
command=sh -c "exit 4"
startsecs=1
startretries=0
[program:no-such-command]
command=/no/such/command
startretries=0
"""
POOL = """
[program:pool]
command=sleep 1000
startsecs=0
"""
# Children inherit what is ignored: only KILL, after stopwaitsecs, ends it.
STUBBORN = """
[program:stubborn]
command=sh -c "trap '' TERM; exec sleep 1000"
startsecs=0
stopwaitsecs=4
"""


@pytest.fixture
def run_supervisord(tmp_path, programs):
    def run(conf=POOL, **options):
        supervisord = Supervisord(tmp_path, conf, **options)
        programs.append(supervisord)
        return supervisord.start()
    return run


@pytest.fixture
def watch(run_exporter, tmp_path):
    """watch(supervisord, "unix"): an exporter of it; with a password if one is given."""
    def run(supervisord, transport="unix", *flags, password=None, **options):
        if password:
            file = tmp_path / "password"
            file.write_text(password + "\n")
            file.chmod(0o600)
            flags += ("--supervisord.username", USER, "--supervisord.password-file", file)
        return run_exporter("--supervisord.url", supervisord.url(transport), *flags,
                            program="supervisord_exporter", **options)
    return run


def ups(page):
    return page.by("stakewatch_source_up", "source")


def failures(page):
    """{(source, reason)} so far."""
    return {(dict(labels)["source"], dict(labels)["reason"])
            for labels, value in page.series("stakewatch_source_failures_total").items() if value}


def by_process(page, name):
    return {(dict(labels)["group"], dict(labels)["name"]): value
            for labels, value in page.series(name).items()}


def states(page):
    """{(group, name): state}; each process has one."""
    told = [(dict(labels)["group"], dict(labels)["name"], dict(labels)["state"])
            for labels, value in page.series("supervisord_process_state").items() if value == 1]
    assert len(told) == len({one[:2] for one in told})
    return {(group, name): state for group, name, state in told}


def own(page):
    return {name for name in page.names() if name.startswith("supervisord_")}


def assert_up(page):
    assert ups(page) == dict.fromkeys(SOURCES, 1)
    assert set(page.by("stakewatch_source_breaker_open", "source").values()) == {0}
    assert page.get("supervisord_state", state="RUNNING") == 1


@pytest.fixture(scope="module", params=[None, PASSWORD], ids=["open", "password"])
def each_state(request, tmp_path_factory):
    supervisord = Supervisord(tmp_path_factory.mktemp("sv"), PROGRAMS, password=request.param)
    supervisord.password = request.param
    expected = {("pool", "pool_00"): "RUNNING", ("pool", "pool_01"): "RUNNING",
                **{(name, name): state for name, state in (
                    ("never-started", "STOPPED"), ("exits-0", "EXITED"), ("exits-7", "EXITED"),
                    ("killed", "EXITED"), ("retries", "BACKOFF"), ("gives-up", "FATAL"),
                    ("no-such-command", "FATAL"))}}
    try:
        supervisord.start()
        # Between two tries it is STARTING for some milliseconds.
        supervisord.wait(lambda: supervisord.states() == expected, 60, "each program has its state")
        yield supervisord
    finally:
        supervisord.discard()


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_page_says_what_supervisorctl_says(transport, each_state, watch):
    exporter = watch(each_state, transport, password=each_state.password)

    def calm():
        infos, before, page = each_state.infos(), each_state.states(), scrape(exporter)
        same = before == each_state.states() == states(page) and infos == each_state.infos()
        return (page, infos) if same else None
    page, infos = each_state.wait(calm, 60, "page and supervisorctl agree")
    assert_up(page)
    told = states(page)
    assert set(told.values()) == {"RUNNING", "STOPPED", "EXITED", "BACKOFF", "FATAL"}
    assert by_process(page, "supervisord_process_up") == {
        process: state == "RUNNING" for process, state in told.items()}
    counts = page.by("supervisord_processes", "state")
    assert counts == {state: list(told.values()).count(state) for state in counts}
    assert len(counts) == 8
    assert by_process(page, "supervisord_process_exit_status") == {
        ("exits-0", "exits-0"): 0, ("exits-7", "exits-7"): 7, ("killed", "killed"): -1}

    errors = {(dict(labels)["group"], dict(labels)["name"]): dict(labels)["error"]
              for labels in page.series("supervisord_process_spawn_error_info")}
    assert errors == {process: error for process, (_, _, error) in infos.items() if error}
    assert "/no/such/command" in errors["no-such-command", "no-such-command"]

    starts = by_process(page, "supervisord_process_start_time_seconds")
    for name in ("pool_00", "pool_01"):
        assert abs(starts["pool", name] - started_at(each_state.pid(f"pool:{name}"))) < 2
    stops = by_process(page, "supervisord_process_stop_time_seconds")
    assert starts == {process: start for process, (start, _, _) in infos.items() if start}
    assert stops == {process: stop for process, (_, stop, _) in infos.items() if stop}
    assert ("never-started", "never-started") not in {*starts, *stops}
    assert abs(page["supervisord_clock_offset_seconds"]) < 2

    info, = page.series("supervisord_info")
    version = subprocess.run(["supervisord", "--version"], capture_output=True, text=True,
                             timeout=20, check=True).stdout.strip()
    assert dict(info) == {"version": version, "api_version": "3.0", "identifier": "supervisord"}
    assert PASSWORD not in exporter.log() + page.text


def test_restart_moves_the_start_time(run_supervisord, watch):
    supervisord = run_supervisord()
    exporter = watch(supervisord)

    def start():
        starts = by_process(scrape(exporter), "supervisord_process_start_time_seconds")
        return starts["pool", "pool"]
    first = start()
    wait_until(lambda: time.time() > first + 1.1, 5, "another second")
    supervisord.ask("restart", "pool")
    second = start()
    assert second > first
    wait_until(lambda: time.time() > second + 1.1, 5, "another second")
    os.kill(supervisord.pid("pool"), signal.SIGKILL)  # A crash: it is started again.
    wait_until(lambda: start() > second, 20, "the crash is on the page")
    assert states(scrape(exporter)) == {("pool", "pool"): "RUNNING"}


def test_stopping_is_told(run_supervisord, watch):
    supervisord = run_supervisord(STUBBORN)
    exporter = watch(supervisord, "tcp")
    assert_up(scrape(exporter))
    supervisord.send(signal.SIGTERM)

    def stopping():
        page = scrape(exporter)
        return page if page.get("supervisord_state", state="SHUTDOWN") == 1 else None
    page = supervisord.wait(stopping, 4, "stops")
    assert ups(page) == {"version": 0, "state": 1, "processes": 0}
    assert own(page) == {"supervisord_state"}, "of its processes nothing is known"
    assert failures(page) == {("version", "rpc_error"), ("processes", "rpc_error")}
    assert supervisord.process.wait(20) == 0
    page = scrape(exporter)
    assert set(ups(page).values()) == {0} and own(page) == set()


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_killed_and_started_again(transport, run_supervisord, watch):
    supervisord = run_supervisord()
    exporter = watch(supervisord, transport)
    assert_up(scrape(exporter))
    supervisord.kill()
    page = scrape(exporter)
    assert set(ups(page).values()) == {0} and own(page) == set()
    assert failures(page) == {(source, "unreachable") for source in SOURCES}
    # Its programs run on, and nobody sees to them.
    assert supervisord.orphans and all(alive(pid) for pid in supervisord.orphans)
    supervisord.start()
    assert_up(scrape(exporter))


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_hung_and_awake_again(transport, run_supervisord, watch):
    supervisord = run_supervisord()
    exporter = watch(supervisord, transport)
    assert_up(scrape(exporter))
    supervisord.send(signal.SIGSTOP)
    for _ in range(2):
        page = scrape(exporter)
        assert set(ups(page).values()) == {0} and own(page) == set()
        assert failures(page) == {(source, "timeout") for source in SOURCES}
        assert set(page.by("stakewatch_source_breaker_open", "source").values()) == {1}
    supervisord.send(signal.SIGCONT)
    wait_until(supervisord.states, 20, "awake")
    assert_up(scrape(exporter))


def test_probe_of_two(run_supervisord, watch):
    two = [run_supervisord(name=name) for name in ("one", "two")]
    exporter = watch(two[0], "tcp", "--probe.allow=http://127.0.0.1:*")
    for supervisord in two:
        answer = http_request(exporter.port, "/probe?target=" + supervisord.url("tcp"))
        assert answer.status == 200
        promtool_accepts(answer.text)
        page = Page(answer.text)
        assert_up(page)
        info, = page.series("supervisord_info")
        assert dict(info)["identifier"] == supervisord.name
        assert states(page) == {("pool", "pool"): "RUNNING"}
    assert http_request(exporter.port, f"/probe?target=unix://{two[1].socket}").status == 403


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_wrong_password(transport, run_supervisord, watch):
    supervisord = run_supervisord(password=PASSWORD)
    exporter = watch(supervisord, transport, password="wrong-" + PASSWORD)
    for _ in range(3):
        page = scrape(exporter)
        assert set(ups(page).values()) == {0} and own(page) == set()
    assert failures(page) == {(source, "http_status") for source in SOURCES}
    lines = [line for line in exporter.log().splitlines()
             if "source=processes" in line.replace('"', "")]
    assert len(lines) == 1 and "getAllProcessInfo: HTTP 401" in lines[0]
    assert "--supervisord.password-file" in lines[0] and "<" not in lines[0]
    assert PASSWORD not in exporter.log() + page.text


@pytest.fixture
def open_folder():
    """One that every user can enter, which a tmp_path is not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stakewatch-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("may", [True, False])
def test_least_rights(may, programs, open_folder):
    """As the unit and the README have it: another user without a capability, in the group of the
    socket; and as Debian has the socket, with which nobody but root may ask."""
    options = "chmod=0770\nchown=root:daemon" if may else "chmod=0700"
    supervisord = Supervisord(open_folder, POOL, socket_options=options)
    programs.append(supervisord)
    supervisord.start()
    program = shutil.copy(BIN / "supervisord_exporter", open_folder)
    exporter = Exporter(program, open_folder, "--supervisord.url", supervisord.url("unix"),
                        name="supervisord_exporter")
    exporter.argv = ["setpriv", "--reuid=65534", "--regid=65534", "--groups=daemon",
                     "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *exporter.argv]
    programs.append(exporter)
    page = scrape(exporter.start())
    if may:
        assert_up(page)
    else:
        assert set(ups(page).values()) == {0}
        assert re.search(r"source=\"?processes.*Permission denied", exporter.log())
