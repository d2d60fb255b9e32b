"""beacon_exporter and the operator's own validators, on a simulated beacon node with its validator
client: what each fault of theirs puts on the page. Epochs are of 8 slots, and 4 s long."""
import pytest

from conftest import BIN
from harness import Exporter, Simulator, http_request, promtool_accepts, wait_until

SLOT_SECONDS = 0.5
OWN, GROUP_A = 16, 6
RECIPIENT = "0x123463a4b065722e99115d6c222f267d9cabb524"
SOURCES = {"validators", "duties", "schedule", "keymanager"}
# Duties are judged two epochs later, by a job that looks every ten seconds at the least.
BOUND_SECONDS = 90


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    node = Simulator(BIN / "stakewatch_sim", tmp_path_factory.mktemp("sim"), "--network=sepolia",
                     f"--slot={SLOT_SECONDS}s", "--history-epochs=8", f"--own-validators={OWN}",
                     faces=("http", "ws", "control", "beacon", "validator-client"))
    try:
        yield node.start()
    finally:
        node.discard()


@pytest.fixture(scope="module")
def exporter(sim, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exporter")
    keys = sim.control("/validators", method="GET").split()
    assert len(keys) == OWN
    validators, token = folder / "validators.txt", folder / "token"
    validators.write_text("\n".join([*(f"{key} a" for key in keys[:GROUP_A]), *keys[GROUP_A:]]))
    token.write_text(sim.control("/token", method="GET"))
    token.chmod(0o600)
    program = Exporter(BIN / "beacon_exporter", folder, f"--beacon.url={sim.url('beacon')}",
                       f"--validators-file={validators}",
                       f"--validators.fee-recipients={RECIPIENT}",
                       f"--keymanager.url={sim.url('validator-client')}",
                       f"--keymanager.bearer-token-file={token}", "--restart.takes=1s",
                       name="beacon_exporter")
    try:
        yield program.start()
    finally:
        program.discard()


def await_page(exporter, holds, what, seconds=BOUND_SECONDS):
    """The first page of which holds(page) is true."""
    pages = []

    def look():
        pages.append(exporter.page())
        return holds(pages[-1])
    try:
        wait_until(look, seconds, what)
    except AssertionError as late:
        told = "\n".join(line for line in pages[-1].text.splitlines()
                         if line.startswith(("beaconapi_", "stakewatch_source_up")))
        raise AssertionError(f"{late}; the last page:\n{told}\n{exporter.log()[-1500:]}") from None
    return pages[-1]


def total(page, name, **labels):
    """Over both groups."""
    return sum(value for of, value in page.series(name).items() if labels.items() <= dict(of).items())


def sources_up(page):
    return {name for name, up in page.by("stakewatch_source_up", "source").items()
            if up and name in SOURCES}


def all_is_well(page):
    return (sources_up(page) == SOURCES and total(page, "beaconapi_attestations") == OWN
            and total(page, "beaconapi_attestations_missed") == 0
            and total(page, "beaconapi_proposals_made_total") > 0)


@pytest.fixture
def node(sim, exporter):
    """Faults of one test, over at its end; what comes after it finds all duties done."""
    await_page(exporter, all_is_well, "all is well")
    yield sim
    sim.clear()


def test_all_duties_are_done(node, exporter):
    page = exporter.page()
    promtool_accepts(page.text)
    status = "active_ongoing"
    assert page.get("beaconapi_validators", group="a", status=status) == GROUP_A
    assert page.get("beaconapi_validators", group="default", status=status) == OWN - GROUP_A
    assert total(page, "beaconapi_validators_unknown") == 0
    assert total(page, "beaconapi_validators_effective_balance_gwei") == OWN * 32e9
    assert page["beaconapi_inactivity_leak"] == 0
    assert page.by("beaconapi_keymanager_keys", "kind")["local"] == OWN
    assert total(page, "beaconapi_fee_recipient_unexpected_total") == 0
    for vote in ("source", "target", "head"):
        assert total(page, "beaconapi_attestation_rewards_gwei", vote=vote) == \
            total(page, "beaconapi_attestation_rewards_ideal_gwei", vote=vote) > 0
    answer = http_request(exporter.port, "/restart-window")
    assert answer.status in (200, 503), answer.text


def test_without_a_validator_client_all_of_them_miss(node, exporter):
    node.fault(kind="stop", target="validator")
    page = await_page(exporter, lambda page: total(
        page, "beaconapi_validators_missing_3_epochs") == OWN, "three epochs in a row")
    assert total(page, "beaconapi_attestations_missed") == OWN
    assert total(page, "beaconapi_attestation_rewards_gwei", vote="target") < 0
    assert "keymanager" not in sources_up(page)
    # Told for a while, and only of a head epoch that was asked about in time.
    await_page(exporter, lambda page: total(page, "beaconapi_validators_not_live") == OWN,
               "the early warning")
    await_page(exporter, lambda page: total(page, "beaconapi_proposals_missed_total") > 0,
               "their proposals are missed")
    # The network goes on without them.
    assert page["beaconapi_head_lag_slots"] <= 4
    promtool_accepts(page.text)
    # What was found stays, or the page about it would resolve while nobody can look.
    node.fault(kind="stop", target="beacon")
    page = await_page(exporter, lambda page: "duties" not in sources_up(page), "nobody to judge by")
    assert total(page, "beaconapi_validators_missing_3_epochs") == OWN


def test_signatures_are_refused(node, exporter):
    node.fault(kind="missed_attestations")
    await_page(exporter, lambda page: total(page, "beaconapi_attestations_missed") == OWN,
               "attestations are missed")
    metrics = http_request(node.ports["validator-client"], "/metrics").text
    assert "validator_failed_attestations{" in metrics


def test_proposals_are_missed(node, exporter):
    before = total(exporter.page(), "beaconapi_proposals_missed_total")
    node.fault(kind="missed_proposals")
    page = await_page(exporter, lambda page: total(
        page, "beaconapi_proposals_missed_total") > before, "a proposal is missed")
    assert total(page, "beaconapi_attestations_missed") == 0


def test_head_votes_come_too_late(node, exporter):
    node.fault(kind="late_attestations")
    page = await_page(exporter, lambda page: total(
        page, "beaconapi_attestation_votes_missed", vote="head") == OWN, "head votes are missed")
    assert total(page, "beaconapi_attestation_votes_missed", vote="target") == 0
    assert total(page, "beaconapi_attestations_missed") == 0


def test_one_is_slashed(node, exporter):
    node.fault(kind="slashed", value=2)
    page = await_page(exporter, lambda page: total(page, "beaconapi_validators_slashed") == 1,
                      "it is seen")
    assert page.get("beaconapi_validators_slashed", group="a") == 1
    assert page.get("beaconapi_validators", group="a", status="active_slashed") == 1


def test_own_members_of_the_sync_committee_do_not_sign(node, exporter):
    node.fault(kind="sync_weak", value=20)

    def weak(page):
        own = list(page.series("beaconapi_sync_committee_participation_ratio").values())
        return own and min(own) < 0.5
    page = await_page(exporter, weak, "own signatures are few")
    own = min(page.series("beaconapi_sync_committee_participation_ratio").values())
    assert page["beaconapi_sync_committee_network_participation_ratio"] > own


def test_a_block_pays_to_somebody_else(node, exporter):
    node.fault(kind="fee_recipient")
    await_page(exporter, lambda page: total(
        page, "beaconapi_fee_recipient_unexpected_total") > 0, "it is seen")


def test_a_validator_client_without_a_wallet(node, exporter):
    node.fault(kind="no_wallet")
    page = await_page(exporter, lambda page: "keymanager" not in sources_up(page), "is refused")
    assert page.series("beaconapi_keymanager_keys") == {}


def test_the_first_validators_come_later(sim, tmp_path):
    """A file without a key, as the stack ships it, is read again as any other."""
    validators = tmp_path / "validators.txt"
    validators.write_text("# none yet\n")
    program = Exporter(BIN / "beacon_exporter", tmp_path, f"--beacon.url={sim.url('beacon')}",
                       f"--validators-file={validators}", name="beacon_exporter")
    own = {"validators", "duties", "schedule"}
    try:
        program.start()
        # The job of duties has had an epoch to judge, and judged nobody.
        page = await_page(program, lambda page: page.get("beaconapi_duties_judged_epoch"),
                          "an epoch is judged")
        promtool_accepts(page.text)
        assert sources_up(page) == own
        assert not page.series("beaconapi_validators") and not page.series("beaconapi_attestations")
        assert "no validator is watched" in program.log()
        validators.write_text("0 first\n1 first\n")
        page = await_page(program, lambda page: total(page, "beaconapi_attestations") == 2,
                          "their attestations are judged")
        assert page.get("beaconapi_validators_configured", group="first") == 2
    finally:
        program.discard()
