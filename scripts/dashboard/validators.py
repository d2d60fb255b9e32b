"""Board 2, Validators against the network."""
from dashboard.grafana import (GREEN, ORANGE, YES_IS_BAD, board, by_column, falling, graph, rising,
                               row, stat, states, table)
from dashboard.shared import GROUP, HOUR, MARKS, NODE, NO_VALIDATORS, NO_VALIDATORS_ABOUT


def make():
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
