#!/usr/bin/env python3
"""Writes the Grafana dashboards that users import, dashboards/*.json, and the template by which
messages link to their runbooks, prometheus/alertmanager/runbooks.tmpl.

usage: dashboards.py [folder]   (tests write to one folder and compare)

Each board is one list of panels, in the order in which they stand on it. Numbers come first; a
colour means what the alert of the same name means. What `node` is: the label that prometheus.yml
gives to all targets of one node, so that its execution client, beacon node and host are one.
"""
import json
import pathlib
import sys

from grafana import (BLUE, GREEN, GREY, LOKI, ORANGE, RED, ROOT, RUNBOOKS, YES_IS_BAD, YES_IS_GOOD,
                     YES_IS_WORK, annotation, bars, board, by_column, falling, from_on, graph,
                     log_lines, rising, row, runbook_id, stat, states, table, text, textbox,
                     timeline, variable)

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

# Those of prometheus/rules/cause.yml in its order, which is that of its numbers from 1 on.
CAUSES = {
    "host_down": ("host down", RED), "exporter_down": ("exporter down", RED),
    "disk_full": ("disk full", RED), "memory": ("out of memory", RED),
    "el_down": ("execution client down", RED), "cl_down": ("beacon node down", RED),
    "jormungandr_down": ("Jormungandr node down", RED),
    "wrong_network": ("wrong network", RED), "el_cl_link": ("execution link broken", RED),
    "el_stuck": ("execution head stuck", RED), "cl_stuck": ("beacon head stuck", RED),
    "forked": ("on a fork", RED), "tip_behind": ("tip behind", RED),
    "no_peers": ("no peers", RED), "vc_down": ("validator client down", RED),
    "slashed": ("validator slashed", RED), "clock_off": ("clock off", RED),
    "duties_missed": ("duties missed", RED), "no_finality": ("no finality", RED),
    "disk_filling": ("disk full soon", RED), "other_page": ("another page", RED),
    "warning": ("a warning", ORANGE), "syncing": ("syncing", BLUE), "healthy": ("healthy", GREEN)}
CAUSE_STATES = states(dict(enumerate(CAUSES.values(), 1)))
NODE_CAUSE = 'min by (node) (stakewatch:node_cause_number{node=~"$node"})'
CAUSE_ALERTS = ("HostDown", "NodeDown", "BeaconApiDown", "ExporterDown", "ExecutionLinkBroken",
                "ExecutionHeadStuck", "HeadLag", "PeersLow", "ValidatorClientDown",
                "AttestationsMissed", "WrongNetwork", "DiskFullSoon", "MemoryLow", "OutOfMemory",
                "ClockSkew")

NO_VALIDATORS = "no --validators-file"
NO_EXECUTION_URL = "no --beacon.execution-url"
NO_VALIDATORS_ABOUT = " Empty without --validators-file."

# The disks that hold data, and when they will be full: by prometheus/rules/host.yml.
DISK = 'stakewatch:disk_avail_bytes{node=~"$node"}'
DISK_FULL_IN = 'min by (node, mountpoint) (stakewatch:disk_full_in_seconds{node=~"$node"})'
DISK_ABOUT = ("At the growth of the last day, as far as it goes on: under 14 days warns, under 48 h "
              "pages. Empty in the first hour, and without node_exporter.")
CLOCK_OFF = 'max by (node) (stakewatch:host_clock_off_seconds{node=~"$node"})'
DISK_STEPS = falling(14 * DAY, orange=2 * DAY)
LASTS = from_on(YEAR, "over a year", GREEN)

NODE = variable("node", "Node", "The label node of the targets; All has those without it, too.",
                'label_values(up{node!=""}, node)')
GROUP = variable("group", "Group", "Group of validators, by --validators-file.",
                 "label_values(beaconapi_validators_configured, group)")
INSTANCE = variable("instance", "Instance", "One exporter, by its address.",
                    "label_values(stakewatch_build_info, instance)")
SERVICE = variable("service", "Service", "Whose log, by the label service_name.", "", source=LOKI)
SEARCH = textbox("search", "Search", "Only lines with this in them; a regular expression.")

ALERT_MARKS = annotation(
    "Alerts", 'max by (node, instance, alertname, severity, cause) (ALERTS{alertstate="firing",'
    'severity=~"page|warning",node=~"$node"})', RED, "{{alertname}} ({{severity}})",
    "{{node}} {{instance}}: {{cause}}", tags="alertname,severity")
RESTART_MARKS = annotation(
    "Restarts", 'max by (node, job, instance) (process_start_time_seconds{node=~"$node"}) * 1000',
    BLUE, "{{job}} started", "{{node}} {{instance}}", tags="job", at_value=True)
MARKS = (ALERT_MARKS, RESTART_MARKS)

ALERT_COLOURS = by_column("severity", **{
    "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    "mappings": [{"type": "value", "options": {
        "page": {"text": "page", "color": RED, "index": 0},
        "warning": {"text": "warning", "color": ORANGE, "index": 1}}}]})


def firing(size):
    return table(
        "Firing alerts", "What Prometheus holds for true now, muted or not. Empty while nothing "
        "fires.",
        'max by (severity, alertname, node, instance, cause) (ALERTS{alertstate="firing",'
        'severity=~"page|warning",node=~"$node"})',
        {"severity": "severity", "alertname": "alert", "node": "node", "cause": "cause",
         "instance": "instance"}, size=size, high=1, none="nothing fires",
        overrides=[ALERT_COLOURS])


def counted(severity, colour):
    return [(f'count(ALERTS{{alertstate="firing",severity="{severity}",node=~"$node"}}) or vector(0)',
             "")], rising(**{colour: 1})


def can_i_sleep():
    pages, page_steps = counted("page", "red")
    warnings, warning_steps = counted("warning", "orange")
    mine = 'group=~"$group",node=~"$node"'
    return board("stakewatch-sleep", "1 Can I sleep?", "What is wrong now, by its cause, and what "
                 "comes next.", [
        stat("Now", "The one cause by which each node's alerts are explained, the root first.",
             NODE_CAUSE, "none", size=(8, 5), low=1, high=len(CAUSES), maps=CAUSE_STATES, names=True,
             alerts=CAUSE_ALERTS),
        stat("Pages", "Alerts that wake somebody and fire now, muted ones too.", pages, "none",
             size=(4, 5), steps=page_steps),
        stat("Warnings", "Alerts that can wait for the morning and fire now.", warnings, "none",
             size=(4, 5), steps=warning_steps),
        stat("Restart now?", "Whether a restart of --restart.takes, begun now, is over before the "
             "next duty of --restart.avoid (proposal and sync committee)." + NO_VALIDATORS_ABOUT,
             f"min by (node) (beaconapi_restart_fits{{node=~\"$node\"}})", "none", size=(4, 5),
             high=1, maps=states({0: ("wait", ORANGE), 1: ("yes", GREEN)}), none=NO_VALIDATORS),
        stat("Restart window", "Time until the next duty of --restart.avoid. Empty when none is "
             "scheduled as far as is known (one epoch ahead), and without --validators-file.",
             "min by (node) (clamp_min(beaconapi_restart_window_end_timestamp_seconds"
             '{node=~"$node"} - time(), 0))', "s", size=(4, 5), steps=falling(5 * MINUTE),
             none="no duty known"),
        stat("Attested, 24 h", "Of the attestations due in the last 24 hours, the share that was "
             "made and counted." + NO_VALIDATORS_ABOUT,
             [(f"1 - sum by (group) (increase(beaconapi_attestations_missed_total{{{mine}}}[24h]))"
               f" / sum by (group) (increase(beaconapi_attestations_total{{{mine}}}[24h]) > 0)",
               "{{group}}")], "percentunit", high=1, decimals=2, steps=falling(0.99, orange=0.95),
             none=NO_VALIDATORS, alerts=("AttestationsMissed",)),
        stat("Attestations missed, 24 h", "A single miss is no fault; three epochs in a row page."
             + NO_VALIDATORS_ABOUT,
             [(f"sum by (group) (increase(beaconapi_attestations_missed_total{{{mine}}}[24h]))",
               "{{group}}")], "none", decimals=0, none=NO_VALIDATORS,
             alerts=("AttestationsMissed",)),
        stat("Epochs missed in a row", "The most that a validator of the group misses now: 2 "
             "warn, 3 page." + NO_VALIDATORS_ABOUT,
             [(f"max by (group) (beaconapi_attestations_missed_in_a_row_max{{{mine}}})",
               "{{group}}")], "none", steps=rising(orange=2, red=3), none=NO_VALIDATORS,
             alerts=("AttestationsMissed",)),
        stat("Blocks made, 24 h", "Own proposals whose block is on the chain." + NO_VALIDATORS_ABOUT,
             [(f"sum by (group) (increase(beaconapi_proposals_made_total{{{mine}}}[24h]))",
               "{{group}}")], "none", decimals=0, none=NO_VALIDATORS),
        stat("Blocks missed, 24 h", "Own proposals whose slot stayed empty; each pages."
             + NO_VALIDATORS_ABOUT,
             [(f"sum by (group) (increase(beaconapi_proposals_missed_total{{{mine}}}[24h]))",
               "{{group}}")], "none", decimals=0, steps=rising(red=0.5), none=NO_VALIDATORS,
             alerts=("ProposalMissed",)),
        stat("Slashed", "Validators that have been slashed, ever." + NO_VALIDATORS_ABOUT,
             [(f"sum by (group) (beaconapi_validators_slashed{{{mine}}})", "{{group}}")], "none",
             steps=rising(red=1), none=NO_VALIDATORS, alerts=("ValidatorSlashed",)),
        timeline("Cause by node", "Each node's cause over time, by the alerts that fired: red has "
                 "paged, orange has warned, blue is syncing.", NODE_CAUSE, CAUSE_STATES,
                 alerts=CAUSE_ALERTS),
        stat("Next duties", "Time until the next duty of any own validator begins. With many keys "
             "an attestation is always due." + NO_VALIDATORS_ABOUT,
             [('min by (duty) (clamp_min(beaconapi_next_duty_timestamp_seconds{node=~"$node"}'
               " - time(), 0))", "{{duty}}")], "s", size=(8, 4), names=True, none=NO_VALIDATORS),
        stat("Disk full in", DISK_ABOUT, [(DISK_FULL_IN, "{{mountpoint}}")], "s", size=(6, 4),
             high=YEAR, steps=DISK_STEPS, maps=LASTS, none="no hour of data yet",
             alerts=("DiskFullSoon",)),
        stat("Next fork in", "Time until the next fork of the node's schedule. Empty while none "
             "has a date.",
             [('min by (fork) (clamp_min(beaconapi_next_fork_timestamp_seconds{node=~"$node"}'
               " - time(), 0))", "{{fork}}")], "s", size=(5, 4), steps=falling(7 * DAY, orange=DAY),
             names=True, none="none has a date", alerts=("ForkUnready",)),
        stat("Clock off by", "The host's clock, by its time server or by Prometheus's: over 0.2 s "
             "warns, over 0.5 s pages. By node_exporter; 0 where nothing steers the clock, see board 5.",
             CLOCK_OFF, "s", size=(5, 4), steps=rising(orange=0.2, red=0.5),
             none="no node_exporter", alerts=("ClockSkew",)),
        firing((14, 8)),
        graph("Attestations missed in each epoch", "Of all own validators, when the epoch was "
              "judged." + NO_VALIDATORS_ABOUT,
              [(f"sum by (group) (beaconapi_attestations_missed{{{mine}}})", "{{group}}")], "none",
              size=(10, 8), high=1, columns=True, stack=True, none=NO_VALIDATORS,
              alerts=("AttestationsMissed",)),
    ], variables=(NODE, GROUP), annotations=MARKS, since="now-24h")


def validators():
    mine = 'group=~"$group",node=~"$node"'
    all_of = 'node=~"$node"'
    share = (f"1 - sum by (group) (beaconapi_attestations_missed{{{mine}}})"
             f" / sum by (group) (beaconapi_attestations{{{mine}}} > 0)")
    network = f'max(beaconapi_participation_ratio{{epoch="previous",vote="target",{all_of}}})'
    reward = (f"sum by (group) (beaconapi_attestation_rewards_gwei{{{mine}}})"
              f" / sum by (group) (beaconapi_attestation_rewards_ideal_gwei{{{mine}}} > 0)")

    def by_group(name, of=mine):
        return [(f"sum by (group) ({name}{{{of}}})", "{{group}}")]

    own = {"none": NO_VALIDATORS}
    whole = {"none": "no --beacon.validator-set"}
    missed = {"alerts": ("AttestationsMissed",), **own}
    return board("stakewatch-validators", "2 Validators against the network", "Am I worse than "
                 "the network? Of the last judged epoch, about three epochs ago." ,
                 [
        stat("Active", "Validators that have duties." + NO_VALIDATORS_ABOUT,
             by_group("beaconapi_validators", f'status=~"active_.*",{mine}'), "none", **own),
        stat("Attested", "Share of the attestations due in the judged epoch that counted."
             + NO_VALIDATORS_ABOUT, [(share, "{{group}}")], "percentunit", high=1, decimals=1,
             steps=falling(0.99, orange=0.95), **missed),
        stat("Network attested", "The same of the whole network's stake. Only Prysm tells it; "
             "empty elsewhere.", [(network, "")], "percentunit", high=1, decimals=1,
             steps=falling(0.9, orange=2 / 3), none="Prysm only", alerts=("FinalityLag",)),
        stat("Reward of ideal", "Rewards of the judged epoch, penalties taken off, over what "
             "perfect attestations would have brought." + NO_VALIDATORS_ABOUT,
             [(reward, "{{group}}")], "percentunit", low=-1, high=1, decimals=1,
             steps=falling(0.95, orange=0.8), **missed),
        stat("Missing 2 epochs", "Validators that missed at least the last two judged epochs: a "
             "warning." + NO_VALIDATORS_ABOUT, by_group("beaconapi_validators_missing_2_epochs"),
             "none", steps=rising(orange=1), **missed),
        stat("Missing 3 epochs", "Validators that missed at least the last three: a page."
             + NO_VALIDATORS_ABOUT, by_group("beaconapi_validators_missing_3_epochs"), "none",
             steps=rising(red=1), **missed),
        stat("Not live", "Validators not seen in the epoch before the head's: an early warning "
             "that late blocks can belie." + NO_VALIDATORS_ABOUT,
             by_group("beaconapi_validators_not_live"), "none", size=(3, 4),
             steps=rising(orange=1), **missed),
        stat("Slashed", "Validators that have been slashed, ever." + NO_VALIDATORS_ABOUT,
             by_group("beaconapi_validators_slashed"), "none", size=(3, 4), steps=rising(red=1),
             alerts=("ValidatorSlashed",), **own),
        stat("Unknown keys", "Keys of the file that the chain does not know: not deposited yet, or "
             "of another network." + NO_VALIDATORS_ABOUT, by_group("beaconapi_validators_unknown"),
             "none", size=(3, 4), steps=rising(orange=1), **own),
        stat("List of keys", "Whether --validators-file, as it is now, is in use."
             + NO_VALIDATORS_ABOUT, f"max by (node) (beaconapi_validators_file_failed{{{all_of}}})",
             "none", size=(3, 4), high=1,
             maps=states({0: ("in use", GREEN), 1: ("cannot be read", ORANGE)}),
             alerts=("DutiesUnknown",), **own),
        stat("Keys loaded", "What the validator client has, by its keymanager API. Empty without "
             "--keymanager.url.",
             [(f"sum by (kind) (beaconapi_keymanager_keys{{{all_of}}})", "{{kind}}")], "none",
             size=(3, 4), none="no keymanager"),
        stat("Signing failed, 1 h", "Attestations that Prysm's validator client could not sign or "
             "send, by its own metrics. Empty while it is not scraped.",
             "sum by (node) (increase(stakewatch:validator_client_attestations_failed"
             f"{{{all_of}}}[1h]))", "none", size=(3, 4), decimals=0, steps=rising(red=0.5),
             none="not scraped", alerts=("SigningRefused", "ValidatorClientDown")),
        stat("Epochs unjudged", "The clock's epoch less the last judged one: 1 to 3 while the "
             "node is in sync." + NO_VALIDATORS_ABOUT,
             f"max by (node) (beaconapi_clock_epoch{{{all_of}}} - on (job, instance, node) "
             f"beaconapi_duties_judged_epoch{{{all_of}}})", "none", size=(3, 4),
             steps=rising(orange=5), alerts=("DutiesUnknown",), **own),
        stat("Inactivity leak", "Whether the judged epoch was in one: the network has not "
             "finalized for long, and a head reward of 0 means nothing." + NO_VALIDATORS_ABOUT,
             f"max by (node) (beaconapi_inactivity_leak{{{all_of}}})", "none", size=(3, 4), high=1,
             maps=YES_IS_BAD, alerts=("FinalityLag",), **own),
        graph("Attested, against the network", "Below the network's line the fault is here, "
              "beside it the fault is everywhere." + NO_VALIDATORS_ABOUT,
              [(share, "{{group}}"), (network, "the network")], "percentunit", low=0.9, high=1,
              **missed),
        graph("Votes missed", "Attestations of each judged epoch without reward for a vote. Only "
              "head: blocks come late here. All three: not included." + NO_VALIDATORS_ABOUT,
              [(f"sum by (vote) (beaconapi_attestation_votes_missed{{{mine}}})", "{{vote}}")],
              "none", high=1, columns=True, **missed),
        graph("Rewards of an epoch", "Got, and what perfect attestations would have brought."
              + NO_VALIDATORS_ABOUT,
              [(f"sum(beaconapi_attestation_rewards_gwei{{{mine}}})", "got"),
               (f"sum(beaconapi_attestation_rewards_ideal_gwei{{{mine}}})", "ideal")],
              "suffix: gwei", **missed),
        graph("Balance", "Sum of the balances of each group." + NO_VALIDATORS_ABOUT,
              [(f"sum by (group) (beaconapi_validators_balance_gwei{{{mine}}}) / 1e9",
                "{{group}}")], "suffix: ETH", low=None, **own),
        row("Blocks and sync committee"),
        stat("Proposals to come", "In this epoch and the next." + NO_VALIDATORS_ABOUT,
             by_group("beaconapi_proposals_scheduled"), "none", **own),
        stat("Next proposal in", "Empty while none is scheduled, and without --validators-file.",
             [(f"min by (group) (clamp_min(beaconapi_next_proposal_timestamp_seconds{{{mine}}}"
               " - time(), 0))", "{{group}}")], "s", none="none scheduled"),
        stat("Blocks missed, 7 d", "Own proposals whose slot stayed empty." + NO_VALIDATORS_ABOUT,
             [(f"sum by (group) (increase(beaconapi_proposals_missed_total{{{mine}}}[7d]))",
               "{{group}}")], "none", decimals=0, steps=rising(red=0.5),
             alerts=("ProposalMissed",), **own),
        stat("Other fee recipient, 7 d", "Own blocks that pay another address than "
             "--validators.fee-recipients names. Empty without that flag.",
             [(f"sum by (group) (increase(beaconapi_fee_recipient_unexpected_total{{{mine}}}[7d]))",
               "{{group}}")], "none", decimals=0, steps=rising(red=0.5), none="not checked"),
        stat("In the sync committee", "Validators that are in it now or in the next period."
             + NO_VALIDATORS_ABOUT,
             [(f"sum by (period) (beaconapi_sync_committee_members{{{mine}}})", "{{period}}")],
             "none", names=True, **own),
        stat("Committee signed", "Share of the judged epoch's blocks that have the group's own "
             "signatures. Empty while no own validator is in the committee.",
             [(f"min by (group) (beaconapi_sync_committee_participation_ratio{{{mine}}})",
               "{{group}}")], "percentunit", high=1, steps=falling(0.9, orange=0.5),
             none="not in it", alerts=("SyncCommitteeWeak",)),
        row("The whole network, by --beacon.validator-set (an epoch old; off by default)"),
        stat("Validators", "Active ones of the whole network. Empty without "
             "--beacon.validator-set.",
             f"max(beaconapi_validator_set_active_validators{{{all_of}}})", "short", **whole),
        stat("Active stake", "Effective balance of all active validators. Empty without "
             "--beacon.validator-set.",
             f"max(beaconapi_validator_set_active_effective_balance_gwei{{{all_of}}}) / 1e9",
             "suffix: ETH", decimals=0, **whole),
        stat("Mean balance", "Of the own active validators, and of the network's. Empty without "
             "--beacon.validator-set.",
             [(f"sum(beaconapi_validators_balance_gwei{{{mine}}}) / sum(beaconapi_validators"
               f'{{status=~"active_.*",{mine}}}) / 1e9', "own"),
              (f"max(beaconapi_validator_set_average_balance_gwei{{{all_of}}}) / 1e9",
               "network")], "suffix: ETH", size=(8, 4), decimals=4, **whole),
        stat("Entering", "Validators of the network that wait for their activation. Empty without "
             "--beacon.validator-set.",
             f'max(sum by (job, instance) (beaconapi_validator_set_validators{{status=~"pending_.*"'
             f",{all_of}}}))", "short", **whole),
        stat("Set read", "Time since the whole set was last read: once an epoch. Empty without "
             "--beacon.validator-set.",
             "time() - max by (node) (beaconapi_validator_set_last_success_timestamp_seconds"
             f"{{{all_of}}})", "s", steps=rising(orange=HOUR), **whole),
        row("Key by key, up to --validators.per-key-limit"),
        table("Worst keys", "The most epochs missed in a row first. Empty without "
              "--validators-file.",
              f"sort_desc(max by (validator, group) (beaconapi_validator_attestations_missed_in_a_row"
              f"{{{mine}}}))", {"validator": "validator", "group": "group",
                                "Value": "epochs missed in a row"},
              steps=rising(orange=2, red=3), none=NO_VALIDATORS, overrides=[by_column(
                  "epochs missed in a row",
                  **{"custom.cellOptions": {"type": "color-background", "mode": "basic"}})],
              alerts=("AttestationsMissed",)),
        table("Balances", "Of each key, the lowest first." + NO_VALIDATORS_ABOUT,
              f"sort(max by (validator, group) (beaconapi_validator_balance_gwei{{{mine}}})) / 1e9",
              {"validator": "validator", "group": "group", "Value": "ETH"}, none=NO_VALIDATORS,
              overrides=[by_column("ETH", decimals=4)]),
    ], variables=(NODE, GROUP), annotations=MARKS, since="now-24h")


def pair():
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


def peers():
    of = 'node=~"$node"'
    inbound = f'direction="inbound",{of}'
    return board("stakewatch-peers", "4 Peers", "How many, from where, and how good.", [
        stat("Execution peers", "Under 3 for 5 minutes pages, under a quarter of the week's most "
             "warns.", f"max by (node) (stakewatch:execution_peers{{{of}}})", "none",
             steps=falling(8, orange=3), alerts=("PeersLow",)),
        stat("Beacon peers", "Connected ones. Under 3 for 5 minutes pages, under a quarter of the "
             "week's most warns.", f'max by (node) (beaconapi_peers{{state="connected",{of}}})',
             "none", steps=falling(8, orange=3), alerts=("PeersLow",)),
        stat("Execution, inbound", "Peers that opened the connection: none for 20 minutes warns "
             "that nobody can reach the node.",
             f"max by (node) (geth_peers_by_direction{{{inbound}}})", "none", steps=falling(1),
             alerts=("NoInboundPeers",)),
        stat("Beacon, inbound", "Peers that opened the connection: none for 20 minutes warns "
             "that nobody can reach the node.",
             f"max by (node) (beaconapi_peers_by_direction{{{inbound}}})", "none", steps=falling(1),
             alerts=("NoInboundPeers",)),
        stat("Of the week's most", "Execution peers now over the most of the last seven days.",
             f"max by (node) (clamp_max(stakewatch:execution_peers{{{of}}} / on (job, instance, "
             f"node) stakewatch:execution_peers:max_1w{{{of}}}, 1))", "percentunit", high=1,
             steps=falling(0.25), none="not known for a minute", alerts=("PeersLow",)),
        stat("In one subnet", "Share of the execution peers in the subnet with the most of them "
             "(IPv4 /16, IPv6 /48): over a half warns.",
             f"max by (node) (geth_peers_subnet_max_ratio{{{of}}})", "percentunit", high=1,
             steps=rising(orange=0.5), alerts=("PeersInOneSubnet",)),
        graph("Execution peers by direction", "Who opened the connection.",
              [(f"max by (node, direction) (geth_peers_by_direction{{{of}}})",
                "{{node}} {{direction}}")], "none", high=10, stack=True,
              alerts=("PeersLow", "NoInboundPeers")),
        graph("Beacon peers by direction", "Who opened the connection.",
              [(f"max by (node, direction) (beaconapi_peers_by_direction{{{of}}})",
                "{{node}} {{direction}}")], "none", high=10, stack=True,
              alerts=("PeersLow", "NoInboundPeers")),
        bars("Execution peers by client", "Of a fixed set of known ones.",
             [(f"sum by (client) (geth_peers_by_client{{{of}}})", "{{client}}")], "none",
             size=(8, 9)),
        bars("Execution peers by protocol", "By protocol and version, as negotiated.",
             [(f"sum by (protocol, version) (geth_peers_by_protocol{{{of}}})",
               "{{protocol}}/{{version}}")], "none", size=(8, 9)),
        bars("Beacon peers by state", "Connecting and disconnecting ones come and go.",
             [(f"sum by (state) (beaconapi_peers{{{of}}})", "{{state}}")], "none", size=(8, 9)),
        table("Execution clients and versions", "The versions with the most peers.",
              f"sort_desc(sum by (client, version) (geth_peers_by_client_version{{{of}}}))",
              {"client": "client", "version": "version", "Value": "peers"}),
        table("Expected peers", "Those named in --geth.expected-peers. Empty without that flag.",
              f"sort(max by (node, peer) (geth_expected_peer_connected{{{of}}}))",
              {"node": "node", "peer": "peer", "Value": "connected"}, high=1,
              none="no --geth.expected-peers", overrides=[by_column(
                  "connected", mappings=YES_IS_GOOD,
                  **{"custom.cellOptions": {"type": "color-background", "mode": "basic"}})],
              alerts=("ExpectedPeerLost",)),
        graph("Blocks that execution peers have", "Latest blocks they tell, against the node's own "
              "head (eth/69 on).",
              [(f"max by (node) (geth_peers_latest_block_highest{{{of}}}) - max by (node) "
                f'(geth_block_number{{tag="latest",{of}}})', "{{node}} highest less own"),
               (f"max by (node) (geth_peers_latest_block_lowest{{{of}}}) - max by (node) "
                f'(geth_block_number{{tag="latest",{of}}})', "{{node}} lowest less own")],
              "suffix: blocks", low=-2, high=2, none="no peer tells"),
        graph("Peers with special rights", "Static: the node was told to keep them. Trusted: let "
              "in above the limit.",
              [(f"max by (node) (geth_peers_static{{{of}}})", "{{node}} static"),
               (f"max by (node) (geth_peers_trusted{{{of}}})", "{{node}} trusted")], "none",
              high=3),
    ], variables=(NODE,), annotations=MARKS)


def host():
    of = 'node=~"$node"'
    free = f"{DISK} / stakewatch:disk_size_bytes"
    devices = f'{of},device!~"zram.*|ram.*|loop.*|dm-.*"'
    links = f'{of},device!~"lo|veth.*|br-.*|docker.*|ifb.*|dummy.*"'
    return board("stakewatch-host", "5 Host and disk", "The machines under the nodes, by "
                 "node_exporter.", [
        stat("Disk full in", DISK_ABOUT, [(DISK_FULL_IN, "{{mountpoint}}")], "s", size=(6, 4),
             high=YEAR, steps=DISK_STEPS, maps=LASTS, none="no hour of data yet",
             alerts=("DiskFullSoon",)),
        stat("Disk free", "Of each file system that holds data.",
             [(f"min by (node, mountpoint) ({free})", "{{mountpoint}}")], "percentunit",
             size=(6, 4), high=1, steps=falling(0.1, orange=0.03), alerts=("DiskFullSoon",)),
        stat("Clock off by", "By its time server, or by Prometheus's: over 0.2 s warns, over 0.5 s "
             "pages.",
             CLOCK_OFF, "s", steps=rising(orange=0.2, red=0.5), alerts=("ClockSkew",)),
        stat("Clock synchronized", "Whether the kernel says that a time server steers it. Some "
             "virtual machines' clocks are steered from outside, and say no.",
             f"min by (node) (node_timex_sync_status{{{of}}})", "none", high=1,
             maps=states({0: ("no", ORANGE), 1: ("yes", GREEN)}), alerts=("ClockSkew",)),
        stat("Up since", "When the machine was started.",
             f"max by (node) (node_boot_time_seconds{{{of}}}) * 1000", "dateTimeFromNow"),
        stat("Processors busy", "Of all processors, over five minutes.",
             f'1 - avg by (node) (rate(node_cpu_seconds_total{{mode="idle",{of}}}[5m]))',
             "percentunit", high=1, steps=rising(orange=0.9)),
        stat("Waiting for the disk", "Share of processor time in which only the disk was waited "
             "for: over a tenth, the disk is too slow for a node.",
             f'avg by (node) (rate(node_cpu_seconds_total{{mode="iowait",{of}}}[5m]))',
             "percentunit", high=1, steps=rising(orange=0.1, red=0.3)),
        stat("Memory available", "What processes can still get, caches given back.",
             f"min by (node) (node_memory_MemAvailable_bytes{{{of}}} / "
             f"node_memory_MemTotal_bytes{{{of}}})", "percentunit", high=1,
             steps=falling(0.1, orange=0.03), alerts=("MemoryLow",)),
        stat("Killed for memory, 24 h", "Processes that the kernel ended because memory ran out.",
             f"max by (node) (increase(node_vmstat_oom_kill{{{of}}}[24h]))", "none", decimals=0,
             steps=rising(orange=0.5, red=2.5), alerts=("OutOfMemory",)),
        stat("Open files", "Of the system's limit.",
             f"max by (node) (node_filefd_allocated{{{of}}} / node_filefd_maximum{{{of}}})",
             "percentunit", high=1, steps=rising(orange=0.8)),
        stat("Warmest sensor", "Degrees Celsius. Empty on machines without sensors, as most "
             "virtual ones are.", f"max by (node) (node_hwmon_temp_celsius{{{of}}})", "celsius",
             high=100, steps=rising(orange=80, red=95), none="no sensors"),
        graph("Disk free", "Bytes that are left on each file system.",
              [(f"min by (node, mountpoint) ({DISK})",
                "{{node}} {{mountpoint}}")], "bytes", alerts=("DiskFullSoon",)),
        graph("Disk growth", "Bytes a day, at the growth of the last day, as far as it goes on; "
              "below 0 it shrinks.",
              [(f'max by (node, mountpoint) (stakewatch:disk_growth_1d{{node=~"$node"}} * {DAY})',
                "{{node}} {{mountpoint}}")], "bytes", alerts=("DiskFullSoon",)),
        graph("Disk busy", "Share of the time in which a device had something to do.",
              [(f"max by (node, device) (rate(node_disk_io_time_seconds_total{{{devices}}}"
                "[$__rate_interval]))", "{{node}} {{device}}")], "percentunit", high=1),
        graph("A read takes", "Mean time of a read: a node needs well under a millisecond.",
              [(f"max by (node, device) (rate(node_disk_read_time_seconds_total{{{devices}}}"
                f"[$__rate_interval]) / clamp_min(rate(node_disk_reads_completed_total{{{devices}}}"
                "[$__rate_interval]), 0.1))", "{{node}} {{device}}")], "s", high=0.001),
        graph("Processors", "By what they do, of all processors.",
              [(f'avg by (node, mode) (rate(node_cpu_seconds_total{{mode!="idle",{of}}}'
                "[$__rate_interval]))", "{{node}} {{mode}}")], "percentunit", high=1, stack=True),
        graph("Memory", "All of it, and what processes can still get.",
              [(f"max by (node) (node_memory_MemTotal_bytes{{{of}}})", "{{node}} total"),
               (f"max by (node) (node_memory_MemAvailable_bytes{{{of}}})", "{{node}} available")],
              "bytes", alerts=("MemoryLow",)),
        graph("Network", "Received above, sent below the line.",
              [(f"sum by (node) (rate(node_network_receive_bytes_total{{{links}}}"
                "[$__rate_interval]))", "{{node}} received"),
               (f"-sum by (node) (rate(node_network_transmit_bytes_total{{{links}}}"
                "[$__rate_interval]))", "{{node}} sent")], "Bps", none="not in a container"),
        graph("Clock offset", "Of the host's clock against the time server's.",
              [(f"max by (node) (node_timex_offset_seconds{{{of}}})", "{{node}}")], "s", low=-0.2,
              high=0.2, alerts=("ClockSkew",)),
    ], variables=(NODE,), annotations=MARKS, since="now-24h")


def logs():
    service = 'service_name=~"$service"'
    bad = r"|~ `(?i)\b(error|eror|fatal|crit|critical|panic)\b`"
    return board("stakewatch-logs", "6 Logs", "What the programs say, beside when alerts fired and "
                 "processes were started. Empty without the log collector and Loki.", [
        graph("Lines by service", "Lines a minute. A service that falls silent is as telling as "
              "one that shouts.",
              [(f"sum by (service_name) (count_over_time({{{service}}}[1m]))",
                "{{service_name}}")], "none", size=(12, 7), columns=True, stack=True, source=LOKI,
              none="no Loki"),
        graph("Errors by service", "Lines a minute that have error, fatal, crit or panic in them.",
              [(f"sum by (service_name) (count_over_time({{{service}}} {bad} [1m]))",
                "{{service_name}}")], "none", size=(12, 7), high=1, columns=True, stack=True,
              source=LOKI, none="no errors"),
        log_lines("Errors", "Newest first. Empty while nothing has gone wrong.",
                  f"{{{service}}} {bad} |~ `(?i)$search`", size=(24, 9), none="no errors"),
        log_lines("All lines", "Newest first, by the services and the search above.",
                  f"{{{service}}} |~ `(?i)$search`", size=(24, 16), none="no Loki"),
    ], variables=(NODE, SERVICE, SEARCH), annotations=MARKS, since="now-1h")


def monitoring():
    one = 'instance=~"$instance"'
    return board("stakewatch-monitoring", "7 The monitoring itself", "Whether what watches is well: "
                 "exporters, Prometheus, Alertmanager, and the way of a page.", [
        stat("Targets down", "Targets that gave Prometheus no page.",
             [("count(up == 0) or vector(0)", "")], "none", steps=rising(red=1),
             alerts=("ExporterDown",)),
        stat("Sources down", "Of all exporters: sources that had no answer in the last scrape.",
             [("count(stakewatch_source_up == 0) or vector(0)", "")], "none",
             steps=rising(orange=1), alerts=("SourceDown",)),
        stat("Rules that failed, 1 h", "A rule that cannot be evaluated is an alert that cannot "
             "fire.",
             [("sum(increase(prometheus_rule_evaluation_failures_total[1h])) + "
               "sum(increase(prometheus_rule_group_iterations_missed_total[1h]))", "")], "none",
             decimals=0, steps=rising(red=0.5), alerts=("RulesFailing",)),
        stat("Pages not delivered, 1 h", "Notifications that failed, and alerts that did not reach "
             "Alertmanager.",
             [("sum(increase(alertmanager_notifications_failed_total[1h])) + "
               "sum(increase(prometheus_notifications_errors_total[1h]))", "")], "none",
             decimals=0, steps=rising(red=0.5),
             alerts=("NotificationsFailing", "AlertmanagerUnreachable")),
        stat("Watchdog", "The alert that always fires, so that silence means a broken way.",
             [('count(ALERTS{alertname="Watchdog",alertstate="firing"}) or vector(0)', "")], "none",
             high=1, maps=states({0: ("silent", RED), 1: ("fires", GREEN)}), alerts=("Watchdog",)),
        stat("Silences", "Active ones: what is silenced pages nobody.",
             [('sum(alertmanager_silences{state="active"})', "")], "none",
             steps=rising(orange=1)),
        stat("Configuration in use", "Whether Prometheus and Alertmanager run on their files as "
             "they are now.",
             [("min(prometheus_config_last_reload_successful)", "Prometheus"),
              ("min(alertmanager_config_last_reload_successful)", "Alertmanager")], "none",
             size=(6, 4), high=1, maps=YES_IS_GOOD, alerts=("ConfigReloadFailed",)),
        stat("Certificates end in", "The first to end, of those shown by the nodes. Empty where "
             "nodes are asked without TLS.",
             [("min(stakewatch_source_certificate_not_after_timestamp_seconds - time())", "")], "s",
             size=(6, 4), steps=falling(7 * DAY, orange=DAY), none="no TLS",
             alerts=("CertificateExpiring",)),
        stat("Starts in 15 minutes", "Of the process that started most often: over 2 warns, over 4 "
             "pages.", [("max(changes(process_start_time_seconds[15m]))", "")], "none",
             steps=rising(orange=3, red=5), alerts=("ProcessFlapping",)),
        stat("Series", "That Prometheus holds.", [("sum(prometheus_tsdb_head_series)", "")],
             "short"),
        stat("Size on disk", "Of Prometheus's data; it keeps by size.",
             [("sum(prometheus_tsdb_storage_blocks_bytes)", "")], "bytes"),
        timeline("Targets", "Whether Prometheus got a page from each.",
                 [("min by (job, instance) (up)", "{{job}} {{instance}}")], YES_IS_GOOD,
                 size=(12, 9), alerts=("ExporterDown", "MonitorUnseen")),
        timeline("Sources", "Whether each source of the exporters had its answer.",
                 [(f"min by (job, source) (stakewatch_source_up{{{one}}})", "{{job}} {{source}}")],
                 YES_IS_GOOD, size=(12, 9), alerts=("SourceDown",)),
        graph("Sources take", "Of each scrape. Close to the time-out of 5 s the node is too slow.",
              [(f"max by (job, source) (stakewatch_source_duration_seconds{{{one}}})",
                "{{job}} {{source}}")], "s", high=1, alerts=("SourceDown",)),
        graph("Failures by reason", "A minute, of all sources. Empty while there has been none.",
              [(f"sum by (job, source, reason) (rate(stakewatch_source_failures_total{{{one}}}"
                "[$__rate_interval])) * 60 > 0", "{{job}} {{source}}: {{reason}}")], "none", high=1,
              none="no failures", alerts=("SourceDown",)),
        graph("Requests to the nodes", "A second: what watching costs them.",
              [(f"sum by (job, source) (rate(stakewatch_source_requests_total{{{one}}}"
                "[$__rate_interval]))", "{{job}} {{source}}")], "reqps", high=1),
        graph("Exporters' memory", "Resident memory of each process.",
              [(f"max by (job, instance) (process_resident_memory_bytes{{{one}}} and on (instance) "
                "stakewatch_build_info)", "{{job}} {{instance}}")], "bytes"),
        graph("Scrapes take", "From Prometheus's question to the last byte.",
              [("max by (job, instance) (scrape_duration_seconds)", "{{job}} {{instance}}")], "s",
              high=1, steps=rising(red=5)),
        graph("Rules take", "Evaluation of each group, over its interval: from 1 on, rules are "
              "left out.",
              [("max by (rule_group) (prometheus_rule_group_last_duration_seconds / "
                "prometheus_rule_group_interval_seconds)", "{{rule_group}}")], "percentunit",
              high=0.2, alerts=("RulesFailing",)),
        table("What runs", "Exporters and their versions.",
              f"max by (job, instance, exporter, version, revision) (stakewatch_build_info{{{one}}})",
              {"exporter": "exporter", "version": "version", "revision": "revision",
               "job": "job", "instance": "instance"}, high=1),
        firing((12, 8)),
    ], variables=(NODE, INSTANCE), annotations=MARKS)


# The numbers are ours: supervisord's own go up to 1000.
PROGRAM_STATES = {"STOPPED": GREY, "RUNNING": GREEN, "STARTING": BLUE, "STOPPING": BLUE,
                  "EXITED": GREY, "BACKOFF": ORANGE, "FATAL": RED, "UNKNOWN": ORANGE}
SUPERVISORD_STATES = {"RUNNING": GREEN, "RESTARTING": BLUE, "SHUTDOWN": ORANGE, "FATAL": RED}
NO_SUPERVISORD = "no supervisord_exporter"


def state_number(metric, names, labels):
    """One number for each, out of a series a state: the place of its state in `names`."""
    parts = (f'{metric}{{state="{state}",node=~"$node"}} * {number}'
             for number, state in enumerate(names))
    return f"sum by ({labels}) ({' or '.join(parts)})"


def state_names(names):
    return states({number: (state.lower(), colour)
                   for number, (state, colour) in enumerate(names.items())})


def supervisor():
    of = 'node=~"$node"'
    each = "node, instance, group, name"
    starts = f"max by ({each}) (changes(supervisord_process_start_time_seconds{{{of}}}[15m]))"
    up = f"max by ({each}) (supervisord_process_up{{{of}}})"
    return board("stakewatch-supervisor", "9 Supervisor", "Programs that Supervisor keeps running, "
                 "by supervisord_exporter. Empty without one.", [
        stat("supervisord answers", "Whether any source of the exporter had its answer.",
             [(f'max by (node, instance) (stakewatch_source_up{{job=~"supervisord.*",{of}}})',
               "{{node}}")], "none", high=1, maps=YES_IS_GOOD, none=NO_SUPERVISORD,
             alerts=("SupervisordDown",)),
        stat("Its state", "While it stops it says nothing of its programs.",
             [(state_number("supervisord_state", SUPERVISORD_STATES, "node, instance"),
               "{{node}}")], "none", high=3, maps=state_names(SUPERVISORD_STATES), none=NO_SUPERVISORD,
             alerts=("SupervisordDown",)),
        stat("Programs that run", "In the state RUNNING, of all supervisords.",
             [(f'sum by (node) (supervisord_processes{{state="RUNNING",{of}}})', "{{node}}")],
             "none", none=NO_SUPERVISORD),
        stat("Given up", "In the state FATAL: supervisord does not try again.",
             [(f'sum by (node) (supervisord_processes{{state="FATAL",{of}}})', "{{node}}")], "none",
             steps=rising(red=1), none=NO_SUPERVISORD, alerts=("ProcessFatal",)),
        stat("Most starts in 15 min", "Of the program that was started again most often: over 2 "
             "warns, over 4 pages.", [(f"max by (node) ({starts})", "{{node}}")], "none",
             steps=rising(orange=3, red=5), none=NO_SUPERVISORD, alerts=("ProcessFlapping",)),
        stat("Clock off by", "What supervisord takes the time to be, against the exporter's clock.",
             [(f"max by (node) (abs(supervisord_clock_offset_seconds{{{of}}}))", "{{node}}")], "s",
             steps=rising(orange=2), none=NO_SUPERVISORD),
        timeline("States", "Of each program, in supervisord's words.",
                 [(state_number("supervisord_process_state", PROGRAM_STATES, each),
                   "{{node}} {{group}}:{{name}}")], state_names(PROGRAM_STATES), size=(24, 9),
                 none=NO_SUPERVISORD, alerts=("ProcessFatal", "SupervisordDown")),
        timeline("Up", "Whether each program was RUNNING.", [(up, "{{node}} {{group}}:{{name}}")],
                 states({0: ("no", GREY), 1: ("yes", GREEN)}), size=(12, 8), none=NO_SUPERVISORD,
                 alerts=("ProcessFatal",)),
        graph("Starts in 15 minutes", "Of each program, also those that failed at once.",
              [(starts, "{{node}} {{group}}:{{name}}")], "none", high=5,
              steps=rising(orange=3, red=5), none=NO_SUPERVISORD, alerts=("ProcessFlapping",)),
        table("Last exit status", "Of programs that have ended and are left so; -1 if a signal "
              "ended them. supervisord tells it in no other state.",
              f"max by ({each}) (supervisord_process_exit_status{{{of}}})",
              {"node": "node", "instance": "instance", "group": "group", "name": "program",
               "Value": "exit status"}, low=-1, none="nothing has ended"),
        table("Spawn errors", "What supervisord says of programs that it could not start or keep "
              "running.", f"max by ({each}, error) (supervisord_process_spawn_error_info{{{of}}})",
              {"node": "node", "instance": "instance", "group": "group", "name": "program",
               "error": "error"}, high=1, none="no spawn errors", alerts=("ProcessFatal",)),
    ], variables=(NODE,), annotations=MARKS)


NO_SUPERVISOR = "no supervisor_exporter"
NO_SUPERVISOR_HOST = "not on the validator host"
NO_INTERCHANGE = "no --supervisor.interchange"
# As in prometheus/rules/supervisor.yml; the numbers are ours.
RPC_RESULTS = {"ok": GREEN, "timeout": ORANGE, "no_socket": RED, "refused": RED,
               "auth_denied": RED, "tls_error": RED, "bad_answer": RED}
# Restarts, losses and what is done by hand; the rest of the events is a backup's.
EVENTS = ("tunnel_lost|tunnel_exited|validator_exited|validator_started|log_shipper_exited|"
          "process_start_error|health_stop|forced_kill|no_beacon|host_shutdown")


def validator_supervisor():
    of = 'node=~"$node"'
    name = "validator_supervisor_"

    def lowest(metric, by="node"):
        return f"min by ({by}) ({name}{metric}{{{of}}})"

    def highest(metric, by="node"):
        return f"max by ({by}) ({name}{metric}{{{of}}})"

    rpc = " or ".join(f'{name}rpc_last_result{{result="{result}",{of}}} * {number}'
                      for number, result in enumerate(RPC_RESULTS))
    bastion = "node, bastion"
    return board("stakewatch-hostsupervisor", "10 Validator supervisor", "What the eth-staking "
                 "validator supervisor does and what it leaves: by supervisor_exporter. Empty "
                 "without one.", [
        stat("Unlocked", "Locked it has no root key, and starts no validator.",
             [(lowest("unlocked"), "{{node}}")], "none", high=1, maps=YES_IS_GOOD,
             none=NO_SUPERVISOR, alerts=("SupervisorLocked",)),
        stat("Validator is meant to run", "What the RPC calls validator_running: it stays so without "
             "a process.", [(lowest("validator_supervised"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none=NO_SUPERVISOR, alerts=("NotValidating",)),
        stat("Validator's process", "Whether there is one, by /proc.", [(lowest("validator_process_up"), "{{node}}")],
             "none", high=1, maps=YES_IS_GOOD, none=NO_SUPERVISOR_HOST,
             alerts=("ValidatorProcessMissing", "ProcessFlapping")),
        stat("Beacon node in use", "By the RPC, which does not see a silent link.",
             [(lowest("beacon_connected"), "{{node}}")], "none", high=1, maps=YES_IS_GOOD,
             none=NO_SUPERVISOR, alerts=("NotValidating",)),
        stat("Daemon", "Whether it runs, by /proc.", [(lowest("daemon_up"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none=NO_SUPERVISOR_HOST, alerts=("DaemonDown",)),
        stat("RPC", "How the last question ended; busy is no answer in time.",
             [(f"sum by (node) ({rpc})", "{{node}}")], "none", high=len(RPC_RESULTS) - 1,
             maps=state_names(RPC_RESULTS), none=NO_SUPERVISOR, alerts=("RpcDown", "SupervisorBusy")),
        timeline("Tunnels", "Whether there is an ssh process to each bastion.",
                 [(lowest("tunnel_process_up", bastion), "{{node}} {{bastion}}")], YES_IS_GOOD,
                 size=(12, 6), none=NO_SUPERVISOR_HOST, alerts=("TunnelDown", "AllTunnelsDown")),
        timeline("Forwards", "Whether anything was answered through each forward. With a process and "
                 "no answer the tunnel is half open.",
                 [(lowest("forward_up", "node, bastion, service"), "{{node}} {{bastion}} {{service}}")],
                 YES_IS_GOOD, size=(12, 6), none=NO_SUPERVISOR_HOST, alerts=("TunnelHalfOpen",)),
        timeline("Validator and log collectors", "Whether their processes run.",
                 [(lowest("validator_process_up"), "{{node}} validator"),
                  (lowest("log_shipper_process_up", bastion), "{{node}} logs to {{bastion}}")],
                 YES_IS_GOOD, size=(12, 6), none=NO_SUPERVISOR_HOST,
                 alerts=("ValidatorProcessMissing", "LogShipperDown")),
        graph("Time of an answer", "Of the RPC, and through the forwards.",
              [(highest("rpc_duration_seconds"), "{{node}} RPC"),
               (highest("forward_duration_seconds", "node, bastion, service"),
                "{{node}} {{bastion}} {{service}}")], "s", size=(12, 6), none=NO_SUPERVISOR),
        graph("Events", "What supervisor.log said, in an hour: losses, ends, starts.",
              [(f'sum by (node, event) (increase({name}events_total{{event=~"{EVENTS}",{of}}}[1h]))'
                " > 0", "{{node}} {{event}}")], "none", columns=True, none="nothing happened",
              alerts=("BackupUploadFailed",)),
        table("Last upload", "Of a backup to each bastion: 1 is good, by supervisor.log.",
              lowest("backup_last_upload_success", "node, instance, bastion"),
              {"node": "node", "instance": "instance", "bastion": "bastion", "Value": "good"},
              high=1, steps=falling(1), none="no upload seen", alerts=("BackupUploadFailed",)),
        stat("Backup's age", "Of the newest that is not empty. One is made at a stop alone, so age is "
             "no fault by itself.", [(f"time() - max by (node, location) ({name}backup_timestamp_seconds"
                                      f"{{{of}}})", "{{node}} {{location}}")], "s",
             none=NO_SUPERVISOR_HOST, alerts=("BackupStale",)),
        stat("Backup's size", "Of the newest that is not empty.",
             [(highest("backup_size_bytes", "node, location"), "{{node}} {{location}}")], "bytes",
             none=NO_SUPERVISOR_HOST, alerts=("BackupShrunk",)),
        stat("Backups", "Files that are not empty.",
             [(f"min by (node, location) ({name}backup_files{{{of}}} - {name}backup_empty_files{{{of}}})",
               "{{node}} {{location}}")], "none", steps=falling(1), none=NO_SUPERVISOR_HOST,
             alerts=("BackupStale",)),
        stat("Log's size", "Of supervisor.log, which the daemon never rotates.",
             [(f'max by (node) ({name}log_size_bytes{{log="supervisor",{of}}})', "{{node}}")],
             "bytes", none=NO_SUPERVISOR_HOST),
        stat("Keys exported", "In each slashing-protection file.",
             [(highest("interchange_keys", "node, file"), "{{node}} {{file}}")], "none",
             none=NO_INTERCHANGE),
        stat("Highest signed epoch", "Of the attestations in each exported file, as old as its making.",
             [(f'max by (node, file) ({name}interchange_signed_target_epoch{{end="highest",{of}}})',
               "{{node}} {{file}}")], "none", none=NO_INTERCHANGE),
        stat("Folders with passwords", "In shared memory: one while the daemon runs.",
             [(highest("tmpfs_folders"), "{{node}}")], "none", steps=rising(orange=2),
             none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("Root key on disk", "Written at a graceful exit.",
             [(highest("root_key_file_present"), "{{node}}")], "none", high=1, maps=YES_IS_BAD,
             none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("Data encrypted", "Whether all devices below the data folder are dm-crypt's. Empty where "
             "the kernel does not say.", [(lowest("data_encrypted"), "{{node}}")], "none", high=1,
             maps=YES_IS_GOOD, none="not known", alerts=("KeyMaterialExposed",)),
        stat("Swap", "It has to be off, for keys in memory.", [(highest("swap_bytes"), "{{node}}")], "bytes",
             steps=rising(orange=1), none=NO_SUPERVISOR_HOST, alerts=("KeyMaterialExposed",)),
        stat("RPC's socket", "Whether every user of the host may connect to it; the key is asked for "
             "all the same.", [(highest("rpc_socket_world_writable"), "{{node}}")], "none", high=1,
             maps=YES_IS_BAD, none="no socket"),
        stat("Ports open to others", "Of --supervisor.reverse-port: sockets that listen on more than "
             "loopback.", [(highest("exposed_listeners", "node, port"), "{{node}} {{port}}")], "none",
             steps=rising(orange=1), none="no --supervisor.reverse-port",
             alerts=("KeyMaterialExposed",)),
    ], variables=(NODE,), annotations=MARKS)


CONDITIONS = {"running": GREEN, "bootstrapping": BLUE, "failing": ORANGE, "hung": RED, "dead": RED}
NO_JORMUNGANDR = "no jormungandr_exporter"


def jormungandr():
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
                "{{instance}} missed, {{epoch}}")], "none", **none, alerts=("SlotMissed",)),
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


def runbooks():
    """The pages under docs/runbooks/, so that a link works at 3 a.m. with nothing but Grafana."""
    pages = sorted(RUNBOOKS.glob("*.md"))
    return board("stakewatch-runbooks", "8 Runbooks", "What each alert means and what to do: the "
                 "pages of docs/runbooks/.",
                 [text(page.stem, page.read_text(), size=(24, 22), panel_id=runbook_id(page.stem))
                  for page in pages], refresh="", since="now-1h")


BOARDS = {"1-can-i-sleep": can_i_sleep, "2-validators": validators, "3-pair": pair,
          "4-peers": peers, "5-host": host, "6-logs": logs, "7-monitoring": monitoring,
          "8-runbooks": runbooks, "9-supervisor": supervisor,
           "10-validator-supervisor": validator_supervisor, "11-jormungandr": jormungandr}


def runbook_panels():
    """By which a message links to the runbook of its alert: a template of Alertmanager."""
    cases = [f'if eq . "{path.stem}" }}}}?viewPanel=panel-{runbook_id(path.stem)}\n'
             for path in sorted(RUNBOOKS.glob("*.md"))]
    return ("{{/* The panels of board 8 by their alerts; made by scripts/dashboards.py. */}}\n"
            '{{ define "stakewatch.panel" }}{{ ' + "{{- else ".join(cases)
            + "{{- end }}{{ end }}\n")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dashboards"
    template = folder if len(sys.argv) > 1 else ROOT / "prometheus/alertmanager"
    (template / "runbooks.tmpl").write_text(runbook_panels())
    for name, make in BOARDS.items():
        (folder / f"{name}.json").write_text(json.dumps(make(), indent=2) + "\n")


if __name__ == "__main__":
    main()
