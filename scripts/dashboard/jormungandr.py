"""Board 11, Jormungandr."""
from dashboard.grafana import (BLUE, GREEN, ORANGE, RED, YES_IS_WORK, bars, board, falling, graph,
                               rising, stat, states, table, timeline)
from dashboard.shared import MARKS, NODE, state_names

CONDITIONS = {"running": GREEN, "bootstrapping": BLUE, "failing": ORANGE, "hung": RED, "dead": RED}
NO_JORMUNGANDR = "no jormungandr_exporter"


def make():
    of = 'node=~"$node"'
    each = "node, instance"

    def told(metric, more="", by=each, how="max"):
        return f"{how} by ({by}) ({metric}{{{more}{of}}})"
    condition = " or ".join(f'jormungandr_condition{{condition="{one}",{of}}} * {number}'
                            for number, one in enumerate(CONDITIONS))
    slots = "sum by (node, instance, epoch)"
    none = {"none": NO_JORMUNGANDR}
    return board("stakewatch-jormungandr", "11 Jormungandr", "Jormungandr nodes, their chain and "
                 "their leaders, by jormungandr_exporter. Empty without one.", [
        stat("Condition", "How the node answers, on every version.",
             [(f"sum by ({each}) ({condition})", "{{instance}}")], "none", high=4,
             maps=state_names(CONDITIONS), **none,
             alerts=("JormungandrNodeDown", "NodeHung", "BootstrapTooLong")),
        stat("Behind the best", "Blocks behind the best of the nodes that are on no fork and of the "
             "external tip.", [(told("stakewatch:jormungandr_tip_lag_blocks"), "{{instance}}")],
             "none", steps=rising(orange=3, red=8), **none, alerts=("TipLag",)),
        stat("References that agree", "Below half it is this node that is on a fork.",
             [(told("jormungandr_reference_agreement_ratio", how="min"), "{{instance}}")],
             "percentunit", high=1, steps=falling(1, orange=0.5), none="no --jormungandr.reference",
             alerts=("Forked",)),
        stat("Connected peers", "Those that are available do not move with a dead peer.",
             [(told("jormungandr_peers", 'state="connected",'), "{{instance}}")], "none",
             steps=falling(1), **none, alerts=("NoPeers",)),
        stat("Leads", "Whether the node had a slot within the hour, or has a leader.",
             [(told("stakewatch:jormungandr_leads"), "{{instance}}")], "none",
             maps=YES_IS_WORK, **none, alerts=("NoLeader", "MultipleLeaders")),
        stat("Epoch", "How much of it is over.",
             [(told("jormungandr_epoch_progress_ratio"), "{{instance}}")], "percentunit",
             high=1, **none),
        graph("Tip", "Heights of the nodes, of their references and of the external tip.",
              [(told("jormungandr_tip_height"), "{{instance}}"),
               (told("jormungandr_reference_tip_height", by=each + ", reference"),
                "{{reference}} of {{instance}}"),
               (told("jormungandr_external_tip_height", by="node, source"), "{{source}}")], "none",
              **none, alerts=("TipStale", "TipLag")),
        timeline("On the chain of references", "Whether each has our tip, or the ancestor of it "
                 "that is as high as its own.",
                 [(told("jormungandr_tip_on_reference_chain", by=each + ", reference", how="min"),
                   "{{instance}} on {{reference}}")],
                 states({0: ("no", RED), 1: ("yes", GREEN)}), size=(12, 8),
                 none="no --jormungandr.reference", alerts=("Forked",)),
        graph("Slots by epoch", "Of the node's leaders, as its log has them.",
              [(f"{slots} (jormungandr_epoch_slots_assigned{{{of}}})",
                "{{instance}} assigned, {{epoch}}"),
               (f"{slots} (jormungandr_epoch_blocks_made{{{of}}})", "{{instance}} made, {{epoch}}"),
               (f"{slots} (jormungandr_epoch_slots_missed{{{of}}})",
                "{{instance}} missed, {{epoch}}")], "none", **none,
              alerts=("SlotMissed", "SlotsAssigned")),
        bars("Slots that ended", "Blocks and missed slots by reason, in five minutes.",
             [(f"sum by (node, instance, status, reason) "
               f"(increase(jormungandr_leader_events_total{{{of}}}[5m])) > 0",
               "{{instance}} {{status}} {{reason}}")], "none", size=(12, 8),
             none="no slot in this time", alerts=("SlotMissed",)),
        graph("Peers", "By state, as far as the version tells.",
              [(told("jormungandr_peers", by=each + ", state"), "{{instance}} {{state}}")], "none",
              **none, alerts=("NoPeers",)),
        graph("Since a peer sent", "A block, a fragment, gossip.",
              [(f"time() - {told(f'jormungandr_peer_last_{what}_timestamp_seconds')}",
                f"{{{{instance}}}} {what}") for what in ("block", "fragment", "gossip")], "s",
              **none),
        graph("Mempool", "How full it is, from 0.14 on.",
              [(told("jormungandr_mempool_usage_ratio"), "{{instance}}")], "percentunit", high=1,
              **none),
        graph("Restarts in 15 minutes", "By the uptime, which begins after the bootstrap.",
              [(f"max by ({each}) (resets(jormungandr_uptime_seconds{{{of}}}[15m]))",
                "{{instance}}")], "none", high=5, steps=rising(orange=3, red=5), **none,
              alerts=("Flapping",)),
        table("Nodes", "Their versions, and the chains that they are on.",
              f"max by (node, instance, version) (jormungandr_info{{{of}}}) * on (node, instance) "
              f"group_left (consensus, block0) max by (node, instance, consensus, block0) "
              f"(jormungandr_chain_info{{{of}}})",
              {"node": "node", "instance": "instance", "version": "version",
               "consensus": "consensus", "block0": "block 0"}, size=(24, 6), **none,
              alerts=("WrongGenesis",)),
    ], variables=(NODE,), annotations=MARKS)
