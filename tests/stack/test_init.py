"""The one-shots of docker-compose.yaml, each by itself, with settings that are not the defaults."""
import pytest

from conftest import Project


@pytest.fixture(name="project")
def make_project(images):  # pylint: disable=unused-argument
    made = Project("stakewatch-test-init", "docker-compose.yaml", COMPOSE_PROFILES="node")
    made.remove()
    yield made
    made.remove()


def test_the_user_of_env_owns_the_volumes(project):
    project.env.update(STAKEWATCH_UID="4711", STAKEWATCH_GID="4712", STAKEWATCH_VERSION="0.0.1")
    project.compose("build", "init")
    project.compose("up", "--no-build", "--exit-code-from=init", "init")
    for volume in ("geth", "geth_ipc", "jwt", "loki"):
        found = project.volume(volume).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (4711, 4712, 0o700), volume
    assert (project.volume("jwt") / "jwt.hex").stat().st_uid == 4711


def test_another_user_later_is_told_what_to_do(project):
    project.compose("up", "--no-build", "--exit-code-from=init", "init")
    project.env.update(STAKEWATCH_UID="4711")
    with pytest.raises(AssertionError, match="belongs to user 65532, STAKEWATCH_UID is 4711"):
        project.compose("up", "--no-build", "--exit-code-from=init", "init")


def test_monitoring_only_without_addresses_is_said(project):
    """Compose goes on without what an optional dependency would have made, and warns."""
    project.env.update(COMPOSE_PROFILES="monitoring-only")
    project.compose("up", "-d", "--no-build", "--pull=never", "geth_exporter")
    assert project.inspect("targets_elsewhere")["State"]["ExitCode"] == 1
    assert "set GETH_URL and BEACON_URL in .env" in project.compose("logs", "targets_elsewhere")


def test_the_validator_client_does_not_start_unread(project):
    """Its warning is a one-shot that the client waits for."""
    project.env.update(COMPOSE_PROFILES="validator")
    with pytest.raises(AssertionError, match="SLASHING"):
        project.compose("up", "--no-build", "--exit-code-from=validator_warning",
                        "validator_warning")
    assert not list(project.volume("validator").iterdir())
