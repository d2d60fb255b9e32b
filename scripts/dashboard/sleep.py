"""Board 1, Can I sleep? What is wrong now, by its cause, and what comes next."""
from dashboard.grafana import GREEN, ORANGE, board, falling, graph, rising, stat, states, timeline
from dashboard.shared import (CAUSES, CAUSE_ALERTS, CAUSE_STATES, CLOCK_OFF, DAY, DISK_ABOUT,
                              DISK_FULL_IN, DISK_STEPS, GROUP, LASTS, MARKS, MINUTE, NODE,
                              NODE_CAUSE, NO_VALIDATORS, NO_VALIDATORS_ABOUT, YEAR, firing)


def counted(severity, colour):
    return [(f'count(ALERTS{{alertstate="firing",severity="{severity}",node=~"$node"}}) or vector(0)',
             "")], rising(**{colour: 1})


def make():
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
