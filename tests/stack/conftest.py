"""The compose stack under test: brought up once, used by all tests in their order, and taken down."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = "stakewatch-test"
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


class Stack:
    """One project of Compose. Its files, .env and folder are set by the environment, so that
    scripts/restart.sh finds them as a user's are found."""

    def __init__(self, work):
        self.work = work
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
        (work / "env").write_text(env.replace("COMPOSE_PROFILES=node\n", "COMPOSE_PROFILES=demo\n")
                                  + f"DOCKER_ROOT={root}\n")
        ports = free_port(), free_port()
        self.prometheus, self.alertmanager = (f"http://127.0.0.1:{port}" for port in ports)
        self.env = {**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, "TEST_WORK": str(work),
                    "COMPOSE_ENV_FILES": str(work / "env"), "ALERTMANAGER_URL": self.alertmanager,
                    "TEST_PROMETHEUS_PORT": str(ports[0]), "TEST_ALERTMANAGER_PORT": str(ports[1])}
        self.use("docker-compose.yaml", "tests/stack/compose.test.yaml")
        # Read by init's user, not by the world's leave.
        for path in [work, *work.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

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
            logs = subprocess.run(["docker", "compose", "logs", "--tail=15"], cwd=ROOT, env=self.env,
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

    def loki(self, path, **query):
        return get(f"http://{self.address('loki')}:3100/loki/api/v1/{path}", **query)["data"]


@pytest.fixture(scope="session")
def images():
    """Ours, from the Dockerfile."""
    done = subprocess.run(["docker", "compose", "--env-file", ".env.example", "--profile", "demo",
                           "build", "init", "geth_exporter", "beacon_exporter", "simulator"],
                          cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def stack(tmp_path_factory, images):  # pylint: disable=unused-argument,redefined-outer-name
    print("\nleft out: " + ", ".join(LEFT_OUT.values())
          + " (no registry that is reached has them); no stand-in has their names")
    made = Stack(tmp_path_factory.mktemp("stack"))
    made.compose("down", "-v", "--remove-orphans", "-t", "10")
    made.seconds_to_green = made.up()
    yield made
    if os.environ.get("STAKEWATCH_KEEP"):  # To look at it afterwards.
        return
    made.compose("down", "-v", "--remove-orphans", "-t", "10")
