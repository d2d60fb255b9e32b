#include "exporters/beacon/sync_committee.h"

#include <algorithm>
#include <map>

namespace stakewatch::beacon {

void SyncParticipation::Add(const std::vector<SyncCommitteeReward>& committee,
                            const OwnIndices& own) {
  // Some clients have an entry for each place.
  std::map<std::uint64_t, double> by_index;
  for (const auto& [index, reward] : committee) by_index[index] += static_cast<double>(reward);
  const auto count = [](Group& group, double reward) {
    ++group.due;
    group.made += reward < 0 ? 0 : 1;
    group.rewards += reward;
  };
  for (const auto& [index, reward] : by_index) {
    count(network, reward);
    if (const OwnIndex* one = FindIndex(own, index)) count(groups[one->group], reward);
  }
  ++blocks;
}

std::vector<std::uint64_t> SampledSlots(std::uint64_t first_slot, std::uint64_t slots_per_epoch,
                                        std::uint64_t count) {
  count = std::min(count, slots_per_epoch);
  std::vector<std::uint64_t> slots;
  // Each second one first, so that the samples lie apart even when half of them is enough.
  for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1}}) {
    for (std::uint64_t i = start; i < count; i += 2) {
      slots.push_back(first_slot + i * slots_per_epoch / count);
    }
  }
  return slots;
}

Result<SyncParticipation> AskSyncParticipation(const Client& client, const Deadline& deadline,
                                               const Chain& chain, std::uint64_t epoch,
                                               const OwnIndices& own, std::size_t group_count) {
  SyncParticipation participation;
  participation.groups.resize(group_count);
  const auto slots =
      SampledSlots(chain.FirstSlotOf(epoch), chain.spec->slots_per_epoch, kSyncRequestsMax);
  for (const std::uint64_t slot : slots) {
    if (participation.blocks == kSyncSamples) break;
    const auto rewards =
        client.Ask({Call::kRewardsSyncCommittee, slot}, deadline, ParseSyncCommitteeRewards);
    if (rewards) {
      participation.Add(*rewards, own);
    } else if (!HasStatus(rewards.error(), 404)) {
      return std::unexpected(rewards.error());
    }
  }
  return participation;
}

}  // namespace stakewatch::beacon
