"""Runs all faults side by side: everything is started, is quiet, and breaks at one moment; each is
told, repaired and over by itself. Then it is judged what came of each."""
import concurrent.futures
import dataclasses
import pathlib
import re
import time

import faster
from harness import wait_until
from monitors import Monitors
from nodes import Node

SLOT = 12
SETTLE = 20  # Seconds after the last is over: longer than Alertmanager's group_interval.
LOOK = 0.2


@dataclasses.dataclass
class Message:
    """A notification: one e-mail, one call."""
    at: float
    path: str
    status: str   # firing while one of its alerts is.
    alerts: list  # As Alertmanager tells them.

    def names(self, status):
        """(alert, cause) of those."""
        return {(one["labels"]["alertname"], one["labels"]["cause"]) for one in self.alerts
                if one["status"] == status}

    def __str__(self):
        return f"{self.path} {self.status} " + ", ".join(
            f"{one['labels']['alertname']}/{one['labels']['cause']} {one['status']}"
            for one in self.alerts)


class Story:
    """One fault with its node, from its begin to its end."""

    def __init__(self, fault, folder, monitors):
        self.fault = fault
        self.pace = faster.FACTOR if fault.fast else 1
        name = re.sub(r"\W+", "-", fault.name).strip("-").lower()
        self.own = Monitors(folder / f"monitors-{name}",
                            managers=fault.own_monitors) if fault.own_monitors else None
        self.monitors = self.own or monitors
        self.node = Node(name, folder / name, fault.setup, SLOT / self.pace)
        self.node.monitors = self.monitors
        self.broken = self.repaired = None
        self.cause = None    # As the node's panel names it.
        self.error = None    # The story could not be told.
        self.over = None

    def start(self):
        if not self.fault.setup.born:
            self.node.start()
            self.monitors.watch(self.node.name, self.node.targets())

    def run(self):
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - told with the row.
            self.error = f"{type(error).__name__}: {error}"
        self.over = time.monotonic()

    def _run(self):
        fault = self.fault
        if fault.awaits:
            fault.awaits(self.node)
        self.broken = time.monotonic()
        fault.breaks(self.node)
        if fault.setup.born:
            self.monitors.watch(self.node.name, self.node.targets())
        if callable(fault.lasts):
            fault.lasts(self.node)
        elif fault.lasts is not None:
            time.sleep(fault.lasts / self.pace)  # How long it lasts, whatever comes.
        else:
            self._wait_told()
        if not callable(fault.lasts):
            self._look_at_cause()
        fault.repairs(self.node)
        self.repaired = time.monotonic()
        if fault.told:
            self._wait_told()
            if self.cause is None:
                self._look_at_cause()
            self._wait(lambda: self.of(fault.told, "resolved"), fault.resolved_within)
        elif self.cause is None:
            self._look_at_cause()

    def _wait(self, condition, seconds):
        end = time.monotonic() + seconds / self.pace
        while not condition() and time.monotonic() < end:
            time.sleep(LOOK)

    def _wait_told(self):
        left = self.fault.told.within - (time.monotonic() - self.broken) * self.pace
        self._wait(lambda: self.of(self.fault.told, "firing"), left + 60)

    def _look_at_cause(self):
        def look():
            found = self.monitors.prometheus.query(
                f'stakewatch:node_cause{{node="{self.node.name}"}} == 1')
            self.cause = " and ".join(one["metric"]["cause"] for one in found)
            return self.cause == self.fault.cause
        self._wait(look, 15 * self.pace)

    def messages(self, path):
        return [Message(at, path, body["status"], body["alerts"])
                for at, body in self.monitors.webhook.of(path)
                if self.own or body["groupLabels"].get("node") == self.node.name]

    def of(self, told, status):
        """The messages about it that tell of its begin, or of its end."""
        return [one for one in self.messages("/page" if self.fault.page else "/warning")
                if one.status == status and told[:2] in one.names(status)]

    def seconds(self, since, at):
        """Of the network's time."""
        return (at - since) * self.pace

    def complaints(self):
        """What is not as it should be; nothing for a row that holds."""
        if self.error:
            return [self.error]
        fault, told = self.fault, self.fault.told
        found = self._strange("/page", {fault.page[:2]} if fault.page else set(), lambda one: one)
        allowed = {*fault.beside, *([fault.warning.alert] if fault.warning else [])}
        found += self._strange("/warning", allowed, lambda one: one[0])
        if told:
            firing, resolved = self.of(told, "firing"), self.of(told, "resolved")
            if len(firing) != 1 or len(resolved) != 1:
                found.append(f"{told.alert} came {len(firing)} times, and its end {len(resolved)}")
            for one in firing:
                seconds = self.seconds(self.broken, one.at)
                if not 0 <= seconds <= told.within:
                    found.append(f"{told.alert} after {seconds:.0f} s,"
                                 f" not within {told.within:.0f}")
                found += [f"the description does not name the cause: {text}"
                          for text in {alert["annotations"]["description"] for alert in one.alerts}
                          if f"Cause: {told.cause}." not in text]
            for one in resolved:
                seconds = self.seconds(self.repaired, one.at)
                if not 0 <= seconds <= fault.resolved_within:
                    found.append(f"its end {seconds:.1f} s after the repair,"
                                 f" not within {fault.resolved_within:.0f}")
        if self.cause != fault.cause:
            found.append(f"the node's cause is {self.cause}, not {fault.cause}")
        if fault.silences_heartbeat:
            found += self._complain_of_heartbeat()
        return found

    def _strange(self, path, allowed, key):
        return sorted({f"{'/'.join(one)} came to {path}" for message in self.messages(path)
                       for one in message.names("firing") if key(one) not in allowed})

    def _complain_of_heartbeat(self):
        beats = [at for at, _ in self.monitors.webhook.of("/heartbeat")]
        found = []
        if not any(at < self.broken for at in beats):
            found.append("no heartbeat before it broke")
        if any(self.broken + 1 < at < self.repaired - 5 for at in beats):
            found.append("heartbeats while it was broken")
        if not any(at > self.repaired - 5 for at in beats):
            found.append("no heartbeat after the repair")
        return found


class Matrix:
    def __init__(self, faults, folder):
        self.folder = pathlib.Path(folder)
        self.shared = {fast: Monitors(self.folder / ("fast" if fast else "real"), fast)
                       for fast in (False, True)}
        self.stories = [Story(fault, self.folder, self.shared[fault.fast]) for fault in faults]
        self.took = None

    def monitors(self):
        return [*self.shared.values(), *(story.own for story in self.stories if story.own)]

    def run(self, say):
        began = time.monotonic()
        # A child dies with the thread that started it: the pool's live until all is over.
        with concurrent.futures.ThreadPoolExecutor(len(self.stories)) as pool:
            try:
                list(pool.map(lambda story: story.start(), self.stories))
                list(pool.map(lambda monitors: monitors.start(), self.monitors()))
                say(f"all runs after {time.monotonic() - began:.0f} s")
                self._warm_up()
                say(f"all is quiet after {time.monotonic() - began:.0f} s; now all breaks")
                list(pool.map(lambda story: story.run(), self.stories))
                say(f"all is over after {time.monotonic() - began:.0f} s")
                time.sleep(SETTLE)  # Nothing may come: there is no condition to wait for.
            finally:
                # The monitors first: to them the end of a node is one more fault.
                for monitors in self.monitors():
                    monitors.discard()
                for story in self.stories:
                    story.node.discard()
        self.took = time.monotonic() - began
        say(f"{self.took:.0f} s in all; the longest: " + ", ".join(
            f"{story.fault.name} {story.over - began:.0f} s"
            for story in sorted(self.stories, key=lambda one: -one.over)[:4]))

    def _warm_up(self):
        def healthy(monitors):
            nodes = {story.node.name for story in self.stories
                     if story.monitors is monitors and not story.fault.setup.born}
            found = monitors.prometheus.query('stakewatch:node_cause{cause="healthy"} == 1')
            return {one["metric"]["node"] for one in found} >= nodes
        for monitors in self.monitors():
            wait_until(lambda: healthy(monitors), 60, "all nodes are healthy", every=0.5)
            sent = list(self._groups(monitors))
            assert not sent, f"told before anything broke: {sent}"

    @staticmethod
    def _groups(monitors):
        """Of all that was told. Of itself a Prometheus in fast motion rightly says that a busy
        machine leaves out evaluations, and that it finds its targets late: after 5 s, a minute."""
        for path in ("/page", "/warning"):
            for _, body in monitors.webhook.of(path):
                group = body["groupLabels"]
                of_itself = "node" not in group or group["alertname"] == "RulesFailing"
                if not (monitors.fast and of_itself):
                    yield group

    def strangers(self):
        """What the shared monitors told of no fault's node."""
        names = {story.node.name for story in self.stories}
        return [group for monitors in self.shared.values() for group in self._groups(monitors)
                if group.get("node") not in names]
