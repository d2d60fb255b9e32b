#pragma once
// Whether the own members of the sync committee sign: by the rewards of a few blocks of the epoch,
// since each costs the node a replayed state. Pure: answers come in as structs.
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/result.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/rewards.h"

namespace stakewatch::beacon {

inline constexpr std::uint64_t kSyncSamples = 4;      // Blocks of an epoch.
inline constexpr std::uint64_t kSyncRequestsMax = 8;  // Asked for, with those that do not exist.

// Of the sampled blocks of one epoch. A validator counts once in each block, however many places
// in the committee it has: it signs once.
struct SyncParticipation {
  struct Group {
    std::uint64_t due = 0;
    std::uint64_t made = 0;
    double rewards = 0;  // Gwei.
  };
  std::vector<Group> groups;
  Group network;  // The whole committee, its own members too.
  std::uint64_t blocks = 0;

  // A reward below 0 is a signature that the block lacks.
  void Add(const std::vector<SyncCommitteeReward>& committee, const OwnIndices& own);
};

// The slots to ask about, the best spread ones first: `count` of an epoch's.
std::vector<std::uint64_t> SampledSlots(std::uint64_t first_slot, std::uint64_t slots_per_epoch,
                                        std::uint64_t count);

// At most kSyncRequestsMax requests. A slot without a block (404) is passed over.
Result<SyncParticipation> AskSyncParticipation(const Client& client, const Deadline& deadline,
                                               const Chain& chain, std::uint64_t epoch,
                                               const OwnIndices& own, std::size_t group_count);

}  // namespace stakewatch::beacon
