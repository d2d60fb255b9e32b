"""The profile monitoring-only, from nothing: nodes that run elsewhere, and no validators, as
.env.example has it."""
import pytest

from conftest import Stack, wait

NODES = {"GETH_URL": "http://elsewhere:8545", "GETH_WS_URL": "ws://elsewhere:8546",
         "BEACON_URL": "http://elsewhere:3500", "VALIDATOR_METRICS": "elsewhere:7500/metrics"}


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory, images):  # pylint: disable=unused-argument
    made = Stack(tmp_path_factory.mktemp("elsewhere"), "stakewatch-test-elsewhere",
                 "monitoring-only", "tests/stack/compose.elsewhere.yaml", **NODES)
    made.remove()
    made.up()
    yield made
    made.remove()


def test_it_watches_nodes_by_their_addresses(monitoring):
    def check():
        down = {target["labels"]["job"]: target["lastError"] for target in monitoring.targets()
                if target["health"] != "up"}
        assert not down, down
        return {target["labels"]["job"] for target in monitoring.targets()}
    assert {"geth", "beacon", "prysm-validator"} <= wait("every target up", check)
    wait("a healthy node", lambda: [row["metric"]["cause"] for row in monitoring.query(
        "stakewatch:node_cause == 1")] == ["healthy"], 90)
    assert not monitoring.query("stakewatch_source_up == 0")


def test_no_validators_are_no_mistake(monitoring):
    assert "no validator is watched" in monitoring.compose("logs", "beacon_exporter")
    assert not monitoring.query("beaconapi_validators_configured")
