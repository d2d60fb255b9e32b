#pragma once
// What is told of the operator's own validators (--validators-file), by group and, up to a limit,
// by key.
#include "common/metrics.h"

namespace stakewatch::beacon {

// validators: states/head/validators with our ids.
inline constexpr auto kValidatorsConfigured =
    Gauge("beaconapi_validators_configured", "Lines of --validators-file.", "group");
inline constexpr auto kValidatorsDuplicate =
    Gauge("beaconapi_validators_duplicate",
          "Lines that name by index what another names by key; they count in …_configured alone.");
inline constexpr auto kValidatorsUnknown = Gauge(
    "beaconapi_validators_unknown", "Keys of the file that the chain does not know.", "group");
inline constexpr auto kOwnValidators = Gauge(
    "beaconapi_validators", "Validators by status, in the Beacon API's words.", "group", "status");
inline constexpr auto kValidatorsSlashed =
    Gauge("beaconapi_validators_slashed", "Validators that have been slashed.", "group");
inline constexpr auto kValidatorsBalance =
    Gauge("beaconapi_validators_balance_gwei", "Sum of the balances, in gwei.", "group");
inline constexpr auto kValidatorsEffectiveBalance =
    Gauge("beaconapi_validators_effective_balance_gwei", "Sum of the effective balances, in gwei.",
          "group");
inline constexpr auto kValidatorActive =
    Gauge("beaconapi_validator_active",
          "1 while the validator's status is active_…. The label validator is its index, or 0x and "
          "the first 12 digits of its key while the chain does not know it (then this is 0); the "
          "file's first keys come first.",
          "validator", "group");
inline constexpr auto kValidatorSlashed = Gauge(
    "beaconapi_validator_slashed", "1 if the validator has been slashed.", "validator", "group");
inline constexpr auto kValidatorBalance = Gauge(
    "beaconapi_validator_balance_gwei", "Balance of the validator, in gwei.", "validator", "group");
inline constexpr auto kValidatorEffectiveBalance =
    Gauge("beaconapi_validator_effective_balance_gwei", "Effective balance, in gwei.", "validator",
          "group");
inline constexpr auto kValidatorMissedInARow =
    Gauge("beaconapi_validator_attestations_missed_in_a_row",
          "Epochs in a row, up to the last judged one, in which the validator's attestation was "
          "missed.",
          "validator", "group");
inline constexpr auto kValidatorsTruncated =
    Gauge("beaconapi_validator_truncated",
          "Validators left out of the series by validator (--validators.per-key-limit).");
inline constexpr auto kValidatorsFileTimestamp =
    Gauge("beaconapi_validators_file_timestamp_seconds",
          "When the --validators-file in use was changed.");
inline constexpr auto kValidatorsFileFailed =
    Gauge("beaconapi_validators_file_failed",
          "1 while a changed --validators-file cannot be read and the last good one is in use.");

// duties: a job, once an epoch, for the epoch two before the clock's. What it judged is told until
// four epochs later, its age by …_last_success_timestamp_seconds.
inline constexpr auto kDutiesEpoch =
    Gauge("beaconapi_duties_judged_epoch", "The last epoch whose duties have been judged.");
inline constexpr auto kDutiesLastSuccess =
    Gauge("beaconapi_duties_last_success_timestamp_seconds",
          "When that was. It grows old while the node is not synced, since then it is not asked.");
inline constexpr auto kDutiesDuration =
    Gauge("beaconapi_duties_duration_seconds", "How long it took.");
inline constexpr auto kDutiesRequests =
    Gauge("beaconapi_duties_requests",
          "Requests that it took; with those for other epochs that were caught up with at once.");
inline constexpr auto kDutiesFailures =
    Counter("beaconapi_duties_failures_total",
            "Times that duties could not be judged, though the node was synced.");
inline constexpr auto kAttestations =
    Gauge("beaconapi_attestations",
          "Attestations that were due in the judged epoch: one for each validator that was active "
          "and not slashed.",
          "group");
inline constexpr auto kAttestationsMissed =
    Gauge("beaconapi_attestations_missed",
          "Those of them whose target vote was penalized, by rewards/attestations: not included in "
          "time, or for another chain.",
          "group");
inline constexpr auto kAttestationsTotal =
    Counter("beaconapi_attestations_total", "Attestations due, over all judged epochs.", "group");
inline constexpr auto kAttestationsMissedTotal = Counter(
    "beaconapi_attestations_missed_total", "Attestations missed, over all judged epochs.", "group");
inline constexpr auto kAttestationVotesMissed =
    Gauge("beaconapi_attestation_votes_missed",
          "Attestations of the judged epoch without this vote in time: source, target (penalized) "
          "or head (without reward). In an inactivity leak a head reward of 0 means nothing, and "
          "head is missing.",
          "group", "vote");
inline constexpr auto kMissedInARowMax =
    Gauge("beaconapi_attestations_missed_in_a_row_max",
          "The most epochs in a row, up to the judged one, that a validator of the group has "
          "missed. Epochs that could not be judged end a row.",
          "group");
inline constexpr auto kValidatorsMissing2 =
    Gauge("beaconapi_validators_missing_2_epochs",
          "Validators that missed at least the last two judged epochs.", "group");
inline constexpr auto kValidatorsMissing3 =
    Gauge("beaconapi_validators_missing_3_epochs",
          "Validators that missed at least the last three judged epochs.", "group");
inline constexpr auto kInactivityLeak =
    Gauge("beaconapi_inactivity_leak",
          "1 if the judged epoch was in an inactivity leak: finality more than 4 epochs behind "
          "(MIN_EPOCHS_TO_INACTIVITY_PENALTY), or no vote could bring anything.");
inline constexpr auto kAttestationRewards =
    Gauge("beaconapi_attestation_rewards_gwei",
          "Sum of the rewards, penalties negative, of the judged epoch by vote: source, target, "
          "head, inactivity.",
          "group", "vote");
inline constexpr auto kAttestationRewardsIdeal =
    Gauge("beaconapi_attestation_rewards_ideal_gwei",
          "What perfect attestations would have brought.", "group", "vote");
inline constexpr auto kSyncCommitteeSampledBlocks =
    Gauge("beaconapi_sync_committee_sampled_blocks",
          "Blocks of the judged epoch that the three below are about: at most 4, since each costs "
          "the node a replayed state. Missing while no own validator is in the committee.");
inline constexpr auto kSyncCommitteeParticipation =
    Gauge("beaconapi_sync_committee_participation_ratio",
          "Share of the signatures of the group's members that the sampled blocks have.", "group");
inline constexpr auto kSyncCommitteeNetworkParticipation =
    Gauge("beaconapi_sync_committee_network_participation_ratio",
          "The same of the whole committee, in the same blocks.");
inline constexpr auto kSyncCommitteeRewards =
    Gauge("beaconapi_sync_committee_rewards_gwei",
          "Sum of the group's rewards of the sampled blocks, penalties negative.", "group");

// schedule: a job, at the beginning of each epoch, two slots after each own proposal, and at two
// thirds of the epoch.
inline constexpr auto kScheduleEpoch =
    Gauge("beaconapi_schedule_epoch", "The epoch whose duties were last asked for.");
inline constexpr auto kScheduleLastSuccess =
    Gauge("beaconapi_schedule_last_success_timestamp_seconds",
          "When that was. It grows old while the node is not synced, since then it is not asked.");
inline constexpr auto kScheduleRequests =
    Gauge("beaconapi_schedule_requests", "Requests of the schedule since that epoch's first.");
inline constexpr auto kScheduleFailures =
    Counter("beaconapi_schedule_failures_total",
            "Times that the schedule could not be had, though the node was synced.");
inline constexpr auto kProposalsScheduled = Gauge(
    "beaconapi_proposals_scheduled", "Proposals to come in this epoch and the next.", "group");
inline constexpr auto kNextProposal =
    Gauge("beaconapi_next_proposal_timestamp_seconds", "When the next of them is due.", "group");
inline constexpr auto kProposalsMade =
    Counter("beaconapi_proposals_made_total",
            "Own proposals, since the exporter began, whose block is on the chain.", "group");
inline constexpr auto kProposalsMissed =
    Counter("beaconapi_proposals_missed_total",
            "Own proposals, since the exporter began, whose slot is empty: judged two slots later.",
            "group");
inline constexpr auto kProposalsMissedRecently =
    Gauge("beaconapi_proposals_missed",
          "Own proposals missed in the current epoch and the two before, those before the exporter "
          "began included.",
          "group");
inline constexpr auto kFeeRecipientWrong =
    Counter("beaconapi_fee_recipient_unexpected_total",
            "Own blocks that pay another address than --validators.fee-recipients.", "group");
inline constexpr auto kSyncCommitteeMembers = Gauge(
    "beaconapi_sync_committee_members",
    "Validators in the sync committee, of the current or the next period.", "group", "period");
inline constexpr auto kValidatorsNotLive =
    Gauge("beaconapi_validators_not_live",
          "Validators not seen in the epoch before the head's, asked before the head's is over: an "
          "early warning that late blocks can belie.",
          "group");

// restart window: what is due next.
inline constexpr auto kNextDuty =
    Gauge("beaconapi_next_duty_timestamp_seconds",
          "When the next duty of any own validator begins: attestation, proposal, sync_committee.",
          "duty");
inline constexpr auto kRestartFits =
    Gauge("beaconapi_restart_fits",
          "1 if a restart of --restart.takes, begun now, is over before the next duty of "
          "--restart.avoid; missing while the duties are not known.");
inline constexpr auto kRestartWindow =
    Gauge("beaconapi_restart_window_end_timestamp_seconds",
          "The next duty of --restart.avoid; missing when none is scheduled as far as is known.");

// keymanager: the validator client's own API.
inline constexpr auto kKeymanagerKeys =
    Gauge("beaconapi_keymanager_keys", "Keys that the validator client has loaded: local, remote.",
          "kind");
inline constexpr auto kValidatorClientInfo =
    Gauge("beaconapi_validator_client_info", "1, with the validator client and its version.",
          "client", "version");

inline constexpr auto kValidatorMetrics = Table(
    kValidatorsConfigured, kValidatorsDuplicate, kValidatorsUnknown, kOwnValidators,
    kValidatorsSlashed, kValidatorsBalance, kValidatorsEffectiveBalance, kValidatorActive,
    kValidatorSlashed, kValidatorBalance, kValidatorEffectiveBalance, kValidatorMissedInARow,
    kValidatorsTruncated, kValidatorsFileTimestamp, kValidatorsFileFailed, kDutiesEpoch,
    kDutiesLastSuccess, kDutiesDuration, kDutiesRequests, kDutiesFailures, kAttestations,
    kAttestationsMissed, kAttestationsTotal, kAttestationsMissedTotal, kAttestationVotesMissed,
    kMissedInARowMax, kValidatorsMissing2, kValidatorsMissing3, kInactivityLeak,
    kAttestationRewards, kAttestationRewardsIdeal, kSyncCommitteeSampledBlocks,
    kSyncCommitteeParticipation, kSyncCommitteeNetworkParticipation, kSyncCommitteeRewards,
    kScheduleEpoch, kScheduleLastSuccess, kScheduleRequests, kScheduleFailures, kProposalsScheduled,
    kNextProposal, kProposalsMade, kProposalsMissed, kProposalsMissedRecently, kFeeRecipientWrong,
    kSyncCommitteeMembers, kValidatorsNotLive, kNextDuty, kRestartFits, kRestartWindow,
    kKeymanagerKeys, kValidatorClientInfo);

}  // namespace stakewatch::beacon
