#pragma once
// Rewards in gwei by the formulas of the consensus specification (Altair and later), which give the
// recorded figures for 64 validators of 32 ETH.
#include <cstdint>

#include "tests/sim/beacon_chain.h"

namespace stakewatch::sim {

inline constexpr std::uint64_t kStake = 32'000'000'000;  // Gwei, of each validator that attests.

struct AttestationReward {
  std::int64_t head = 0, target = 0, source = 0, inactivity = 0;
};

// Of one who did all in time, and of a validator; as a chain with `head` knows it.
AttestationReward IdealReward(const BeaconChain& chain, std::uint64_t epoch, std::uint64_t head);
AttestationReward RewardOf(const BeaconChain& chain, std::uint64_t index, std::uint64_t epoch,
                           std::uint64_t head, const AttestationReward& ideal);

// For one place in the committee and one slot; as much is lost by not signing.
std::int64_t SyncReward(const BeaconChain& chain);

struct ProposerReward {
  std::int64_t attestations = 0, sync_aggregate = 0;
};
ProposerReward ProposerRewardOf(const BeaconChain& chain, std::uint64_t slot);

}  // namespace stakewatch::sim
