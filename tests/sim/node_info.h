#pragma once
// The long objects: admin_nodeInfo and eth_syncing.
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/sim/chain.h"

namespace stakewatch::sim {

// What web3_clientVersion says for geth, besu, nethermind, erigon or reth; Geth's for others.
std::string_view VersionOf(std::string_view client);

struct Identity {
  std::string key;  // 128 hex digits.
  std::string id;   // 64 hex digits.
  std::string name;
  std::string head;  // The hash of its newest block.
};
std::string NodeInfoJson(const Network& network, const Identity& identity);

struct SyncProgress {
  std::uint64_t starting = 0, current = 0, highest = 0;  // All 0: never synced.
};
// With numbers of snap sync that grow with the blocks.
std::string SyncingJson(const SyncProgress& progress);

}  // namespace stakewatch::sim
