"""restart_hook as a process: what it refuses at the start, what it makes of notifications that are
none, of callers without the token, and of ones that dawdle; and of a supervisord whose answers are
lost. A real supervisord: tests/real/test_restart_hook.py."""
import json
import socket
import subprocess
import time

import pytest

from conftest import BIN
from fake_supervisord import RUNNING, FakeSupervisord
from harness import http_request, promtool_accepts, wait_until

TOKEN = "token-of-the-test-0123456789"
CONFIG = """
repeated_within: 2s
groups:
  pool:
    alerts: [Stuck]
    doubtful: [Doubt]
    settle: 0s
    targets:
      one: {labels: {node: one}, supervisord: "http://127.0.0.1:1", program: one, signs: false}
      two: {labels: {node: two}, supervisord: "http://127.0.0.1:1", program: two}
"""
STUCK = {"status": "firing", "startsAt": "2026-11-21T18:00:00Z",
         "labels": {"alertname": "Stuck", "node": "one"}}


def body(*alerts, **more):
    return json.dumps({"version": "4", "alerts": list(alerts), **more})


def write(folder, config=CONFIG, token=TOKEN, mode=0o600):
    (folder / "hook.yml").write_text(config)
    (folder / "token").write_text(token)
    (folder / "token").chmod(mode)
    return [f"--hook.config={folder}/hook.yml", f"--hook.token-file={folder}/token"]


@pytest.fixture
def hook(tmp_path, run_exporter):
    return run_exporter("restart_hook", *write(tmp_path))


def post(hook, text, token=TOKEN, content_type="application/json"):
    headers = {"Content-Type": content_type}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return http_request(hook.port, "/webhook", "POST", text, headers)


def reasons(hook, target="one"):
    page = hook.page()
    promtool_accepts(page.text)
    return {dict(labels)["reason"]
            for labels in page.series("restart_hook_decisions_total")
            if dict(labels)["target"] == target}


def run_once(*flags):
    return subprocess.run([BIN / "restart_hook", *map(str, flags)], capture_output=True, text=True,
                          timeout=20, check=False)


def test_a_notification_is_heard(hook):
    answer = post(hook, body(STUCK))
    assert answer.status == 200 and answer.seconds < 1
    assert reasons(hook) == {"listening"}
    page = hook.page()
    assert abs(page["restart_hook_last_notification_timestamp_seconds"] - time.time()) < 10
    assert page["restart_hook_dry_run"] == 1
    assert page["restart_hook_unreadable_notifications_total"] == 0
    wait_until(lambda: post(hook, body(STUCK)).status == 200
               and "supervisord_unreachable" in reasons(hook), 20, "nobody is there")
    other = {**STUCK, "labels": {"alertname": "Stuck", "node": "two"}}
    assert post(hook, body(other)).status == 200
    assert reasons(hook, "two") == {"signing"}


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "x" * 4000])
def test_without_the_token_nothing_is_heard(token, hook):
    assert post(hook, body(STUCK), token).status == 401
    assert reasons(hook) == set()
    assert hook.page()["restart_hook_last_notification_timestamp_seconds"] == 0
    assert TOKEN not in hook.log()


def test_the_token_is_read_again(hook, tmp_path):
    write(tmp_path, token="another-token-0123456789")
    assert post(hook, body(STUCK)).status == 401
    assert post(hook, body(STUCK), "another-token-0123456789").status == 200
    write(tmp_path, mode=0o644)
    assert post(hook, body(STUCK)).status == 401
    assert "open to all users" in hook.log()


def doubled(text):
    return text.replace('"alerts"', '"alerts": [], "alerts"')


BAD = {"truncated": body(STUCK)[:-3], "empty": "", "html": "<html>", "null": "null",
       "a list": f"[{body(STUCK)}]", "no alerts": '{"version": "4"}',
       "deep": '{"version": "4", "x": ' + "[" * 500_000, "deep labels": body(STUCK).replace(
           '"one"', "[" * 10_000),
       "another version": body(STUCK, version="5"),
       "alerts left out": body(STUCK, truncatedAlerts=3),
       "a number for a label": body({**STUCK, "labels": {"alertname": "Stuck", "node": 1}}),
       "null for a label": body({**STUCK, "labels": {"alertname": "Stuck", "node": None}}),
       "labels that are none": body({**STUCK, "labels": "Stuck"}),
       "another status": body({**STUCK, "status": "suppressed"}),
       "no status": body({"labels": STUCK["labels"], "startsAt": "t"}),
       "alerts twice": doubled(body(STUCK)), "one good, one bad": body(STUCK, 7),
       "bad UTF-8": body(STUCK).encode().replace(b'"one"', b'"\xff\xfe"'),
       "a NUL": body(STUCK).encode().replace(b'"one"', b'"o\x00e"')}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_notification_is_refused_as_a_whole(text, hook):
    answer = post(hook, text)
    assert answer.status == 400 and answer.text.startswith("not understood"), answer.text
    assert reasons(hook) == set()
    assert hook.page()["restart_hook_unreadable_notifications_total"] == 1
    assert "notification not understood" in hook.log()
    # And what is said next counts as before.
    assert post(hook, body(STUCK)).status == 200
    assert reasons(hook) == {"listening"}


def test_after_a_bad_one_it_listens_anew(hook):
    """The doubt may have been in that one."""
    wait_until(lambda: post(hook, body(STUCK)).status == 200
               and "supervisord_unreachable" in reasons(hook), 20, "listened long enough")
    before = hook.page().series("restart_hook_decisions_total")
    assert post(hook, "{").status == 400
    assert post(hook, body(STUCK)).status == 200
    after = hook.page().series("restart_hook_decisions_total")
    listening, = (labels for labels in after if dict(labels)["reason"] == "listening")
    assert after[listening] == before[listening] + 1


def test_huge_ones_are_not_read(hook):
    before = hook.page()["process_resident_memory_bytes"]
    assert post(hook, body(STUCK).ljust(1 << 20)).status == 200
    for length in ((1 << 20) + 1, 99999999999):
        with socket.create_connection(("127.0.0.1", hook.port), timeout=10) as endless:
            endless.sendall(f"POST /webhook HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n"
                            "Content-Type: application/json\r\n"
                            f"Content-Length: {length}\r\n\r\n".encode())
            assert endless.recv(100).startswith(b"HTTP/1.1 413")
    many = body(*({**STUCK, "labels": {**STUCK["labels"], "i": str(i)}} for i in range(5000)))
    for _ in range(5):
        assert post(hook, many).status == 200
    assert hook.page()["process_resident_memory_bytes"] < before + 30e6
    assert reasons(hook) <= {"listening", "supervisord_unreachable"}


@pytest.mark.parametrize("token, status", [(TOKEN, b"408"), ("wrong", b"401")])
def test_a_body_that_drips(token, status, hook):
    begun = time.monotonic()
    text = body(STUCK)
    with socket.create_connection(("127.0.0.1", hook.port), timeout=20) as drip:
        drip.sendall(f"POST /webhook HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"
                     f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
                     .encode())
        drip.settimeout(0.2)
        answer = b""
        for byte in text.encode():
            try:
                drip.sendall(bytes([byte]))
                answer = drip.recv(100)
                break
            except TimeoutError:
                assert time.monotonic() - begun < 15
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert time.monotonic() - begun < 10
    assert reasons(hook) == set()


def test_only_post_only_there_only_json(hook):
    assert http_request(hook.port, "/webhook").status == 405
    assert http_request(hook.port, "/metrics", "POST", body(STUCK), {
        "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}).status == 405
    assert post(hook, body(STUCK), content_type="text/plain").status == 415
    assert http_request(hook.port, "/probe?target=http://x").status == 404
    page = http_request(hook.port, "/").text
    assert "restart_hook" in page and "probe" not in page
    assert reasons(hook) == set()


def test_an_exporter_takes_no_post(run_exporter):
    exporter = run_exporter("supervisord_exporter", "--supervisord.url=http://127.0.0.1:1")
    for path in ("/", "/metrics", "/webhook", "/probe"):
        assert http_request(exporter.port, path, "POST", body(STUCK), {
            "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}).status == 405


def test_check_config(tmp_path):
    flags = write(tmp_path)
    done = run_once("--check-config", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "lock").exists()


ACTS = CONFIG + "dry_run: false\n"
WRONG = {
    "nothing at all": (lambda folder: [], "--hook.config: is missing"),
    "no token": (lambda folder: write(folder)[:1], "--hook.token-file: is missing"),
    "a short token": (lambda folder: write(folder, token="short"), "less than 16 characters"),
    "an open token": (lambda folder: write(folder, mode=0o644), "open to all users"),
    "no file": (lambda folder: ["--hook.config=/no/such.yml"], "cannot be opened"),
    "a key that is none": (lambda folder: write(folder, CONFIG + "dryrun: no\n"), "dryrun is not"),
    "no YAML": (lambda folder: write(folder, "a: ["), "no YAML"),
    "no folder": (lambda folder: write(folder, ACTS), "--hook.state-folder: is missing"),
    "no such folder": (lambda folder: [*write(folder, ACTS),
                                       f"--hook.state-folder={folder}/none"], "cannot be used"),
    "an open folder": (lambda folder: [*write(folder, ACTS), f"--hook.state-folder={folder}"],
                       "chmod go-w"),
    "a flag of exporters": (lambda folder: [*write(folder), "--probe.allow=http://*"],
                            "there is no flag --probe.allow"),
}


@pytest.mark.parametrize("flags, said", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_work_is_refused_at_the_start(flags, said, tmp_path):
    tmp_path.chmod(0o777)
    given = flags(tmp_path)
    for check in ([], ["--check-config"]):
        done = run_once(*given, *check)
        assert done.returncode == 2 and said in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_damaged_state_is_no_state(tmp_path):
    (tmp_path / "state-folder").mkdir(mode=0o700)
    (tmp_path / "state-folder/state").write_text("restart_hook 1\nrestart\t1")
    done = run_once(*write(tmp_path, ACTS), f"--hook.state-folder={tmp_path}/state-folder",
                    "--web.listen-address=127.0.0.1:0")
    assert done.returncode == 2 and "then remove the file" in done.stderr


def test_it_listens_on_loopback_alone():
    text = run_once("--help").stdout
    assert "--web.listen-address=127.0.0.1:19108" in text


def test_a_state_that_cannot_be_written(tmp_path):
    """From the first on: it does not start."""
    (tmp_path / "state-folder").mkdir(mode=0o700)
    (tmp_path / "state-folder/state.new").mkdir()
    done = run_once(*write(tmp_path, ACTS), f"--hook.state-folder={tmp_path}/state-folder",
                    "--web.listen-address=127.0.0.1:0")
    assert done.returncode == 2 and "state.new" in done.stderr


@pytest.fixture
def supervisord():
    fake = FakeSupervisord()
    yield fake
    fake.close()


@pytest.fixture
def acting(tmp_path, supervisord, run_exporter):
    """A hook that acts on the fake."""
    (tmp_path / "state-folder").mkdir(mode=0o700)
    return run_exporter("restart_hook",
                        *write(tmp_path, ACTS.replace("http://127.0.0.1:1", supervisord.url, 1)),
                        f"--hook.state-folder={tmp_path}/state-folder")


def post_until(hook, condition, what):
    def look():
        assert post(hook, body(STUCK)).status == 200
        return condition()
    wait_until(look, 30, what)


def results(hook):
    return {dict(labels)["result"]: value for labels, value in
            hook.page().series("restart_hook_restarts_total").items() if value}


def unfinished(hook):
    return hook.page().get("restart_hook_unfinished", group="pool", target="one")


def test_what_is_said_to_supervisord(supervisord, acting):
    post_until(acting, lambda: results(acting) == {"restarted": 1}, "restarts")
    said = [call for call in supervisord.calls if call[0] != "getProcessInfo"]
    assert said == [("stopProcess", "one:one", False), ("startProcess", "one:one", False)]
    assert {call[1] for call in supervisord.calls} == {"one:one"}


@pytest.mark.parametrize("kind", ["lose", "deaf"])
def test_a_stop_without_an_answer_is_said_once_and_not_followed_by_a_start(kind, supervisord,
                                                                           acting):
    getattr(supervisord, kind).add("stopProcess")
    post_until(acting, lambda: results(acting) == {"stop_unconfirmed": 1}, "is given up")
    looks = supervisord.count("getProcessInfo")
    if kind == "lose":  # It is stopped, for all the hook knows by a person.
        post_until(acting, lambda: supervisord.count("getProcessInfo") > looks + 2, "looks")
        assert unfinished(acting) == 1 and "unfinished" in reasons(acting)
    else:  # It was never heard: the program runs as before.
        post_until(acting, lambda: unfinished(acting) == 0, "sees that it runs")
        assert "the program runs again" in acting.log()
    assert supervisord.count("stopProcess") == 1 and supervisord.count("startProcess") == 0


@pytest.mark.parametrize("kind, starts", [("lose", 1), ("deaf", 2)])
def test_a_start_without_an_answer_is_looked_after(kind, starts, supervisord, acting):
    getattr(supervisord, kind).add("startProcess")
    if kind == "deaf":
        post_until(acting, lambda: supervisord.count("startProcess") > 0, "is started")
        supervisord.deaf.clear()
    post_until(acting, lambda: results(acting) == {"restarted": 1}, "restarts")
    assert supervisord.count("stopProcess") == 1
    assert supervisord.count("startProcess") >= starts
    assert supervisord.process["state"] == RUNNING


def test_what_cannot_be_written_down_is_not_done(supervisord, acting, tmp_path):
    (tmp_path / "state-folder/state.new").mkdir()
    post_until(acting, lambda: "state_not_kept" in reasons(acting), "is refused")
    assert supervisord.count("stopProcess") == 0 and results(acting) == {}
    (tmp_path / "state-folder/state.new").rmdir()
    post_until(acting, lambda: results(acting) == {"restarted": 1}, "restarts")


def test_a_doubt_that_comes_while_supervisord_is_asked(supervisord, acting):
    """The last word is after the answer."""
    ask = supervisord.getProcessInfo

    def slow(name):
        answer = ask(name)
        doubt = {**STUCK, "labels": {"alertname": "Doubt"}}
        assert post(acting, body(doubt)).status == 200
        return answer
    supervisord.getProcessInfo = slow
    post_until(acting, lambda: "doubtful" in reasons(acting), "is refused")
    assert supervisord.count("stopProcess") == 0
