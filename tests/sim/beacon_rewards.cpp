// Rewards and penalties.
#include "tests/sim/beacon_rewards.h"

#include <algorithm>
#include <cmath>

namespace stakewatch::sim {
namespace {

constexpr std::uint64_t kIncrement = 1'000'000'000;  // Gwei.
constexpr std::uint64_t kHeadWeight = 14, kTargetWeight = 26, kSourceWeight = 14;
constexpr std::uint64_t kSyncWeight = 2, kProposerWeight = 8, kWeights = 64;
constexpr std::uint64_t kEpochsToLeak = 4;
constexpr std::uint64_t kScoreBias = 4, kPenaltyQuotient = 16'777'216;

std::uint64_t Increments(const BeaconChain& chain) {
  return chain.Setup().validators * (kStake / kIncrement);
}

std::uint64_t RewardPerIncrement(const BeaconChain& chain) {
  const auto stake = static_cast<double>(Increments(chain) * kIncrement);
  return kIncrement * 64 / static_cast<std::uint64_t>(std::sqrt(stake));
}

// Of a validator for one epoch, before weights.
std::uint64_t BaseReward(const BeaconChain& chain) {
  return RewardPerIncrement(chain) * (kStake / kIncrement);
}

std::int64_t Weighted(std::uint64_t reward, std::uint64_t weight) {
  return static_cast<std::int64_t>(reward * weight / kWeights);
}

// Finality of the state that pays for `epoch`, as a chain with `head` knows it.
bool Leaks(const BeaconChain& chain, std::uint64_t epoch, std::uint64_t head) {
  const std::uint64_t known = std::min(epoch + 1, chain.EpochOf(head));
  return epoch > chain.FinalityAt(known).finalized + kEpochsToLeak;
}

}  // namespace

AttestationReward IdealReward(const BeaconChain& chain, std::uint64_t epoch, std::uint64_t head) {
  if (Leaks(chain, epoch, head)) return {};
  const std::uint64_t all = Increments(chain);
  // Nobody at all counts as one increment, as in the specification.
  const auto voted = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(
          std::llround(static_cast<double>(all) * chain.Participation(epoch, head))),
      1, all);
  const auto paid = [&](std::uint64_t weight) {
    const auto whole = static_cast<std::uint64_t>(Weighted(BaseReward(chain), weight));
    return static_cast<std::int64_t>(whole * voted / all);
  };
  return {.head = paid(kHeadWeight), .target = paid(kTargetWeight), .source = paid(kSourceWeight)};
}

AttestationReward RewardOf(const BeaconChain& chain, std::uint64_t index, std::uint64_t epoch,
                           std::uint64_t head, const AttestationReward& ideal) {
  const bool leaks = Leaks(chain, epoch, head);
  if (chain.Attested(index, epoch, head)) {
    AttestationReward reward = ideal;
    const bool late = chain.Own(index) && chain.At(chain.DutyOf(index, epoch).slot).own_late;
    if (late) reward.head = 0;
    return reward;
  }
  AttestationReward reward{.target = -Weighted(BaseReward(chain), kTargetWeight),
                           .source = -Weighted(BaseReward(chain), kSourceWeight)};
  if (!leaks) return reward;
  // The score grows with each epoch of the leak that was missed in a row.
  std::uint64_t score = 0;
  for (std::uint64_t at = epoch; at > 0 && score < 4000; --at) {
    if (!Leaks(chain, at, head) || chain.Attested(index, at, head)) break;
    score += kScoreBias;
  }
  reward.inactivity = -static_cast<std::int64_t>(
      static_cast<double>(kStake) * static_cast<double>(score) / (kScoreBias * kPenaltyQuotient));
  return reward;
}

std::int64_t SyncReward(const BeaconChain& chain) {
  const std::uint64_t total = RewardPerIncrement(chain) * Increments(chain);
  return static_cast<std::int64_t>(total * kSyncWeight / kWeights / chain.Setup().slots_per_epoch /
                                   chain.SyncCommitteeSize());
}

ProposerReward ProposerRewardOf(const BeaconChain& chain, std::uint64_t slot) {
  constexpr std::uint64_t kVotes = kHeadWeight + kTargetWeight + kSourceWeight;
  const std::uint64_t attesters = chain.Setup().validators / chain.Setup().slots_per_epoch;
  std::int64_t signers = 0;
  for (std::uint64_t i = 0; i < chain.SyncCommitteeSize(); ++i) signers += chain.SyncBit(slot, i);
  return {
      .attestations = static_cast<std::int64_t>(attesters * BaseReward(chain) * kVotes / kWeights *
                                                kProposerWeight / (kWeights - kProposerWeight)),
      .sync_aggregate = signers * (SyncReward(chain) / 7)};
}

}  // namespace stakewatch::sim
