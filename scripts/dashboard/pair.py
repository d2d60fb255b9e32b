"""Board 3, Execution and consensus pair."""
from dashboard.grafana import (GREEN, ORANGE, YES_IS_GOOD, YES_IS_WORK, board, graph, rising, stat,
                               states, table, timeline)
from dashboard.shared import MARKS, MINUTE, NODE

NO_EXECUTION_URL = "no --beacon.execution-url"


def make():
    of = 'node=~"$node"'
    ages = [("time() - max by (node) (geth_block_timestamp_seconds"
             f'{{tag="latest",{of}}})', "{{node}} execution")]
    answers = [(f'max by (node) (stakewatch_source_up{{job=~"geth.*",source!="heads",{of}}})',
                "{{node}} execution client"),
               (f'max by (node) (stakewatch_source_up{{job=~"beacon.*",source=~"node|sync",{of}}})',
                "{{node}} beacon node")]
    delays = [(f"histogram_quantile({q}, sum by (node, le) (rate({name}_bucket{{{of}}}[10m])))",
               "{{node}} " + f"{client}, {share}")
              for client, name in (("beacon", "beaconapi_events_head_arrival_delay_seconds"),
                                   ("execution", "geth_heads_arrival_delay_seconds"))
              for q, share in ((0.5, "half"), (0.95, "95 of 100"))]
    slots = f"sum by (node) (increase(beaconapi_events_slots_total{{%s{of}}}[1h]))"
    slashings = f'topic=~"proposer_slashing|attester_slashing",{of}'
    return board("stakewatch-pair", "3 Execution and consensus pair", "The two clients of a node, "
                 "and the link between them.", [
        stat("Beacon head behind", "The clock's slot less the head's, by our own clock: over 2 "
             "warns, over 8 pages.", f"max by (node) (beaconapi_head_lag_slots{{{of}}})",
             "suffix: slots", steps=rising(orange=3, red=9), alerts=("HeadLag",)),
        stat("Execution head age", "Of the latest block: it comes every 12 s. What pages is the "
             "height, unchanged for 3 minutes.", [(ages[0][0], "{{node}}")], "s",
             steps=rising(orange=MINUTE, red=3 * MINUTE), alerts=("ExecutionHeadStuck",)),
        stat("Finality behind", "The clock's epoch less the finalized one: 2 or 3 on a chain that "
             "finalizes, over 3 warns, over 5 pages.",
             f"max by (node) (beaconapi_finality_lag_epochs{{{of}}})", "suffix: epochs",
             steps=rising(orange=4, red=6), alerts=("FinalityLag",)),
        stat("Heads apart", "Between the payload of the beacon head and eth_blockNumber. Empty "
             "without --beacon.execution-url.",
             f"max by (node) (abs(beaconapi_execution_block_number{{{of}}} - on (job, instance, node)"
             f" beaconapi_head_payload_block_number{{{of}}}))", "suffix: blocks",
             steps=rising(orange=5), none=NO_EXECUTION_URL, alerts=("ExecutionLinkBroken",)),
        stat("Execution in sync in", "Empty while it does not sync, or while nobody can tell.",
             f"max by (node) (geth_sync_eta_seconds{{{of}}})", "s", none="no sync under way",
             alerts=("SyncStalled",)),
        stat("Beacon in sync in", "Empty while it does not lag, or while nobody can tell.",
             f"max by (node) (beaconapi_sync_eta_seconds{{{of}}})", "s", none="no sync under way",
             alerts=("SyncStalled",)),
        stat("Empty slots, 1 h", "Share of the slots of the last hour that had no block: the "
             "network's, a few in a hundred are usual.",
             (slots % 'content="empty",') + " / " + (slots % "") + " > 0 or 0 * " + (slots % ""),
             "percentunit", size=(6, 4), high=1, decimals=1, steps=rising(orange=0.1, red=0.3),
             none="no events feed"),
        stat("Last beacon event", "Time since anything came on the events feed, keep-alives too.",
             f"time() - max by (node) (beaconapi_events_last_received_timestamp_seconds{{{of}}})",
             "s", size=(6, 4), steps=rising(orange=MINUTE), none="no events feed",
             alerts=("EventsSilent",)),
        stat("Last execution head event", "Time since the last newHeads event. Empty without "
             "--geth.ws-url.",
             f"time() - max by (node) (geth_heads_last_event_timestamp_seconds{{{of}}})", "s",
             size=(6, 4), steps=rising(orange=2 * MINUTE), none="no --geth.ws-url",
             alerts=("HeadsFeedSilent",)),
        stat("Slashings seen, 24 h", "On the whole network, by the events feed.",
             f"sum by (node) (increase(beaconapi_events_received_total{{{slashings}}}[24h]))",
             "none", size=(6, 4), decimals=0, none="no events feed"),
        timeline("Answers", "Whether each client answered its exporter at all.", answers,
                 YES_IS_GOOD, size=(12, 6), alerts=("NodeDown", "BeaconApiDown")),
        timeline("Evidence against the link", "What speaks against the link from the beacon node "
                 "to its execution client. None is proof alone: the alert asks for a symptom, too.",
                 [(f"max by (node, evidence) (beaconapi_execution_link_broken{{{of}}})",
                   "{{node}} {{evidence}}")],
                 states({0: ("no", GREEN), 1: ("speaks against it", ORANGE)}), size=(12, 6),
                 alerts=("ExecutionLinkBroken",)),
        timeline("What they say of themselves", "Their own words. A Prysm whose execution client "
                 "is dead says that all is well.",
                 [(f"max by (node) (geth_syncing{{{of}}})", "{{node}} execution: syncing"),
                  (f"max by (node) (beaconapi_syncing{{{of}}})", "{{node}} beacon: is_syncing"),
                  (f"max by (node) (beaconapi_optimistic{{{of}}})", "{{node}} beacon: is_optimistic"),
                  (f"max by (node) (beaconapi_el_offline{{{of}}})", "{{node}} beacon: el_offline")],
                 YES_IS_WORK, size=(12, 7)),
        table("Versions", "What runs. The execution client's is what it says itself, and what the "
              "beacon node was told.",
              f"max by (node, job, client, version) (geth_node_info{{{of}}} or beaconapi_node_info"
              f"{{{of}}} or beaconapi_execution_client_info{{{of}}} or "
              f"beaconapi_validator_client_info{{{of}}})",
              {"node": "node", "job": "told by", "client": "client", "version": "version"},
              size=(12, 7), high=1, alerts=("ForkUnready",)),
        graph("Head lag", "By our own clock, in slots; dashed are the limits of the alert.",
              [(f"max by (node) (beaconapi_head_lag_slots{{{of}}})", "{{node}}"),
               (f"max by (node) (beaconapi_sync_distance_slots{{{of}}})", "{{node}}, its own word")],
              "none", high=10, steps=rising(orange=3, red=9), alerts=("HeadLag",)),
        graph("Age of the execution head", "Seconds since the latest block's timestamp.", ages, "s",
              high=24, alerts=("ExecutionHeadStuck",)),
        graph("Heads arrive", "From the start of a slot to the event of its head. Attesters vote "
              "4 s into the slot. The execution client's come with --geth.ws-url.", delays, "s",
              high=4, steps=rising(orange=4), none="no feeds", alerts=("HeadsLate", "ClockSkew")),
        graph("Reorganisations an hour", "Heads that replaced others, as each client told them.",
              [(f"sum by (node) (increase(beaconapi_events_reorgs_total{{{of}}}[1h]))",
                "{{node}} beacon"),
               (f"sum by (node) (increase(geth_heads_reorgs_total{{{of}}}[1h]))",
                "{{node}} execution")],
              "none", high=3, none="no feeds", alerts=("ReorgDeep",)),
        graph("Finality", "Epochs between the clock and the finalized and justified checkpoints.",
              [(f"max by (node) (beaconapi_finality_lag_epochs{{{of}}})", "{{node}} finalized"),
               (f"max by (node) (beaconapi_clock_epoch{{{of}}} - on (job, instance, node) "
                f"beaconapi_current_justified_epoch{{{of}}})", "{{node}} justified")], "none",
              high=6, steps=rising(orange=4, red=6), alerts=("FinalityLag",)),
        graph("Participation of the network", "Share of the whole stake that voted for the target "
              "of the last epoch; finality needs two thirds. Prysm alone tells it.",
              [(f'max by (node) (beaconapi_participation_ratio{{epoch="previous",vote="target",{of}}})',
                "{{node}}")], "percentunit", low=0.6, high=1, none="Prysm only",
              alerts=("FinalityLag",)),
        graph("Gas used of the limit", "By the latest block at each scrape.",
              [(f"max by (node) (geth_head_gas_used{{{of}}} / geth_head_gas_limit{{{of}}})",
                "{{node}}")], "percentunit", high=1),
        graph("Transaction pool", "Transactions that can go into the next block, and those that "
              "wait for an earlier one.",
              [(f"max by (node) (geth_txpool_pending{{{of}}})", "{{node}} pending"),
               (f"max by (node) (geth_txpool_queued{{{of}}})", "{{node}} queued")], "short"),
    ], variables=(NODE,), annotations=MARKS)
