"""The profiles that stand beside another one, supervisor, supervisord and jormungandr, beside the demo
and from nothing: each exporter is healthy, asks its simulated upstream, is scraped, and a fault of what
it watches is one page. Their faults run side by side."""
import json
import os

import pytest

from conftest import Stack, wait

# Profile: its exporter, the job, the fault that the simulator has, and the page of it.
PROFILES = {
    "supervisor": ("supervisor_exporter", "validator-supervisor",
                   "kind=reality&target=supervisor&value=locked", "SupervisorLocked"),
    "supervisord": ("supervisord_exporter", "supervisord",
                    "kind=process&target=supervisord&method=geth&value=FATAL", "ProcessFatal"),
    "jormungandr": ("jormungandr_exporter", "jormungandr",
                    "kind=stop&target=jormungandr", "JormungandrNodeDown"),
}
UPSTREAMS = {"SUPERVISOR_RPC": "simulator:8000", "SUPERVISORD_URL": "http://simulator:9001",
             "JORMUNGANDR_URL": "http://simulator:3100"}


def ask_simulator(stack, path, post=False):
    return stack.docker("exec", stack.container("simulator"), "/usr/bin/busybox", "wget", "-q", "-O",
                        "-", *(["--post-data="] if post else []), f"http://127.0.0.1:8540{path}")


def fault(stack, profile):
    ask_simulator(stack, f"/fault?{PROFILES[profile][2]}", post=True)


def secret(path, text):
    """As docs/stack.md has it: for the stack's user and for nobody else."""
    path.write_text(text)
    path.chmod(0o600)
    os.chown(path, 65532, 65532)
    return str(path)


@pytest.fixture(scope="module")
def beside(tmp_path_factory, images):  # pylint: disable=unused-argument
    work = tmp_path_factory.mktemp("profiles")
    made = Stack(work, "stakewatch-test-profiles", ",".join(["demo", *PROFILES]),
                 "tests/stack/compose.profiles.yaml", **UPSTREAMS,
                 SUPERVISOR_KEY_FILE=str(work / "key"),
                 SUPERVISORD_PASSWORD_FILE=str(work / "password"))
    secret(work / "password", "hush\n")
    secret(work / "key", "")
    made.remove()
    made.up("simulator")
    secret(work / "key", ask_simulator(made, "/supervisor-key"))
    # It pages after two minutes of that, or after one if Prometheus has seen nothing else.
    fault(made, "supervisor")
    made.up("prometheus", "node_exporter", "webhook",
            *[exporter for exporter, *_ in PROFILES.values()])
    yield made
    made.remove()


@pytest.mark.parametrize("profile", PROFILES)
def test_its_exporter_is_healthy(beside, profile):
    exporter = PROFILES[profile][0]
    assert beside.inspect(exporter)["State"]["Health"]["Status"] == "healthy"
    label = json.loads(beside.docker("image", "inspect", beside.inspect(exporter)["Image"]))[0]
    assert label["Config"]["Labels"]["org.opencontainers.image.title"] == exporter


@pytest.mark.parametrize("profile", PROFILES)
def test_it_is_scraped_and_asks_its_upstream(beside, profile):
    exporter, job, *_ = PROFILES[profile]

    def check():
        (target,) = [one for one in beside.targets() if one["labels"]["job"] == job]
        assert target["health"] == "up", target["lastError"]
        assert target["labels"]["instance"].startswith(f"{exporter}:")
        assert target["labels"]["node"] == "main"
        sources = {row["metric"]["source"]: row["value"][1]
                   for row in beside.query(f'stakewatch_source_up{{job="{job}"}}')}
        assert sources and set(sources.values()) == {"1"}, sources
        return True
    wait(f"{job} scraped, and each source answered", check)


def test_each_fault_is_its_page(beside):
    """And nothing else pages."""
    for profile in ("supervisord", "jormungandr"):
        fault(beside, profile)
    expected = {name: (job, f"{exporter}:") for exporter, job, _, name in PROFILES.values()}

    def pages():
        return {alert["labels"]["alertname"]: alert["labels"] for alert in beside.alerts()
                if alert["status"] == "firing" and alert["labels"].get("severity") == "page"}
    wait("a page of each", lambda: set(pages()) >= set(expected), 100)
    found = {name: (labels["job"], labels["instance"].split(":")[0] + ":")
             for name, labels in pages().items()}
    assert found == expected
