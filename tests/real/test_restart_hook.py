"""restart_hook beside a real supervisord: the stuck node restarts and nothing else does, whatever
ends half-way; a node never runs twice. The nodes are programs that write down their starts, and end
only when they are let."""
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest
import yaml

from conftest import BIN
from harness import ROOT, Alertmanager, Exporter, free_port, http_request, wait_until
from supervisord import USER, Supervisord, alive

TOKEN, PASSWORD = "token-of-the-test-0123456789", "s3cret-of-the-test"
# Writes its pid down when it starts. Told to end, it does so once the file <name>.hold is gone.
NODE = """
import os, pathlib, signal, sys, time
me = pathlib.Path(sys.argv[1])
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
with me.open("a") as starts:
    starts.write(f"{os.getpid()}\\n")
while not told or me.with_suffix(".hold").exists():
    time.sleep(0.02)
"""
NAMES = ("one", "two", "three")


class Nodes:
    """Three nodes of one group in one supervisord."""

    def __init__(self, folder, password=None,
                 command="exec /usr/bin/python3 {folder}/node.py {folder}/{name}"):
        self.folder = folder
        (folder / "node.py").write_text(NODE)
        self.programs = f"[group:pool]\nprograms={','.join(NAMES)}\n" + "".join(
            f"[program:{name}]\ncommand=sh -c \"{command.format(folder=folder, name=name)}\"\n"
            "startsecs=0\nstopwaitsecs=60\n" for name in NAMES)
        self.supervisord = Supervisord(folder, self.programs, password=password)

    def starts(self, name):
        file = self.folder / name
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def running(self, name):
        return [pid for pid in self.starts(name) if alive(pid)]

    def state(self, name):
        return self.supervisord.states()["pool", name]

    def hold(self, name):
        (self.folder / f"{name}.hold").touch()

    def let_go(self, name):
        (self.folder / f"{name}.hold").unlink()


def start_nodes(nodes, programs):
    programs.append(nodes.supervisord)
    nodes.supervisord.start()
    wait_until(lambda: all(nodes.running(name) for name in NAMES), 20, "all nodes run")
    return nodes


@pytest.fixture
def nodes(tmp_path, programs):
    return start_nodes(Nodes(tmp_path), programs)


class Hook(Exporter):
    def __init__(self, folder, nodes, transport="unix", name="restart_hook", port=0, target=None,
                 dry_run=False, repeated_within="2s", **group):
        self.folder = folder
        (folder / "token").write_text(TOKEN + "\n")
        (folder / "token").chmod(0o600)
        (folder / "hook-state").mkdir(mode=0o700, exist_ok=True)
        targets = {node: {"labels": {"node": node}, "program": f"pool:{node}", "signs": False,
                          "supervisord": nodes.supervisord.url(transport), **(target or {})}
                   for node in NAMES}
        config = {"dry_run": dry_run, "repeated_within": repeated_within, "groups": {"pool": {
            "alerts": ["Stuck"], "doubtful": ["ReferenceDoubtful"], "settle": "0s", "pause": "1s",
            "cool_down": "1s", "start_within": "60s", "restarts_per_hour": 20, "targets": targets,
            **group}}}
        (folder / f"{name}.yml").write_text(yaml.safe_dump(config))
        super().__init__(BIN / "restart_hook", folder, f"--hook.config={folder}/{name}.yml",
                         f"--hook.token-file={folder}/token",
                         f"--hook.state-folder={folder}/hook-state", name=name, port=port)

    def tell(self, *alerts):
        """A notification, as Alertmanager's."""
        body = {"version": "4", "truncatedAlerts": 0, "alerts": list(alerts)}
        answer = http_request(self.port, "/webhook", "POST", json.dumps(body),
                              {"Authorization": f"Bearer {TOKEN}",
                               "Content-Type": "application/json"})
        assert answer.status == 200, answer.text

    def tell_until(self, condition, seconds, what, *alerts):
        """As Alertmanager repeats it."""
        def look():
            self.tell(*alerts)
            return condition()
        return self.wait(look, seconds, what)

    def decisions(self, node):
        """{reason: how often}."""
        return {dict(labels)["reason"]: value for labels, value in
                self.page().series("restart_hook_decisions_total").items()
                if dict(labels)["target"] == node}

    def results(self, node):
        return {dict(labels)["result"]: value for labels, value in
                self.page().series("restart_hook_restarts_total").items()
                if dict(labels)["target"] == node and value}

    def unfinished(self, node):
        return self.page().get("restart_hook_unfinished", group="pool", target=node)

    def audit(self, node, reason):
        return [line for line in self.log().splitlines()
                if f"target={node} " in line and f"reason={reason} " in line]


@pytest.fixture
def run_hook(tmp_path, programs):
    def run(nodes, **options):
        hook = Hook(tmp_path, nodes, **options)
        programs.append(hook)
        return hook.start()
    return run


def stuck(node):
    return {"status": "firing", "startsAt": "2026-11-21T18:00:00Z",
            "labels": {"alertname": "Stuck", "node": node}}


def doubt(status="firing"):
    return {"status": status, "startsAt": "2026-11-21T18:00:00Z",
            "labels": {"alertname": "ReferenceDoubtful"}}


def assert_each_runs_once(nodes, *starts):
    """And has been started so often. To supervisord a node runs before it has written that down."""
    wait_until(lambda: [len(nodes.starts(name)) for name in NAMES] == list(starts or (2, 1, 1)), 20,
               "as many starts as that")
    for name in NAMES:
        assert len(nodes.running(name)) == 1, name


def hold_at_stop(nodes, hook, name):
    """The hook has stopped the node, which does not end yet."""
    nodes.hold(name)
    hook.tell_until(lambda: nodes.state(name) == "STOPPING", 30, "stops", stuck(name))
    state = hook.folder / "hook-state/state"
    hook.wait(lambda: "\tstopping\t" in state.read_text(), 10, "the stop is confirmed")


def test_the_stuck_one_restarts_and_a_storm_does_nothing_more(nodes, run_hook):
    hook = run_hook(nodes, restarts_per_hour=1)
    first = {name: nodes.starts(name) for name in NAMES}
    hook.tell_until(lambda: hook.results("one") == {"restarted": 1}, 30, "restarts", stuck("one"))
    assert len(hook.audit("one", "due")) == 1
    assert "alerts=Stuck" in hook.audit("one", "due")[0]
    assert hook.audit("one", "listening"), "not before all that fires has been said again"

    storm = [threading.Thread(target=lambda: [hook.tell(*map(stuck, ("one", "one"))) for _ in
                                              range(50)]) for _ in range(8)]
    for thread in storm:
        thread.start()
    for thread in storm:
        thread.join(60)
    # And still after the cool-down.
    hook.tell_until(lambda: hook.decisions("one").get("hourly_limit", 0) > 1, 20, "is refused",
                    stuck("one"))
    assert hook.results("one") == {"restarted": 1}
    assert hook.decisions("one")["due"] == 1
    assert sum(hook.decisions("one").values()) > 400, "each notification is a decision"
    for name in ("two", "three"):
        assert nodes.starts(name) == first[name], "a healthy one is left alone"
        assert hook.decisions(name) == {}
    assert_each_runs_once(nodes)
    assert hook.unfinished("one") == 0
    assert TOKEN not in hook.log()


def test_two_stuck_ones_restart_one_after_the_other(nodes, run_hook):
    hook = run_hook(nodes, restarts_per_hour=2)
    for name in ("one", "two"):
        nodes.hold(name)
    both = [stuck("one"), stuck("two")]
    hook.tell_until(lambda: "STOPPING" in (nodes.state("one"), nodes.state("two")), 30, "stops",
                    *both)
    first, second = (("one", "two") if nodes.state("one") == "STOPPING" else ("two", "one"))
    # However long it takes: the other one waits.
    hook.tell_until(lambda: hook.decisions(second).get("group_busy", 0) > 5, 20, "refused", *both)
    assert nodes.state(second) == "RUNNING" and len(nodes.starts(second)) == 1
    nodes.let_go(first)
    hook.tell_until(lambda: nodes.state(second) == "STOPPING", 20, "its turn", *both)
    assert nodes.state(first) == "RUNNING" and hook.results(first) == {"restarted": 1}
    nodes.let_go(second)
    hook.tell_until(lambda: hook.results(second) == {"restarted": 1}, 20, "restarts", *both)
    assert_each_runs_once(nodes, 2, 2, 1)


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_with_a_password(transport, tmp_path, programs, run_hook):
    nodes = start_nodes(Nodes(tmp_path, password=PASSWORD), programs)
    for name, secret in (("wrong", "wrong-" + PASSWORD), ("right", PASSWORD)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    secret = {"username": USER, "password_file": str(tmp_path / "wrong")}
    hook = run_hook(nodes, transport=transport, target=secret)
    hook.tell_until(lambda: "supervisord_unreachable" in hook.decisions("one"), 20, "is refused",
                    stuck("one"))
    shutil.copy(tmp_path / "right", tmp_path / "wrong")  # Read again for each question.
    hook.tell_until(lambda: hook.results("one") == {"restarted": 1}, 20, "restarts", stuck("one"))
    assert_each_runs_once(nodes)
    assert PASSWORD not in hook.log()


def test_a_dry_run_only_says_it(nodes, run_hook):
    hook = run_hook(nodes, dry_run=True)
    hook.tell_until(lambda: hook.decisions("one").get("dry_run", 0) > 1, 30, "is said",
                    stuck("one"), stuck("two"))
    assert hook.page()["restart_hook_dry_run"] == 1
    assert hook.results("one") == {} and not list((hook.folder / "hook-state").iterdir())
    assert [len(nodes.starts(name)) for name in NAMES] == [1, 1, 1]


def test_a_doubtful_reference_blocks_until_it_resolves(nodes, run_hook):
    hook = run_hook(nodes)
    hook.tell(doubt())
    hook.tell_until(lambda: hook.decisions("one").get("doubtful", 0) > 5, 20, "is refused",
                    stuck("one"))
    assert hook.page().get("restart_hook_reference_doubtful", group="pool") == 1
    hook.tell(doubt("resolved"))
    hook.tell_until(lambda: hook.results("one") == {"restarted": 1}, 20, "restarts", stuck("one"))
    assert hook.page().get("restart_hook_reference_doubtful", group="pool") == 0


def test_what_a_person_has_stopped_stays_stopped(nodes, run_hook):
    hook = run_hook(nodes)
    nodes.supervisord.ask("stop", "pool:one")
    hook.tell_until(lambda: hook.decisions("one").get("not_running", 0) > 3, 20, "is refused",
                    stuck("one"))
    assert nodes.state("one") == "STOPPED" and len(nodes.starts("one")) == 1
    # One that nobody needs any more does not keep the others from their turn.
    hook.tell_until(lambda: hook.results("two") == {"restarted": 1}, 20, "restarts",
                    stuck("one"), stuck("two"))
    assert nodes.running("one") == []


def test_resolved_in_time(nodes, run_hook):
    hook = run_hook(nodes, settle="3s")
    hook.tell_until(lambda: "settling" in hook.decisions("one"), 20, "waits", stuck("one"))
    hook.tell({**stuck("one"), "status": "resolved"})
    # A late copy of the alert is none.
    hook.tell_until(lambda: hook.decisions("one").get("resolved", 0) > 5, 20, "over", stuck("one"))
    hook.tell_until(lambda: hook.results("two") == {"restarted": 1}, 20, "settles", stuck("two"))
    assert len(nodes.starts("one")) == 1


@pytest.mark.parametrize("target, reason", [({"signs": True}, "signing"),
                                            ({"signs": True, "allow_signing": True}, "due")])
def test_a_signer_needs_leave(target, reason, nodes, run_hook):
    hook = run_hook(nodes, target=target)
    hook.tell_until(lambda: hook.decisions("one").get(reason), 20, reason, stuck("one"))
    if reason == "due":
        hook.wait(lambda: hook.results("one") == {"restarted": 1}, 20, "restarts")
    assert_each_runs_once(nodes, 2 if reason == "due" else 1, 1, 1)


def test_a_signer_behind_a_script_is_left_alone(tmp_path, programs, run_hook):
    """Supervisor would end the script, and the validator would run on."""
    script = "/usr/bin/python3 {folder}/node.py {folder}/{name}; true"
    nodes = start_nodes(Nodes(tmp_path, command=script), programs)
    hook = run_hook(nodes, target={"signs": True, "allow_signing": True})
    hook.tell_until(lambda: hook.decisions("one").get("has_children"), 20, "is refused",
                    stuck("one"))
    assert hook.results("one") == {} and len(nodes.starts("one")) == 1
    hook.end()
    for name in NAMES:
        os.kill(nodes.running(name)[0], signal.SIGKILL)


def test_supervisord_killed_half_way(nodes, run_hook):
    """The node outlives it, and the next supervisord does not know of that: a start would make
    two."""
    hook = run_hook(nodes)
    hold_at_stop(nodes, hook, "one")
    nodes.supervisord.kill()
    orphans = {name: nodes.running(name) for name in NAMES}
    assert all(len(pids) == 1 for pids in orphans.values())
    text = nodes.supervisord.config.read_text()
    nodes.supervisord.config.write_text(text.replace("startsecs=0", "startsecs=0\nautostart=false"))
    nodes.supervisord.start()
    hook.wait(lambda: hook.results("one") == {"changed": 1}, 20, "is given up")
    assert nodes.state("one") == "STOPPED" and nodes.starts("one") == orphans["one"]
    assert hook.unfinished("one") == 1
    assert "a person has to look" in hook.log()
    # With one of them down, no other one is stopped.
    nodes.supervisord.ask("start", "pool:two")
    hook.tell_until(lambda: hook.decisions("two").get("unfinished", 0) > 2, 20, "is refused",
                    stuck("two"))
    assert nodes.state("two") == "RUNNING"
    # A person looks, ends the old one and starts it.
    nodes.let_go("one")
    wait_until(lambda: nodes.running("one") == [], 10, "the old one has ended")
    nodes.supervisord.ask("start", "pool:one")
    hook.wait(lambda: hook.unfinished("one") == 0, 20, "sees that it runs")
    for pid in orphans["two"] + orphans["three"]:
        os.kill(pid, signal.SIGKILL)


def test_supervisord_that_hangs_is_asked_again_later(nodes, run_hook):
    hook = run_hook(nodes)
    hook.tell_until(lambda: "listening" in hook.decisions("one"), 20, "listens", stuck("one"))
    nodes.supervisord.send(signal.SIGSTOP)
    hook.tell_until(lambda: "supervisord_unreachable" in hook.decisions("one"), 30, "is refused",
                    stuck("one"))
    nodes.supervisord.send(signal.SIGCONT)
    hook.tell_until(lambda: hook.results("one") == {"restarted": 1}, 30, "restarts", stuck("one"))
    assert_each_runs_once(nodes)


def test_killed_between_stop_and_start(nodes, run_hook):
    hook = run_hook(nodes)
    hold_at_stop(nodes, hook, "one")
    hook.kill()
    nodes.let_go("one")
    wait_until(lambda: nodes.state("one") == "STOPPED", 10, "is down")
    hook.start()
    hook.wait(lambda: nodes.state("one") == "RUNNING", 20, "is started")
    hook.wait(lambda: hook.results("one") == {"restarted": 1}, 10, "is done")
    assert hook.unfinished("one") == 0
    assert_each_runs_once(nodes)
    # It has not forgotten that restart.
    hook.end()
    again = run_hook(nodes, restarts_per_hour=1)
    again.tell_until(lambda: "hourly_limit" in again.decisions("two"), 20, "is refused",
                     stuck("two"))


def test_killed_between_stop_and_start_and_back_too_late(nodes, run_hook):
    """Meanwhile its keys may run elsewhere."""
    hook = run_hook(nodes, start_within="3s")
    hold_at_stop(nodes, hook, "one")
    stopped_at = time.time()
    hook.kill()
    nodes.let_go("one")
    wait_until(lambda: nodes.state("one") == "STOPPED" and time.time() > stopped_at + 3, 20,
               "is down for long")
    hook.start()
    hook.wait(lambda: hook.results("one") == {"too_late": 1}, 10, "is given up")
    hook.tell_until(lambda: hook.decisions("two").get("unfinished", 0) > 2, 20, "refused",
                    stuck("one"), stuck("two"))
    assert nodes.state("one") == "STOPPED" and len(nodes.starts("one")) == 1
    assert hook.unfinished("one") == 1


def test_killed_and_a_person_was_there(nodes, run_hook):
    """Started and stopped by hand since: that is not what the hook has stopped."""
    hook = run_hook(nodes)
    hold_at_stop(nodes, hook, "one")
    hook.kill()
    nodes.let_go("one")
    wait_until(lambda: nodes.state("one") == "STOPPED", 10, "is down")
    nodes.supervisord.ask("start", "pool:one")
    wait_until(lambda: len(nodes.starts("one")) == 2, 10, "runs")
    nodes.supervisord.ask("stop", "pool:one")
    hook.start()
    hook.wait(lambda: hook.results("one") == {"changed": 1}, 10, "is given up")
    assert nodes.state("one") == "STOPPED" and len(nodes.starts("one")) == 2


def test_a_stop_that_takes_too_long(nodes, run_hook):
    hook = run_hook(nodes, start_within="2s")
    nodes.hold("one")
    hook.tell_until(lambda: hook.results("one") == {"too_late": 1}, 30, "is given up", stuck("one"))
    nodes.let_go("one")
    wait_until(lambda: nodes.state("one") == "STOPPED", 10, "is down")
    hook.tell_until(lambda: hook.decisions("one").get("unfinished", 0) > 2, 20, "refused",
                    stuck("one"))
    assert nodes.running("one") == [] and len(nodes.starts("one")) == 1


def test_it_ends_what_it_has_begun(nodes, run_hook):
    hook = run_hook(nodes)
    hold_at_stop(nodes, hook, "one")
    hook.send(signal.SIGTERM)
    wait_until(lambda: "stopping" in hook.log(), 10, "was told to end")
    assert hook.running()
    nodes.let_go("one")
    assert hook.process.wait(20) == 0
    assert nodes.state("one") == "RUNNING"
    assert_each_runs_once(nodes)


def test_one_hook_on_a_folder(nodes, run_hook, tmp_path):
    hook = run_hook(nodes)
    second = Hook(tmp_path, nodes, name="second")
    ended = subprocess.run(second.argv, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "another restart_hook has this folder" in ended.stderr
    assert hook.running()


def test_through_alertmanager(nodes, run_hook, tmp_path, programs):
    """Its own notifications, token and repeats; the route is that of the README."""
    hook = run_hook(nodes, port=free_port(), repeated_within="4s")
    readme = (ROOT / "actions/restart_hook/README.md").read_text()
    route = re.search(r"```yaml\n(route:.*?)```", readme, re.DOTALL)[1]
    route = (route.replace("http://127.0.0.1:19108", f"http://127.0.0.1:{hook.port}")
             .replace("/etc/alertmanager/restart_hook.token", str(tmp_path / "token"))
             .replace("repeat_interval: 5m", "repeat_interval: 1s")
             .replace("group_interval: 1m", "group_interval: 1s")
             .replace("group_wait: 5s", "group_wait: 1s")
             .replace("TipStale|", "Stuck|"))
    assert str(tmp_path) in route and route.count(" 1s") == 3
    (tmp_path / "alertmanager.yml").write_text(route)
    alertmanager = Alertmanager(tmp_path, tmp_path / "alertmanager.yml", free_port())
    programs.append(alertmanager)
    alertmanager.start()
    body = json.dumps([{"labels": {"alertname": "Stuck", "node": "one"}}])

    def restarted():
        answer = http_request(alertmanager.port, "/api/v2/alerts", "POST", body,
                              {"Content-Type": "application/json"})
        assert answer.status == 200, answer.text
        return hook.results("one") == {"restarted": 1}
    hook.wait(restarted, 40, "restarts")
    assert_each_runs_once(nodes)
