#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of Jormungandr's REST
// API; amounts are in the chain's smallest unit.
#include "common/metrics.h"

namespace stakewatch::jormungandr {

// stats: /api/v0/node/stats.
inline constexpr auto kCondition = Gauge(
    "jormungandr_condition",
    "1 for how the node answers, 0 for the others: running, bootstrapping (or not yet there), "
    "failing (it answers, but no statistics), hung (no answer in time) or dead.",
    "condition");
inline constexpr auto kState =
    Gauge("jormungandr_state",
          "1 for the state that the node says it is in, 0 for the others; missing for versions "
          "before 0.7, which say none.",
          "state");
inline constexpr auto kInfo = Gauge("jormungandr_info", "1, with the node's version.", "version");
inline constexpr auto kUptime =
    Gauge("jormungandr_uptime_seconds", "Since the node has bootstrapped.");
inline constexpr auto kStartTime =
    Gauge("jormungandr_start_time_seconds",
          "When the node had bootstrapped, in Unix time: now less its uptime.");
inline constexpr auto kTipHeight = Gauge("jormungandr_tip_height", "Chain length at its tip.");
inline constexpr auto kTipEpoch = Gauge("jormungandr_tip_epoch", "Epoch of its tip.");
inline constexpr auto kTipSlot = Gauge("jormungandr_tip_slot", "Slot of its tip in the epoch.");
inline constexpr auto kTipTimestamp =
    Gauge("jormungandr_tip_timestamp_seconds",
          "Time of its tip as the node says. It may move while the height stands still.");
inline constexpr auto kTipTransactions =
    Gauge("jormungandr_tip_block_transactions", "Transactions in the block at the tip.");
inline constexpr auto kTipFees =
    Gauge("jormungandr_tip_block_fees", "Fees of the block at the tip.");
inline constexpr auto kTipInput =
    Gauge("jormungandr_tip_block_input", "Sum of the inputs of the block at the tip.");
inline constexpr auto kTipContentBytes =
    Gauge("jormungandr_tip_block_content_bytes", "Size of the content of the block at the tip.");
inline constexpr auto kBlockUsage =
    Gauge("jormungandr_block_content_usage_ratio",
          "How full blocks are, a running average that the node keeps.");
inline constexpr auto kPeers =
    Gauge("jormungandr_peers",
          "Peers by state: connected, available, quarantined, unreachable, total. Those that the "
          "version does not tell are missing.",
          "state");
inline constexpr auto kBlocksReceived =
    Counter("jormungandr_blocks_received_total", "Blocks from peers, the node's own not counted.");
inline constexpr auto kFragmentsReceived =
    Counter("jormungandr_fragments_received_total", "Fragments that the node received.");
inline constexpr auto kFragmentsRejected =
    Counter("jormungandr_fragments_rejected_total", "Fragments that the node rejected.");
inline constexpr auto kVotesCast = Counter("jormungandr_votes_cast_total", "Votes that were cast.");
inline constexpr auto kMempoolUsage =
    Gauge("jormungandr_mempool_usage_ratio", "How full the mempool is.");
inline constexpr auto kMempoolBytes = Gauge("jormungandr_mempool_bytes", "Size of the mempool.");
inline constexpr auto kMempoolTransactions =
    Gauge("jormungandr_mempool_transactions", "Transactions in the mempool.");

// settings: /api/v0/settings.
inline constexpr auto kChainInfo =
    Gauge("jormungandr_chain_info", "1, with the consensus and the hash of block 0.", "consensus",
          "block0");
inline constexpr auto kBlock0AsExpected =
    Gauge("jormungandr_block0_as_expected",
          "1 if block 0 is that of --jormungandr.block0, 0 if not; missing without the flag.");
inline constexpr auto kBlock0Timestamp =
    Gauge("jormungandr_block0_timestamp_seconds", "Time of block 0.");
inline constexpr auto kSlotDuration =
    Gauge("jormungandr_slot_duration_seconds", "Length of a slot.");
inline constexpr auto kSlotsPerEpoch = Gauge("jormungandr_slots_per_epoch", "Slots of an epoch.");
inline constexpr auto kClockEpoch =
    Gauge("jormungandr_clock_epoch", "Epoch that it is by our clock; missing before block 0.");
inline constexpr auto kClockSlot =
    Gauge("jormungandr_clock_slot", "Slot of the epoch that it is by our clock.");
inline constexpr auto kEpochProgress =
    Gauge("jormungandr_epoch_progress_ratio", "How much of the epoch is over, by our clock.");
inline constexpr auto kSlotProgress =
    Gauge("jormungandr_slot_progress_ratio", "How much of the slot is over, by our clock.");

// network: /api/v0/network/stats.
inline constexpr auto kPeerLastBlock =
    Gauge("jormungandr_peer_last_block_timestamp_seconds", "When a peer last sent a block.");
inline constexpr auto kPeerLastFragment =
    Gauge("jormungandr_peer_last_fragment_timestamp_seconds", "When a peer last sent a fragment.");
inline constexpr auto kPeerLastGossip =
    Gauge("jormungandr_peer_last_gossip_timestamp_seconds", "When a peer last sent gossip.");

// leader_logs: /api/v0/leaders/logs.
inline constexpr auto kLeaderEvents =
    Counter("jormungandr_leader_events_total",
            "Slots of the node's leaders that were seen to end since the exporter started, each "
            "once: block (reason none) or rejected.",
            "status", "reason");
inline constexpr auto kLeaderLogEntries =
    Gauge("jormungandr_leader_log_entries", "Entries of the leader log, which a restart empties.");
inline constexpr auto kEpochSlotsAssigned =
    Gauge("jormungandr_epoch_slots_assigned",
          "Slots of the node's leaders in the leader log, of the current and the previous epoch.",
          "epoch");
inline constexpr auto kEpochSlotsMissed =
    Gauge("jormungandr_epoch_slots_missed",
          "Those of them that were rejected, or pend since more than two slots.", "epoch");
inline constexpr auto kEpochBlocksMade =
    Gauge("jormungandr_epoch_blocks_made", "Those of them that became a block.", "epoch");
inline constexpr auto kLeaderSlotsPending =
    Gauge("jormungandr_leader_slots_pending",
          "Slots to come; missing when the log knows of none, as always from 0.9.2 on.");
inline constexpr auto kLeaderNextSlot =
    Gauge("jormungandr_leader_next_slot_timestamp_seconds",
          "When the next of them begins; missing when the log knows of none.");

// leaders: /api/v0/leaders.
inline constexpr auto kLeaders =
    Gauge("jormungandr_leaders",
          "Leaders that are registered with the node; missing from 0.13 on, which does not tell.");

// fragments: /api/v0/fragment/logs.
inline constexpr auto kFragmentLogEntries =
    Gauge("jormungandr_fragment_log_entries",
          "Entries of the fragment log: pending, in_a_block, rejected, other.", "status");

// pools: /api/v0/stake_pool/….
inline constexpr auto kPoolKnown =
    Gauge("jormungandr_pool_known", "1 if the chain has the pool, 0 if not.", "pool");
inline constexpr auto kPoolStake =
    Gauge("jormungandr_pool_stake", "Stake that is delegated to the pool.", "pool");
inline constexpr auto kPoolRewardsEpoch =
    Gauge("jormungandr_pool_rewards_epoch", "Epoch of the pool's last rewards.", "pool");
inline constexpr auto kPoolRewardsTaxed =
    Gauge("jormungandr_pool_rewards_taxed", "Of the last rewards, what the pool took.", "pool");
inline constexpr auto kPoolRewardsForStakers = Gauge(
    "jormungandr_pool_rewards_for_stakers", "Of the last rewards, what the stakers got.", "pool");

// accounts: /api/v0/account/….
inline constexpr auto kAccountKnown =
    Gauge("jormungandr_account_known", "1 if the chain has the account, 0 if not.", "account");
inline constexpr auto kAccountValue =
    Gauge("jormungandr_account_value", "What is on the account.", "account");
inline constexpr auto kAccountSpentTransactions =
    Gauge("jormungandr_account_spent_transactions",
          "Transactions that spent from the account, over all of its lanes.", "account");
inline constexpr auto kAccountLastReward =
    Gauge("jormungandr_account_last_reward", "The account's last reward.", "account");
inline constexpr auto kAccountLastRewardEpoch =
    Gauge("jormungandr_account_last_reward_epoch", "Epoch of that reward.", "account");

// rewards: /api/v0/rewards/remaining.
inline constexpr auto kRewardsRemaining =
    Gauge("jormungandr_rewards_remaining", "What is left to be paid as rewards.");

// reference: the chain of other nodes (--jormungandr.reference).
inline constexpr auto kReferenceUp = Gauge(
    "jormungandr_reference_up", "1 if the reference told its tip in this scrape.", "reference");
inline constexpr auto kReferenceTipHeight =
    Gauge("jormungandr_reference_tip_height", "Chain length at the reference's tip.", "reference");
inline constexpr auto kTipOnReferenceChain =
    Gauge("jormungandr_tip_on_reference_chain",
          "1 if the reference has our tip, or the newest of its ancestors that is not above the "
          "reference's own; 0 if it lacked it in three scrapes; missing while that is not known.",
          "reference");
inline constexpr auto kReferenceComparedHeight =
    Gauge("jormungandr_reference_compared_height",
          "Height of the block of ours that the reference was asked for.", "reference");
inline constexpr auto kReferenceAgreement =
    Gauge("jormungandr_reference_agreement_ratio",
          "Of the references of which it is known, the part that is on our chain.");

// external_tip: a job (--jormungandr.external-tip-url).
inline constexpr auto kExternalTipHeight =
    Gauge("jormungandr_external_tip_height",
          "Height that the external source told last, of a job: see its last success. Missing when "
          "that is older than five of its intervals.",
          "source");
inline constexpr auto kExternalTipLastSuccess =
    Gauge("jormungandr_external_tip_last_success_timestamp_seconds",
          "When the external source last told a height.");
inline constexpr auto kExternalTipDuration =
    Gauge("jormungandr_external_tip_duration_seconds", "How long it took to tell that.");
inline constexpr auto kExternalTipFailures =
    Counter("jormungandr_external_tip_failures_total", "Times that it told none.");

inline constexpr auto kStatsMetrics =
    Table(kCondition, kState, kInfo, kUptime, kStartTime, kTipHeight, kTipEpoch, kTipSlot,
          kTipTimestamp, kTipTransactions, kTipFees, kTipInput, kTipContentBytes, kBlockUsage,
          kPeers, kBlocksReceived, kFragmentsReceived, kFragmentsRejected, kVotesCast,
          kMempoolUsage, kMempoolBytes, kMempoolTransactions);
inline constexpr auto kChainMetrics = Table(
    kChainInfo, kBlock0AsExpected, kBlock0Timestamp, kSlotDuration, kSlotsPerEpoch, kClockEpoch,
    kClockSlot, kEpochProgress, kSlotProgress, kPeerLastBlock, kPeerLastFragment, kPeerLastGossip);
inline constexpr auto kLeaderMetrics =
    Table(kLeaderEvents, kLeaderLogEntries, kEpochSlotsAssigned, kEpochSlotsMissed,
          kEpochBlocksMade, kLeaderSlotsPending, kLeaderNextSlot, kLeaders, kFragmentLogEntries);
inline constexpr auto kLedgerMetrics =
    Table(kPoolKnown, kPoolStake, kPoolRewardsEpoch, kPoolRewardsTaxed, kPoolRewardsForStakers,
          kAccountKnown, kAccountValue, kAccountSpentTransactions, kAccountLastReward,
          kAccountLastRewardEpoch, kRewardsRemaining);
inline constexpr auto kComparedMetrics =
    Table(kReferenceUp, kReferenceTipHeight, kTipOnReferenceChain, kReferenceComparedHeight,
          kReferenceAgreement, kExternalTipHeight, kExternalTipLastSuccess, kExternalTipDuration,
          kExternalTipFailures);
inline constexpr auto kMetrics =
    Join(kStatsMetrics, kChainMetrics, kLeaderMetrics, kLedgerMetrics, kComparedMetrics);

}  // namespace stakewatch::jormungandr
