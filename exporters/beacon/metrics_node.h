#pragma once
// What the sources that ask a beacon node in each scrape tell of the node itself. Words are those
// of the Beacon API.
#include "common/metrics.h"

namespace stakewatch::beacon {

// node: node/version, as /eth/v1 and /eth/v2 tell it.
inline constexpr auto kNodeInfo =
    Gauge("beaconapi_node_info", "1, with the client and version that node/version names.",
          "client", "version");
inline constexpr auto kNodeVersionNumber = Gauge(
    "beaconapi_node_version_number",
    "The client's version as a number to compare: 1000000 major + 1000 minor + patch.", "client");
inline constexpr auto kExecutionClientInfo =
    Gauge("beaconapi_execution_client_info",
          "1, with the execution client and version that the node reports (/eth/v2/node/version).",
          "client", "version");

// sync: node/syncing, node/health, and the clock.
inline constexpr auto kHeadSlot = Gauge("beaconapi_head_slot", "head_slot of node/syncing.");
inline constexpr auto kClockSlot =
    Gauge("beaconapi_clock_slot",
          "Slot that this exporter's clock says, from genesis time and length of a slot: not the "
          "node's word. Missing before genesis.");
inline constexpr auto kHeadLag =
    Gauge("beaconapi_head_lag_slots", "Clock slot less head slot, not below 0: the true lag.");
inline constexpr auto kSyncDistance =
    Gauge("beaconapi_sync_distance_slots",
          "sync_distance of node/syncing: the node's own word; 0 where its subtraction wrapped.");
inline constexpr auto kSyncing = Gauge("beaconapi_syncing", "is_syncing of node/syncing.");
inline constexpr auto kOptimistic =
    Gauge("beaconapi_optimistic",
          "is_optimistic of node/syncing: the head has not been verified by the execution client.");
inline constexpr auto kElOffline = Gauge(
    "beaconapi_el_offline",
    "el_offline of node/syncing. Prysm does not see an execution client die after the start.");
inline constexpr auto kHealthStatus =
    Gauge("beaconapi_health_status_code",
          "HTTP status of node/health: 200 ready, 206 syncing, 503 not initialized.");
inline constexpr auto kSyncSpeed =
    Gauge("beaconapi_sync_slots_per_second",
          "Slope of the head slot over the last scrapes while it lags; missing until there are "
          "enough.");
inline constexpr auto kSyncEta =
    Gauge("beaconapi_sync_eta_seconds",
          "Seconds until the head reaches the clock at that speed, the clock's own progress taken "
          "into account; missing while unknown.");

// peers: node/peer_count and node/peers.
inline constexpr auto kPeers =
    Gauge("beaconapi_peers",
          "Peers by state (connected, connecting, disconnected, disconnecting) of node/peer_count.",
          "state");
inline constexpr auto kPeersByDirection = Gauge(
    "beaconapi_peers_by_direction",
    "Connected peers by who opened the connection: inbound, outbound or unknown.", "direction");

// finality: states/head/finality_checkpoints.
inline constexpr auto kJustifiedEpoch =
    Gauge("beaconapi_current_justified_epoch", "Epoch of current_justified.");
inline constexpr auto kPreviousJustifiedEpoch =
    Gauge("beaconapi_previous_justified_epoch", "Epoch of previous_justified.");
inline constexpr auto kFinalizedEpoch = Gauge("beaconapi_finalized_epoch", "Epoch of finalized.");
inline constexpr auto kFinalityLag =
    Gauge("beaconapi_finality_lag_epochs",
          "Epoch of the clock less the finalized one, not below 0: 2 or 3 on a chain that "
          "finalizes.");

// network: beacon/genesis and config/spec.
inline constexpr auto kNetworkInfo =
    Gauge("beaconapi_network_info", "1, with CONFIG_NAME of config/spec.", "name");
inline constexpr auto kGenesisTimestamp =
    Gauge("beaconapi_genesis_timestamp_seconds", "genesis_time of beacon/genesis.");
inline constexpr auto kNetworkAsExpected =
    Gauge("beaconapi_network_as_expected",
          "1 if the genesis validators root is that of --beacon.network, 0 if not.");
inline constexpr auto kSlotDuration =
    Gauge("beaconapi_slot_duration_seconds", "Length of a slot by config/spec.");
inline constexpr auto kSlotsPerEpoch = Gauge("beaconapi_slots_per_epoch", "SLOTS_PER_EPOCH.");
inline constexpr auto kClockEpoch =
    Gauge("beaconapi_clock_epoch", "Epoch of the clock slot. Missing before genesis.");

// fork: the schedule of config/spec, against the clock.
inline constexpr auto kForkEpoch =
    Gauge("beaconapi_fork_epoch", "Epoch of each fork that has a date.", "fork");
inline constexpr auto kNextForkEpoch =
    Gauge("beaconapi_next_fork_epoch",
          "Epoch of the next fork of the schedule; missing when none has a date.", "fork");
inline constexpr auto kNextForkTimestamp = Gauge(
    "beaconapi_next_fork_timestamp_seconds", "When the next fork of the schedule begins.", "fork");
inline constexpr auto kNextBlobScheduleEpoch =
    Gauge("beaconapi_next_blob_schedule_epoch",
          "Epoch of the next change of the number of blobs (BLOB_SCHEDULE), if one has a date.");
inline constexpr auto kNextBlobScheduleTimestamp =
    Gauge("beaconapi_next_blob_schedule_timestamp_seconds", "When that change begins.");

// execution_link, and what the sources node and sync find out about it.
inline constexpr auto kExecutionLinkEvidence =
    Gauge("beaconapi_execution_link_broken",
          "1 where this piece of evidence speaks against the link to the execution client, 0 where "
          "it does not: client_gone (/eth/v2/node/version names none), optimistic, el_offline, "
          "heads_apart (eth_blockNumber is more than 4 blocks behind the payload), execution_down "
          "(--beacon.execution-url gives no answer). None of them is proof alone.",
          "evidence");
inline constexpr auto kHeadPayloadBlock =
    Gauge("beaconapi_head_payload_block_number",
          "block_number of the execution payload in the head block.");
inline constexpr auto kExecutionBlock = Gauge(
    "beaconapi_execution_block_number", "eth_blockNumber of the node at --beacon.execution-url.");

// participation: /prysm/v1/validators/head/participation, of Prysm alone.
inline constexpr auto kParticipation =
    Gauge("beaconapi_participation_ratio",
          "Share of the whole network's active stake that voted, as Prysm counts it: any "
          "attestation, target, and head (of the previous epoch alone).",
          "epoch", "vote");

inline constexpr auto kNodeMetrics =
    Table(kNodeInfo, kNodeVersionNumber, kExecutionClientInfo, kHeadSlot, kClockSlot, kHeadLag,
          kSyncDistance, kSyncing, kOptimistic, kElOffline, kHealthStatus, kSyncSpeed, kSyncEta,
          kPeers, kPeersByDirection, kJustifiedEpoch, kPreviousJustifiedEpoch, kFinalizedEpoch,
          kFinalityLag, kNetworkInfo, kGenesisTimestamp, kNetworkAsExpected, kSlotDuration,
          kSlotsPerEpoch, kClockEpoch, kForkEpoch, kNextForkEpoch, kNextForkTimestamp,
          kNextBlobScheduleEpoch, kNextBlobScheduleTimestamp, kExecutionLinkEvidence,
          kHeadPayloadBlock, kExecutionBlock, kParticipation);

}  // namespace stakewatch::beacon
