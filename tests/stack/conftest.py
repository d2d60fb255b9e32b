"""The compose stack under test: brought up once, used by all tests in their order, and taken down."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = ["simulator", "geth_exporter", "beacon_exporter", "prometheus", "alertmanager", "loki",
        "otelcol", "node_exporter", "page_log"]
LEFT_OUT = {"grafana": "Grafana", "prysm": "Prysm's beacon chain", "validator": "Prysm's validator"}


def wait(what, check, seconds=60):
    """What `check` gives as soon as it is something; its last exception or nothing is the failure."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            last = check()
            if last:
                return last
        except (OSError, ValueError, AssertionError, subprocess.SubprocessError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"not in {seconds} s: {what}; last: {last!r}")


def get(url, **query):
    if query:
        url += "?" + urllib.parse.urlencode(query)
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Project:
    """One project of Compose. Its files and .env are set by the environment, so that
    scripts/restart.sh finds them as a user's are found."""

    def __init__(self, name, *files, **environment):
        self.project = name
        self.env = {**os.environ, "COMPOSE_PROJECT_NAME": name,
                    "COMPOSE_ENV_FILES": str(ROOT / ".env.example"), **environment}
        self.use(*files)

    def use(self, *files):
        self.env["COMPOSE_FILE"] = ":".join(str(ROOT / file) for file in files)

    @staticmethod
    def docker(*arguments, check=True, **more):
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300,
                              check=False, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def compose(self, *arguments, check=True, seconds=600):
        done = subprocess.run(["docker", "compose", *arguments], cwd=ROOT, env=self.env, text=True,
                              capture_output=True, timeout=seconds, check=False)
        if check and done.returncode != 0:
            logs = subprocess.run(["docker", "compose", "logs", "--tail=4"], cwd=ROOT, env=self.env,
                                  text=True, capture_output=True, check=False).stdout
            raise AssertionError(f"compose {' '.join(arguments)}:\n{done.stdout}{done.stderr}{logs}")
        return done.stdout

    def up(self, *services):
        """Seconds until all is healthy."""
        start = time.monotonic()
        self.compose("up", "-d", "--pull=never", "--no-build", "--wait", "--wait-timeout=300",
                     *services)
        return time.monotonic() - start

    def services(self, *flags):
        return set(self.compose("ps", "--services", *flags).split())

    def container(self, service):
        return self.compose("ps", "-a", "-q", service).strip()

    def inspect(self, service):
        return json.loads(self.docker("inspect", self.container(service)))[0]

    def address(self, service):
        networks = self.inspect(service)["NetworkSettings"]["Networks"]
        return next(network["IPAddress"] for network in networks.values())

    def volume(self, name):
        return pathlib.Path(self.docker("volume", "inspect", "-f", "{{.Mountpoint}}",
                                        f"{self.project}_{name}").strip())

    def remove(self):
        self.compose("--profile=*", "down", "-v", "--remove-orphans", "-t", "10")


STACKS = []


class Stack(Project):
    """A whole profile, with what compose.test.yaml leaves out and adds."""

    def __init__(self, work, name, profile, *files, **environment):
        root = self.docker("info", "-f", "{{.DockerRootDir}}").strip()
        shutil.copytree(ROOT / "prometheus/alertmanager", work / "alertmanager",
                        ignore=shutil.ignore_patterns("secrets"))
        (work / "alertmanager/secrets").mkdir()
        (work / "alertmanager/secrets/webhook_url").write_text("http://webhook:8541/page\n")
        config = (ROOT / "prometheus/compose/prometheus.yml").read_text()
        assert ', "grafana:3000"' in config
        (work / "prometheus.yml").write_text(config.replace(', "grafana:3000"', ""))
        env = (ROOT / ".env.example").read_text()
        assert "COMPOSE_PROFILES=node\n" in env
        (work / "env").write_text(env.replace("COMPOSE_PROFILES=node\n",
                                              f"COMPOSE_PROFILES={profile}\n")
                                  + f"DOCKER_ROOT={root}\n")
        ports = free_port(), free_port()
        self.prometheus, self.alertmanager = (f"http://127.0.0.1:{port}" for port in ports)
        super().__init__(name, "docker-compose.yaml", "tests/stack/compose.test.yaml", *files,
                         COMPOSE_ENV_FILES=str(work / "env"), ALERTMANAGER_URL=self.alertmanager,
                         TEST_WORK=str(work), TEST_PROMETHEUS_PORT=str(ports[0]),
                         TEST_ALERTMANAGER_PORT=str(ports[1]), **environment)
        STACKS.append(self)
        # Read by init's user, not by the world's leave.
        for path in [work, *work.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def script(self, name, **environment):
        return subprocess.run([ROOT / "scripts" / name], cwd=ROOT, env={**self.env, **environment},
                              text=True, capture_output=True, timeout=600, check=False)

    def alerts(self):
        """All that came to the webhook so far."""
        text = self.docker("exec", self.container("webhook"), "/usr/bin/busybox", "wget", "-q", "-O",
                           "-", "http://127.0.0.1:8540/alerts")
        return json.loads(text)

    def pages(self):
        """Names of the pages that came and that nobody asked for."""
        return [f"{alert['labels']['alertname']} {alert['labels'].get('instance')}: "
                f"{alert['annotations']['summary']}" for alert in self.alerts()
                if alert["status"] == "firing" and alert["labels"].get("severity") == "page"
                and alert["labels"]["alertname"] != "TestPage"]

    def query(self, expression):
        return get(f"{self.prometheus}/api/v1/query", query=expression)["data"]["result"]

    def targets(self):
        return get(f"{self.prometheus}/api/v1/targets", state="active")["data"]["activeTargets"]

    def story(self):
        """For whoever reads a failure: what was not scraped in the last minutes, each container and the
        end of what it said."""
        told = []
        try:
            told += [f"{row['metric']['instance']}: {row['value'][1]} scrapes of 5 min failed"
                     for row in self.query("count_over_time((up == 0)[5m:5s]) > 0")]
            told += [f"{target['labels']['instance']}: {target['lastError']}"
                     for target in self.targets() if target["health"] != "up"]
            told.append(self.compose("ps", "-a", seconds=60))
            told.append(self.compose("logs", "--no-color", "--tail=5", seconds=60))
        except (OSError, ValueError, AssertionError, subprocess.SubprocessError) as error:
            told.append(repr(error))
        return "\n".join(told)

    def loki(self, path, **query):
        return get(f"http://{self.address('loki')}:3100/loki/api/v1/{path}", **query)["data"]

    def log(self, service, line):
        """As if a container of that service had said it."""
        body = json.dumps({"streams": [{"stream": {"service_name": service},
                                        "values": [[str(time.time_ns()), line]]}]})
        request = urllib.request.Request(
            f"http://{self.address('loki')}:3100/loki/api/v1/push", body.encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204


@pytest.fixture(scope="session")
def images():
    """Ours, from the Dockerfile."""
    done = subprocess.run(["docker", "compose", "--env-file", ".env.example", "--profile=demo",
                           "--profile=supervisor", "--profile=supervisord", "--profile=jormungandr",
                           "--profile=mina", "--profile=computehorde", "build"],
                          cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def stack(tmp_path_factory, images):  # pylint: disable=unused-argument,redefined-outer-name
    made = Stack(tmp_path_factory.mktemp("stack"), "stakewatch-test", "demo")
    made.remove()
    made.seconds_to_green = made.up()
    yield made
    if os.environ.get("STAKEWATCH_KEEP"):  # To look at it afterwards.
        return
    made.remove()


def as_user(stack, uid, volume, *command):
    """Of another container, which mounts the same volume."""
    done = subprocess.run(["docker", "run", "--rm", "--network=none", f"--user={uid}:{uid}",
                           f"--volume={stack.project}_{volume}:/v", "debian:trixie-slim", *command],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def connect(path):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))


def check_secret_and_socket(stack, user):
    """Reachable for the one user that owns them, and for nobody else."""
    token = stack.volume("jwt") / "jwt.hex"
    ipc = stack.volume("geth_ipc") / "geth.ipc"
    assert token.stat().st_mode & 0o777 == ipc.stat().st_mode & 0o777 == 0o600
    assert token.stat().st_uid == ipc.stat().st_uid == user
    # As a user of the host that is somebody else.
    for command in (f"open({str(token)!r}).read()",
                    f"import socket; socket.socket(socket.AF_UNIX).connect({str(ipc)!r})"):
        done = subprocess.run(["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups",
                               "/usr/bin/python3", "-c", command], capture_output=True, text=True,
                              check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr, command
    # As another user in a container that has the volume: the files' own modes.
    for name, path in (("jwt", "/v/jwt.hex"), ("geth_ipc", "/v/geth.ipc")):
        code, text = as_user(stack, 4242, name, "cat", path)
        assert code != 0 and "Permission denied" in text
    code, text = as_user(stack, user, "jwt", "cat", "/v/jwt.hex")
    assert code == 0 and re.fullmatch(r"[0-9a-f]{64}", text)
    connect(ipc)  # As root, who may: somebody listens.


NOTES = []


@pytest.fixture(scope="session")
def note():
    """For what is to be read under a green run, too."""
    return NOTES.append


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    report = (yield).get_result()
    if report.failed:
        for one in STACKS:
            report.sections.append((f"stack {one.project}", one.story()))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("the stack")
    terminalreporter.write_line(
        "Left out, as no registry that is reached has them, with nothing under their names: "
        + ", ".join(LEFT_OUT.values()))
    for line in NOTES:
        terminalreporter.write_line(line)
