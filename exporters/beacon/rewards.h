#pragma once
// What the node says an epoch's duties brought: rewards/attestations and rewards/sync_committee.
// Both make it replay states: asked once per epoch, by a job, of a synced node.
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace stakewatch::beacon {

// In gwei; penalties are below zero.
struct VoteRewards {
  std::int64_t source = 0;
  std::int64_t target = 0;
  std::int64_t head = 0;
  std::int64_t inactivity = 0;  // Not told by older clients.
};

struct AttestationReward {
  std::uint64_t validator_index = 0;
  VoteRewards got;
};

struct IdealReward {
  std::uint64_t effective_balance = 0;
  VoteRewards would_be;
};

struct AttestationRewards {
  std::vector<AttestationReward> total;
  std::vector<IdealReward> ideal;  // By effective balance: one for each that was asked about.
};

Result<AttestationRewards> ParseAttestationRewards(const std::string& answer);

struct SyncCommitteeReward {
  std::uint64_t validator_index = 0;
  std::int64_t reward = 0;  // Of all its places in the committee, or of one in each entry.
};

Result<std::vector<SyncCommitteeReward>> ParseSyncCommitteeRewards(const std::string& answer);

}  // namespace stakewatch::beacon
