"""The fault matrix: what breaks, and what a person is told of it. One entry is one row of
docs/faults.md; times are the network's, in fast motion (`fast`) a twelfth of them passes."""
import dataclasses
import time
import typing

from harness import wait_until
from nodes import SLOTS_PER_EPOCH, Setup
from validator import write_backup

MINUTE = 60
EPOCH = SLOTS_PER_EPOCH * 12


class Told(typing.NamedTuple):
    alert: str
    cause: str     # The alert's label.
    within: float  # Seconds from the fault to the webhook.


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    broken: str                      # In words, for the table.
    breaks: typing.Callable          # With the node, as all that is called.
    repairs: typing.Callable = lambda node: node.sim.clear()
    setup: Setup = Setup()
    awaits: typing.Callable | None = None  # The right moment to break it.
    page: Told | None = None
    warning: Told | None = None      # Alone: a fault that warns by design, or leads to no page.
    beside: tuple = ()               # Alerts that may warn before the page, or next to it.
    cause: str = ""                  # stakewatch:node_cause while it lasts.
    lasts: float | typing.Callable | None = None  # Seconds, or waits; None: until it is told.
    resolved_within: float = 3 * MINUTE           # After the repair.
    fast: bool = False
    own_monitors: int = 0            # Alertmanagers of its own: it breaks what others share.
    silences_heartbeat: bool = False
    needs_root: bool = False

    @property
    def told(self):
        return self.page or self.warning


def sim(kind, **query):
    """A fault of the simulator."""
    return lambda node: node.sim.fault(kind=kind, **query)


def exporter(job, what):
    return lambda node: getattr(node.exporters[job], what)()


def all_exporters(what):
    return lambda node: [getattr(one, what)() for one in node.exporters.values()]


def validator_sql(text):
    return lambda node: node.validator.sql(text)


def restart(program):
    def step(node):
        found = program(node)
        found.end()
        found.start()
    return step


def heartbeat(node):
    """Up to a minute after the start: a Prometheus that has just started evaluates its rules before
    it knows its Alertmanager, and sends what fires a second time only after a minute."""
    wait_until(lambda: node.monitors.webhook.of("/heartbeat"), 90, "a heartbeat", every=0.2)


def nothing(_):
    pass


# Setups.
GETH, BEACON, PAIR = Setup(jobs=("geth",)), Setup(jobs=("beacon",)), Setup()
SYNCS = Setup(history=80)  # Of 2,560 slots, 10 a second come in.
REAL_GETH = Setup(jobs=("geth",), real_geth=True)
DUTIES = Setup(jobs=("beacon",), validators=True)
BUSY_DUTIES = Setup(jobs=("beacon",), validators=True, network=64)
PAIR_DUTIES = Setup(validators=True)
JORMUNGANDR = Setup(jobs=("jormungandr",))
COMPUTEHORDE = Setup(jobs=("computehorde",))
MINA = Setup(jobs=("mina",))  # A batch a minute.
CLIENT = Setup(jobs=("beacon", "prysm-validator"), validators=True)
SUPERVISORD, SUPERVISOR = Setup(jobs=("supervisord",)), Setup(jobs=("validator-supervisor",))
BORN_BEACON = Setup(jobs=("beacon",), born=True)
# In fast motion what a Geth catches up with cannot be told from heads that come late.
NO_FEED = Setup(heads=False)


def born(*faults):
    """A node that is broken from its first second."""
    return lambda node: node.start(*faults)


def beacon(kind, **query):
    return {"kind": kind, "target": "beacon", **query}


# From the third slot of an epoch to the third from the end of the n-th: whoever is to attest
# between them in each of the epochs misses n, nobody more.
def epochs(count):
    def awaits(node):
        wait_until(lambda: node.epoch_and_slot()[1] in (1, 2), 60, "an epoch begins", every=0.1)
        node.last_epoch = node.epoch_and_slot()[0] + count - 1

    def lasts(node):
        end = (node.last_epoch, SLOTS_PER_EPOCH - 4)
        wait_until(lambda: node.epoch_and_slot() >= end, 60 * count, "the epochs end", every=0.1)
    return {"awaits": awaits, "lasts": lasts}


def one_proposal(node):
    """Until one own block is missed, and no second one."""
    node.sim.fault(kind="missed_proposals")
    before = node.sim.state()["beacon"]["missed_proposals"]
    wait_until(lambda: node.sim.state()["beacon"]["missed_proposals"] > before, 60,
               "an own proposal is due", every=0.1)
    node.sim.clear()


def reorg_storm(node):
    for depth in (2, 4, 3, 5, 1, 4, 2, 3):
        node.sim.fault(kind="reorg", value=depth)
        head = node.sim.state()["head"]
        wait_until(lambda: node.sim.state()["head"] > head, 20, "a block", every=0.1)


def flapping(node):
    for _ in range(4):
        node.sim.fault(kind="stop", target="geth")
        time.sleep(25)
        node.sim.clear()
        time.sleep(20)


def forget_the_key(node):
    """The slashed one is taken out of the list, as its validator client is stopped for good."""
    keys = node.validators_file.read_text().splitlines()
    node.validators_file.write_text("\n".join(keys[1:]) + "\n")


FAULTS = [
    Fault("healthy", "nothing, for as long as all others take", nothing, setup=PAIR_DUTIES,
          lasts=4 * MINUTE, cause="healthy"),
    Fault("node killed", "a real Geth is killed (kill -9)",
          lambda node: node.geth.kill(), lambda node: node.geth.start(), REAL_GETH,
          page=Told("NodeDown", "el_down", 30), cause="el_down", lasts=100),
    Fault("node hung", "a real Geth takes connections and answers nothing (SIGSTOP)",
          lambda node: node.geth.hang(), lambda node: node.geth.go_on(), REAL_GETH,
          page=Told("NodeDown", "el_down", 35), cause="el_down", lasts=100),
    Fault("node restarted", "a real Geth is ended and started again",
          restart(lambda node: node.geth), nothing, REAL_GETH, cause="healthy", lasts=2 * MINUTE),
    Fault("node slow", "Geth takes a second for each answer", sim("slow", value="1s"),
          lasts=3 * MINUTE, cause="healthy"),
    Fault("node too slow", "Geth takes ten seconds for each answer", sim("slow", value="10s"),
          setup=GETH, page=Told("NodeDown", "el_down", 45), cause="el_down", lasts=100),
    Fault("node flapping", "Geth goes for 25 s and comes back for 20 s, four times", nothing,
          nothing, GETH, page=Told("NodeDown", "el_down", 30), cause="el_down", lasts=flapping,
          beside=("ProcessFlapping",)),
    Fault("node stuck", "Geth's head stands still, whatever its beacon node says", sim("stuck"),
          setup=GETH, page=Told("ExecutionHeadStuck", "el_stuck", 3.5 * MINUTE), cause="el_stuck",
          beside=("ExecutionHeadStuck",)),
    Fault("wrong network, Geth", "the node follows another chain than --geth.network",
          sim("wrong_network", target="geth"), setup=GETH,
          page=Told("WrongNetwork", "wrong_network", 30), cause="wrong_network", lasts=100),
    Fault("wrong network, beacon node", "the node follows another chain than --beacon.network",
          sim("wrong_network", target="beacon"), setup=BEACON,
          page=Told("WrongNetwork", "cl_wrong_network", 30), cause="wrong_network", lasts=100),
    Fault("resyncing, Geth", "Geth falls 10,000 blocks back and imports them again",
          sim("syncing", target="geth"), setup=GETH, lasts=4 * MINUTE, cause="syncing"),
    Fault("resyncing, both", "the beacon node falls 2,300 slots back and comes nearer, Geth waits",
          sim("syncing", target="beacon", value=2300), setup=SYNCS,
          lasts=3.5 * MINUTE, cause="syncing"),
    Fault("beacon node killed", "its port is closed", sim("stop", target="beacon"),
          page=Told("BeaconApiDown", "cl_down", 35), cause="cl_down", lasts=150),
    Fault("beacon node hung", "it takes connections and answers nothing",
          sim("hang", target="beacon"), page=Told("BeaconApiDown", "cl_down", 45), cause="cl_down",
          lasts=100),
    Fault("beacon node restarted", "500 for a second, then optimistic, and its head at the last"
          " finalized one for half a minute", sim("restart"), setup=PAIR, lasts=30,
          cause="healthy"),
    Fault("beacon node restarted, stays behind", "as after a time without finality: its head fell"
          " back, and it says that all is well", sim("restart"), setup=BEACON,
          page=Told("HeadLag", "cl_behind", 2.5 * MINUTE), cause="cl_stuck", beside=("HeadLag",)),
    Fault("EL gone behind a healthy-looking beacon node", "Geth is gone; the beacon node says 200,"
          " el_offline false", sim("stop", target="geth"), page=Told("NodeDown", "el_down", 30),
          cause="el_down", lasts=2.5 * MINUTE),
    Fault("EL gone, seen by the beacon exporter alone", "as above, and no geth_exporter runs",
          sim("stop", target="geth"), setup=BEACON,
          page=Told("ExecutionLinkBroken", "el_link", 2.5 * MINUTE), cause="el_cl_link",
          beside=("HeadLag",)),
    Fault("behind", "the beacon node's head stands still, it says that all is well",
          sim("stuck", target="beacon"), page=Told("HeadLag", "cl_behind", 4.5 * MINUTE),
          cause="cl_stuck", beside=("HeadLag", "ExecutionHeadStuck")),
    Fault("no peers, beacon node", "it lost its peers unnoticed: not syncing, the head stands",
          sim("no_peers", target="beacon", value="unnoticed"), setup=BEACON,
          page=Told("HeadLag", "cl_behind", 4.5 * MINUTE), cause="cl_stuck", beside=("HeadLag",)),
    Fault("validator client down", "its ports are closed", sim("stop", target="validator"),
          setup=CLIENT, page=Told("ValidatorClientDown", "vc_down", 90), cause="vc_down",
          lasts=150),
    Fault("slashed", "an own validator is slashed", sim("slashed", value=0), forget_the_key, DUTIES,
          page=Told("ValidatorSlashed", "slashed", 90), cause="slashed", lasts=120),
    Fault("exporter killed", "geth_exporter is killed (kill -9)", exporter("geth", "kill"),
          exporter("geth", "start"), page=Told("ExporterDown", "exporter_down", 45),
          cause="exporter_down", lasts=100),
    Fault("exporter hung", "beacon_exporter takes connections and answers nothing (SIGSTOP)",
          exporter("beacon", "hang"), exporter("beacon", "go_on"),
          page=Told("ExporterDown", "exporter_down", 50), cause="exporter_down", lasts=100),
    Fault("disk filling", "the disk of the data is full but for 1 %: node_exporter and a real disk",
          lambda node: node.disk.fill(), lambda node: node.disk.empty(),
          Setup(jobs=("node_exporter",)), page=Told("DiskFullSoon", "disk_filling", 2 * MINUTE),
          cause="disk_full", lasts=100, resolved_within=4 * MINUTE, needs_root=True),
    Fault("host down", "all that is watched on a node is gone", all_exporters("kill"),
          all_exporters("start"), page=Told("HostDown", "host_down", 40), cause="host_down",
          lasts=100),
    Fault("program given up", "supervisord could not start a program in any of its tries: FATAL",
          sim("process", method="geth", value="FATAL"), setup=SUPERVISORD,
          page=Told("ProcessFatal", "process_fatal", 40), cause="other_page"),
    Fault("validator supervisor killed", "no process of it, its tunnels or the validator",
          sim("stop", target="supervisor"), setup=SUPERVISOR,
          page=Told("DaemonDown", "supervisor_daemon_down", 90), cause="vc_down", lasts=150),
    Fault("validator supervisor locked", "it waits for its passphrase: the host was restarted",
          sim("reality", value="locked"), setup=SUPERVISOR,
          page=Told("SupervisorLocked", "supervisor_locked", 3 * MINUTE), cause="vc_down",
          lasts=3.5 * MINUTE),
    Fault("no beacon node behind any tunnel", "all bastions are down: the RPC says that the"
          " validator runs, and it has no process", sim("reality", value="no_beacon"), setup=SUPERVISOR,
          page=Told("AllTunnelsDown", "all_tunnels_down", 90), cause="vc_down", lasts=3 * MINUTE),
    Fault("tunnels half open", "both links fall silent: ssh runs, and the RPC says that all is"
          " well",
          sim("reality", value="silent_links"), setup=SUPERVISOR,
          page=Told("TunnelHalfOpen", "tunnel_half_open", 4 * MINUTE), cause="other_page"),
    Fault("Alertmanager unreachable", "the only one is killed: nobody can be paged, the heartbeat"
          " stops", lambda node: node.monitors.alertmanager.kill(),
          lambda node: node.monitors.alertmanager.start(), GETH, awaits=heartbeat,
          own_monitors=1, silences_heartbeat=True, lasts=2 * MINUTE, cause="healthy"),
    Fault("Alertmanager unreachable, one of two", "one of a cluster of two is killed",
          lambda node: node.monitors.alertmanager.kill(),
          lambda node: node.monitors.alertmanager.start(), GETH, own_monitors=2,
          page=Told("AlertmanagerUnreachable", "alertmanager_unreachable", 2.5 * MINUTE),
          lasts=2.5 * MINUTE, cause="healthy"),
    Fault("Prometheus restarted", "Prometheus is ended and started again",
          restart(lambda node: node.monitors.prometheus), nothing, own_monitors=1,
          lasts=2 * MINUTE, cause="healthy"),
    Fault("Prometheus restarted in a fault", "Geth is gone, and then Prometheus is restarted",
          sim("stop", target="geth"), setup=PAIR, own_monitors=1,
          page=Told("NodeDown", "el_down", 30), cause="el_down",
          lasts=lambda node: restart_when_told(node)),
    Fault("Jormungandr node killed", "its connections are reset",
          sim("stop", target="jormungandr", node=0), setup=JORMUNGANDR,
          page=Told("JormungandrNodeDown", "jormungandr_down", 35), cause="jormungandr_down",
          lasts=150),
    Fault("Jormungandr node forked", "it makes its blocks alone, and is the highest of the three",
          sim("fork", target="jormungandr", node=0), setup=JORMUNGANDR,
          page=Told("Forked", "forked", 2 * MINUTE), cause="forked", lasts=150),
    Fault("ComputeHorde database killed", "its PostgreSQL ends at once, as without power",
          lambda node: node.validator.server.kill(), lambda node: node.validator.server.start(),
          setup=COMPUTEHORDE, page=Told("DatabaseDown", "database_down", 2 * MINUTE),
          cause="database_down"),
    Fault("ComputeHorde weights late", "the last weight setting is of 7 hours ago",
          validator_sql("UPDATE validator_weightsettingfinishedevent "
                        "SET created_at = created_at - interval '7 hours'"),
          validator_sql("UPDATE validator_weightsettingfinishedevent "
                        "SET created_at = created_at + interval '7 hours'"),
          setup=COMPUTEHORDE, page=Told("WeightsNotSet", "weights_not_set", 90),
          beside=("WeightsNotSet",), cause="weights_not_set"),
    Fault("Mina database stopped", "PostgreSQL is stopped",
          lambda node: node.coordinator.server.stop(),
          lambda node: node.coordinator.come_back(), setup=MINA,
          page=Told("DatabaseDown", "database_down", 2 * MINUTE), cause="database_down", lasts=150),
    Fault("Mina database hangs", "PostgreSQL stands still (SIGSTOP): it takes connections",
          lambda node: node.coordinator.server.hang_all(),
          lambda node: node.coordinator.server.go_on_all(), setup=MINA,
          page=Told("DatabaseDown", "database_down", 2 * MINUTE), cause="database_down", lasts=150),
    Fault("Mina coordinator stopped", "nobody writes batches any more",
          lambda node: node.coordinator.stop_writing(),
          lambda node: node.coordinator.go_on(), setup=MINA,
          page=Told("BatchLate", "batch_late", 6 * MINUTE), cause="batches_late",
          beside=("BatchLate",)),

    # In fast motion. A scrape has a second there; on a busy machine one fails that would not at 5 s,
    # and begins a `for` anew: what has a long one has room for two.
    Fault("healthy, in fast motion", "nothing, for as long as all others take", nothing,
          setup=Setup(jobs=("geth", "beacon", "prysm-validator"), validators=True),
          lasts=48 * MINUTE, cause="healthy", fast=True),
    Fault("no peers, Geth", "its last peer goes", sim("no_peers", target="geth"), setup=GETH,
          page=Told("PeersLow", "no_peers", 12 * MINUTE), cause="no_peers",
          resolved_within=4 * MINUTE, fast=True),
    Fault("no peers, mainnet, no EL", "a beacon node that has just been set up: no peers, no Geth,"
          " its head at genesis", born(beacon("never_synced"), {"kind": "stop", "target": "geth"}),
          setup=BORN_BEACON, page=Told("ExecutionLinkBroken", "el_link", 4 * MINUTE),
          cause="el_cl_link", lasts=20 * MINUTE, beside=("HeadLag",), fast=True),
    Fault("inbound none", "all of Geth's peers are ones that it dialled", sim("no_inbound"),
          setup=GETH, warning=Told("NoInboundPeers", "not_reachable", 42 * MINUTE),
          cause="warning", resolved_within=9 * MINUTE, fast=True),
    Fault("reorg storm", "eight reorganisations of one to five blocks, one after the other",
          reorg_storm, setup=PAIR, warning=Told("ReorgDeep", "reorg", 3 * MINUTE),
          cause="warning", resolved_within=18 * MINUTE, fast=True),
    Fault("optimistic", "Geth syncs behind its beacon node, whose head is true to the clock",
          sim("syncing", target="geth", value=100_000), setup=NO_FEED, lasts=20 * MINUTE,
          cause="syncing", fast=True),
    Fault("optimistic for two epochs, with validators", "as above: nobody attests to a head that is"
          " not verified", sim("syncing", target="geth", value=100_000), setup=DUTIES, **epochs(2),
          warning=Told("AttestationsMissed", "attestations_missed", 4 * EPOCH),
          cause="warning", resolved_within=4 * EPOCH, fast=True),
    Fault("optimistic for five epochs, with validators", "as above, for longer",
          sim("syncing", target="geth", value=100_000), setup=DUTIES, **epochs(5),
          page=Told("DutiesUnknown", "optimistic", 25 * MINUTE),
          beside=("AttestationsMissed", "DutiesUnknown"),
          cause="duties_missed", resolved_within=4 * EPOCH, fast=True),
    Fault("finality lost", "half of the network's validators are gone", sim("finality_stalled"),
          setup=BEACON, page=Told("FinalityLag", "finality", 6.5 * EPOCH), cause="no_finality",
          beside=("FinalityLag",), resolved_within=5 * EPOCH, fast=True),
    Fault("events silent", "the event stream stays open and tells nothing", sim("events_silent"),
          setup=BEACON, warning=Told("EventsSilent", "events_silent", 7 * MINUTE),
          cause="warning", resolved_within=5 * MINUTE, fast=True),
    Fault("validators miss one epoch", "their attestations are not made",
          sim("missed_attestations"), setup=DUTIES,
          **epochs(1), cause="healthy", fast=True),
    Fault("validators miss two epochs", "their attestations are not made",
          sim("missed_attestations"), setup=DUTIES,
          **epochs(2), warning=Told("AttestationsMissed", "attestations_missed", 4 * EPOCH),
          cause="warning", resolved_within=4 * EPOCH, fast=True),
    Fault("validators miss three epochs", "their attestations are not made",
          sim("missed_attestations"), setup=DUTIES,
          **epochs(3), page=Told("AttestationsMissed", "attestations_missed", 5 * EPOCH),
          beside=("AttestationsMissed",), cause="duties_missed", resolved_within=4 * EPOCH,
          fast=True),
    Fault("proposal missed", "an own validator makes no block in its slot", one_proposal, nothing,
          BUSY_DUTIES, page=Told("ProposalMissed", "proposal_missed", 3 * MINUTE),
          beside=("ProposalMissed",), cause="duties_missed", resolved_within=18 * MINUTE,
          fast=True),
    Fault("clock skewed", "the host's clock is behind by a slot: blocks come before theirs",
          sim("early_blocks", value="1s"), setup=BEACON,
          warning=Told("ClockSkew", "clock_behind", 20 * MINUTE), cause="warning",
          resolved_within=20 * MINUTE, fast=True),
    Fault("validator client down for four epochs", "and judged long after it is back",
          sim("stop", target="validator"), setup=CLIENT,
          page=Told("ValidatorClientDown", "vc_down", 3 * MINUTE), cause="vc_down",
          lasts=4 * EPOCH, beside=("AttestationsMissed",), fast=True),
    Fault("Geth down for four epochs", "and the duties judged long after it is back",
          sim("stop", target="geth"), setup=Setup(validators=True, heads=False),
          page=Told("NodeDown", "el_down", 3 * MINUTE), cause="el_down", lasts=4 * EPOCH,
          beside=("AttestationsMissed",), fast=True),
    Fault("signing refused", "the validator client runs, its attestations fail",
          sim("missed_attestations"), setup=CLIENT,
          page=Told("SigningRefused", "signing_refused", 18 * MINUTE), cause="duties_missed",
          beside=("SigningRefused", "AttestationsMissed"), resolved_within=12 * MINUTE, fast=True),
    Fault("sync stalled, Geth", "its first sync stands still: no blocks, no state",
          born({"kind": "syncing", "target": "geth"}, {"kind": "stuck", "target": "geth"}),
          setup=Setup(jobs=("geth",), born=True, heads=False),
          page=Told("SyncStalled", "sync_stalled", 12 * MINUTE), cause="el_stuck",
          resolved_within=4 * MINUTE, fast=True),
    Fault("sync stalled, beacon node", "its first sync stands still",
          born(beacon("syncing"), beacon("stuck")), setup=BORN_BEACON,
          page=Told("SyncStalled", "cl_sync_stalled", 12 * MINUTE), cause="cl_stuck",
          resolved_within=4 * MINUTE, fast=True),
    Fault("first sync", "a new pair syncs for half an hour: the beacon node's head comes nearer",
          born(beacon("syncing", value=1_900)),
          setup=Setup(born=True, heads=False, history=60), lasts=30 * MINUTE,
          cause="syncing", fast=True),
    Fault("sync committee weak", "two in five of our members sign", sim("sync_weak", value=30),
          setup=BUSY_DUTIES, page=Told("SyncCommitteeWeak", "sync_committee_weak", 5 * EPOCH),
          beside=("SyncCommitteeWeak",), cause="duties_missed", resolved_within=5 * EPOCH,
          fast=True),
    Fault("Jormungandr node stuck", "its height stands still, the time of its tip goes on",
          sim("stuck", target="jormungandr", node=0), setup=JORMUNGANDR,
          page=Told("TipStale", "tip_stale", 7 * MINUTE), beside=("TipStale",),
          cause="tip_behind", fast=True),
    # The exporter asks the database at the shipped intervals: 30 s are 6 minutes here.
    Fault("ComputeHorde switched off", "SERVING is off", validator_sql(
              "UPDATE constance_constance SET value = 'gAKJLg==' WHERE key = 'SERVING'"),
          validator_sql("UPDATE constance_constance SET value = 'gAKILg==' WHERE key = 'SERVING'"),
          setup=COMPUTEHORDE, page=Told("NotServing", "not_serving", 20 * MINUTE),
          cause="weights_not_set", resolved_within=10 * MINUTE, fast=True),
    Fault("ComputeHorde dump failed", "a fresh backup of 0 bytes",
          lambda node: write_backup(node.validator.backups, "4", time.time(), 0),
          lambda node: (node.validator.backups / "db_dump_4.Fc.dump.zstd").unlink(),
          setup=COMPUTEHORDE, warning=Told("BackupEmpty", "backup_empty", 13 * MINUTE),
          cause="warning", fast=True),
    Fault("ComputeHorde worker gone", "101 tasks wait in the queue of weights",
          lambda node: node.validator.redis.command("RPUSH", "weights", *["task"] * 101),
          lambda node: node.validator.redis.command("DEL", "weights"), setup=COMPUTEHORDE,
          warning=Told("QueueLong", "queue_long", 13 * MINUTE), cause="warning", fast=True),
]


def restart_when_told(node):
    prometheus = node.monitors.prometheus
    wait_until(lambda: node.monitors.webhook.of("/page"), 60, "the page", every=0.1)
    restart(lambda _: prometheus)(node)
    # Not by a query, which also finds what fired before the restart.
    wait_until(lambda: any(one["labels"]["alertname"] == "NodeDown" and one["state"] == "firing"
                           for one in prometheus.alerts()), 90, "it fires again", every=0.5)
