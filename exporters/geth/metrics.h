#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of Ethereum's
// JSON-RPC.
#include "common/metrics.h"

namespace stakewatch::geth {

// node: web3_clientVersion.
inline constexpr auto kNodeInfo =
    Gauge("geth_node_info", "1, with the client and version that web3_clientVersion names.",
          "client", "version");

// peers: admin_peers.
inline constexpr auto kPeers = Gauge("geth_peers", "Peers that admin_peers lists.");
inline constexpr auto kPeersByDirection =
    Gauge("geth_peers_by_direction", "Peers by who opened the connection: inbound or outbound.",
          "direction");
inline constexpr auto kPeersByClient = Gauge(
    "geth_peers_by_client", "Peers by client, of a fixed set of known ones, or other.", "client");
inline constexpr auto kPeersByClientVersion = Gauge(
    "geth_peers_by_client_version",
    "Peers by client and version, for the versions with the most peers.", "client", "version");
inline constexpr auto kPeersByClientVersionTruncated =
    Gauge("geth_peers_by_client_version_truncated",
          "Client versions left out of geth_peers_by_client_version.");
inline constexpr auto kPeersByProtocol =
    Gauge("geth_peers_by_protocol",
          "Peers by negotiated protocol and version; the version is handshake while it is being "
          "negotiated, unknown where the client does not tell it.",
          "protocol", "version");
inline constexpr auto kPeersStatic =
    Gauge("geth_peers_static", "Connected peers that the node was told to keep connected.");
inline constexpr auto kPeersTrusted =
    Gauge("geth_peers_trusted", "Connected peers that are let in above the limit of peers.");
inline constexpr auto kPeersSubnetMaxRatio =
    Gauge("geth_peers_subnet_max_ratio",
          "Share of the peers that are in the subnet with the most of them (IPv4 /16, IPv6 /48).");
inline constexpr auto kPeersWithBlockRange =
    Gauge("geth_peers_with_block_range", "Peers that tell which blocks they have (eth/69 on).");
inline constexpr auto kPeersLatestBlockLowest =
    Gauge("geth_peers_latest_block_lowest", "Lowest latestBlock that a peer tells.");
inline constexpr auto kPeersLatestBlockHighest =
    Gauge("geth_peers_latest_block_highest", "Highest latestBlock that a peer tells.");
inline constexpr auto kPeersEarliestBlockHighest =
    Gauge("geth_peers_earliest_block_highest",
          "Highest earliestBlock that a peer tells: above 0, that peer has pruned history.");
inline constexpr auto kExpectedPeers =
    Gauge("geth_expected_peers", "Peers named in --geth.expected-peers.");
inline constexpr auto kExpectedPeerConnected =
    Gauge("geth_expected_peer_connected",
          "1 if the peer named in --geth.expected-peers is connected, 0 if not.", "peer");
inline constexpr auto kExpectedPeersTruncated = Gauge(
    "geth_expected_peers_truncated", "Expected peers left out of geth_expected_peer_connected.");
inline constexpr auto kExpectedPeersFileFailed =
    Gauge("geth_expected_peers_file_failed",
          "1 while the changed file cannot be read and the last good one is in use.");

// head: eth_getBlockByNumber latest, safe, finalized.
inline constexpr auto kBlockNumber =
    Gauge("geth_block_number", "Number of the block with this tag.", "tag");
inline constexpr auto kBlockTimestamp =
    Gauge("geth_block_timestamp_seconds", "Timestamp of the block with this tag.", "tag");
inline constexpr auto kHeadBaseFee =
    Gauge("geth_head_base_fee_per_gas_wei", "baseFeePerGas of the latest block, in wei.");
inline constexpr auto kHeadGasUsed = Gauge("geth_head_gas_used", "gasUsed of the latest block.");
inline constexpr auto kHeadGasLimit = Gauge("geth_head_gas_limit", "gasLimit of the latest block.");
inline constexpr auto kHeadTransactions =
    Gauge("geth_head_transactions", "Transactions in the latest block.");
inline constexpr auto kHeadSize = Gauge("geth_head_size_bytes", "Size of the latest block.");
inline constexpr auto kHeadBlobGasUsed =
    Gauge("geth_head_blob_gas_used", "blobGasUsed of the latest block.");
inline constexpr auto kHeadExcessBlobGas =
    Gauge("geth_head_excess_blob_gas", "excessBlobGas of the latest block.");

// sync: eth_syncing.
inline constexpr auto kSyncing =
    Gauge("geth_syncing", "1 while eth_syncing says that the node syncs, 0 when it says false.");
inline constexpr auto kSyncCurrentBlock =
    Gauge("geth_sync_current_block", "currentBlock while syncing.");
inline constexpr auto kSyncHighestBlock =
    Gauge("geth_sync_highest_block", "highestBlock while syncing.");
inline constexpr auto kSyncStartingBlock =
    Gauge("geth_sync_starting_block", "startingBlock while syncing.");
inline constexpr auto kSyncProgress =
    Gauge("geth_sync_progress",
          "Other counts of eth_syncing, by its own field name: snap sync (synced…), healing "
          "(healed…, healing…), indexing (tx…, …Remaining).",
          "field");
inline constexpr auto kSyncSpeed =
    Gauge("geth_sync_blocks_per_second",
          "Slope of currentBlock over the last scrapes, missing until there are enough.");
inline constexpr auto kSyncEta =
    Gauge("geth_sync_eta_seconds",
          "Seconds until currentBlock reaches highestBlock at that speed, missing while unknown.");

// txpool: txpool_status.
inline constexpr auto kTxpoolPending =
    Gauge("geth_txpool_pending", "Transactions that can go into the next block.");
inline constexpr auto kTxpoolQueued =
    Gauge("geth_txpool_queued", "Transactions that wait for an earlier nonce.");

// network: eth_chainId, net_version, net_listening, net_peerCount, and the genesis block.
inline constexpr auto kChainId = Gauge("geth_chain_id", "What eth_chainId answers.");
inline constexpr auto kNetworkId = Gauge("geth_network_id", "What net_version answers.");
inline constexpr auto kListening =
    Gauge("geth_listening", "1 if the node listens for peers (net_listening).");
inline constexpr auto kNetPeers =
    Gauge("geth_net_peers", "What net_peerCount answers: peers, without the admin module.");
inline constexpr auto kNetworkExpected =
    Gauge("geth_network_as_expected",
          "1 if chain id and genesis block are those of --geth.network, 0 if not.");

// gas_price: eth_gasPrice.
inline constexpr auto kGasPrice = Gauge("geth_gas_price_wei", "What eth_gasPrice answers, in wei.");

// heads: eth_subscribe newHeads over WebSocket.
inline constexpr auto kHeadsConnected =
    Gauge("geth_heads_feed_connected", "1 while the newHeads subscription stands.");
inline constexpr auto kHeadsLastEvent =
    Gauge("geth_heads_last_event_timestamp_seconds", "When the last newHeads event came.");
inline constexpr auto kHeadsLastNumber =
    Gauge("geth_heads_last_block_number", "Number of the block in the last newHeads event.");
inline constexpr auto kHeadsSeen = Counter("geth_heads_seen_total", "newHeads events.");
inline constexpr auto kHeadsMissed =
    Counter("geth_heads_missed_total", "Blocks that came in no event: gaps between heads.");
inline constexpr auto kHeadsReconnects =
    Counter("geth_heads_feed_disconnects_total", "Times the subscription was lost or refused.");
inline constexpr auto kReorgs = Counter("geth_heads_reorgs_total", "Heads that replaced others.");
inline constexpr auto kReorgDepth =
    Histogram("geth_heads_reorg_depth_blocks", "Blocks that a reorganisation replaced.");
inline constexpr auto kHeadArrivalDelay =
    Histogram("geth_heads_arrival_delay_seconds",
              "From the block's timestamp (on mainnet the start of its slot) to its event.");

inline constexpr auto kMetrics = Table(
    kNodeInfo, kPeers, kPeersByDirection, kPeersByClient, kPeersByClientVersion,
    kPeersByClientVersionTruncated, kPeersByProtocol, kPeersStatic, kPeersTrusted,
    kPeersSubnetMaxRatio, kPeersWithBlockRange, kPeersLatestBlockLowest, kPeersLatestBlockHighest,
    kPeersEarliestBlockHighest, kExpectedPeers, kExpectedPeerConnected, kExpectedPeersTruncated,
    kExpectedPeersFileFailed, kBlockNumber, kBlockTimestamp, kHeadBaseFee, kHeadGasUsed,
    kHeadGasLimit, kHeadTransactions, kHeadSize, kHeadBlobGasUsed, kHeadExcessBlobGas, kSyncing,
    kSyncCurrentBlock, kSyncHighestBlock, kSyncStartingBlock, kSyncProgress, kSyncSpeed, kSyncEta,
    kTxpoolPending, kTxpoolQueued, kChainId, kNetworkId, kListening, kNetPeers, kNetworkExpected,
    kGasPrice, kHeadsConnected, kHeadsLastEvent, kHeadsLastNumber, kHeadsSeen, kHeadsMissed,
    kHeadsReconnects, kReorgs, kReorgDepth, kHeadArrivalDelay);

}  // namespace stakewatch::geth
