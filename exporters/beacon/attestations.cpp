#include "exporters/beacon/attestations.h"

#include <algorithm>
#include <utility>

namespace stakewatch::beacon {
namespace {

void AddTo(VoteSums& sums, const VoteRewards& rewards) {
  sums[0] += static_cast<double>(rewards.source);
  sums[1] += static_cast<double>(rewards.target);
  sums[2] += static_cast<double>(rewards.head);
  sums[3] += static_cast<double>(rewards.inactivity);
}

// Nothing to be had: a leak, as seen by the rewards.
bool AllIdealsAreZero(const AttestationRewards& rewards) {
  return !rewards.ideal.empty() && std::ranges::all_of(rewards.ideal, [](const IdealReward& ideal) {
    return ideal.would_be.source == 0 && ideal.would_be.target == 0 && ideal.would_be.head == 0;
  });
}

// By effective balance: some clients tell all there can be, 2,048 of them.
std::vector<IdealReward> Sorted(std::vector<IdealReward> ideal) {
  std::ranges::stable_sort(ideal, {}, &IdealReward::effective_balance);
  return ideal;
}

const VoteRewards* IdealOf(const std::vector<IdealReward>& sorted, std::uint64_t balance) {
  const auto at = std::ranges::lower_bound(sorted, balance, {}, &IdealReward::effective_balance);
  return at == sorted.end() || at->effective_balance != balance ? nullptr : &at->would_be;
}

// What each of `due` got, in its order. Entries that were not asked for are passed over, and of two
// about the same validator the first counts.
Result<std::vector<const VoteRewards*>> InOrder(const OwnIndices& due,
                                                const AttestationRewards& rewards) {
  std::vector<const VoteRewards*> got(due.size(), nullptr);
  std::size_t found = 0;
  for (const AttestationReward& reward : rewards.total) {
    const OwnIndex* one = FindIndex(due, reward.validator_index);
    if (one == nullptr) continue;
    auto& place = got[static_cast<std::size_t>(one - due.data())];
    if (place != nullptr) continue;
    place = &reward.got;
    ++found;
  }
  if (found < due.size()) {
    return Fail(Reason::kBadAnswer, "rewards of " + std::to_string(found) + " of " +
                                        std::to_string(due.size()) + " active validators");
  }
  return got;
}

}  // namespace

Result<EpochAttestations> AttestationAccount::Judge(std::uint64_t epoch, const OwnIndices& due,
                                                    std::size_t group_count,
                                                    const AttestationRewards& rewards,
                                                    std::uint64_t finalized) {
  const auto got = InOrder(due, rewards);
  if (!got) return std::unexpected(got.error());
  EpochAttestations judged;
  judged.epoch = epoch;
  judged.groups.resize(group_count);
  const bool no_ideal = AllIdealsAreZero(rewards);
  judged.leak =
      (epoch > finalized && epoch - finalized > kMinEpochsToInactivityPenalty) || no_ideal;
  const auto ideals = Sorted(rewards.ideal);
  const bool follows = last_epoch_ && *last_epoch_ + 1 == epoch;
  std::unordered_map<std::uint64_t, std::uint64_t> in_a_row;
  for (std::size_t i = 0; i < due.size(); ++i) {
    const VoteRewards& votes = *(*got)[i];
    GroupAttestations& group = judged.groups[due[i].group];
    ++group.due;
    // A vote that was not included costs its reward; one that was, in a leak, brings 0. A head
    // vote never costs anything.
    group.missed_source += votes.source < 0 ? 1 : 0;
    group.missed_head += votes.head <= 0 ? 1 : 0;
    AddTo(group.rewards, votes);
    const VoteRewards* ideal = IdealOf(ideals, due[i].state.effective_balance);
    if (ideal == nullptr) {
      group.ideal.reset();
    } else if (group.ideal) {
      AddTo(*group.ideal, *ideal);
    }
    if (votes.target >= 0) continue;
    ++group.missed;
    const std::uint64_t row = (follows ? MissedInARow(due[i].index) : 0) + 1;
    in_a_row.emplace(due[i].index, row);
    group.in_a_row_max = std::max(group.in_a_row_max, row);
    group.missing_2_epochs += row >= 2 ? 1 : 0;
    group.missing_3_epochs += row >= 3 ? 1 : 0;
  }
  in_a_row_ = std::move(in_a_row);
  last_epoch_ = epoch;
  return judged;
}

std::uint64_t AttestationAccount::MissedInARow(std::uint64_t index) const {
  const auto at = in_a_row_.find(index);
  return at == in_a_row_.end() ? 0 : at->second;
}

}  // namespace stakewatch::beacon
