// Duties of an epoch, whether they were done, and what they earned.
#include <algorithm>
#include <map>

#include "tests/sim/beacon_api.h"
#include "tests/sim/beacon_json.h"
#include "tests/sim/beacon_rewards.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr std::size_t kPieceBytes = 64U << 10;

std::optional<BeaconReply> TooFar(const BeaconAsk& ask, std::uint64_t epoch) {
  const std::uint64_t next = ask.chain.EpochOf(ask.status.clock) + 1;
  if (epoch <= next) return std::nullopt;
  return BeaconError(400, "Request epoch " + std::to_string(epoch) +
                              " can not be greater than next epoch " + std::to_string(next));
}

// The block before an epoch, or that before the epoch before it, which its duties depend on.
std::string DependentRoot(const BeaconAsk& ask, std::uint64_t epoch) {
  const std::uint64_t slot = epoch * ask.chain.Setup().slots_per_epoch;
  const std::uint64_t before = slot == 0 ? 0 : slot - 1;
  return ask.chain.Root(ask.chain.LastBlock(std::min(before, ask.status.head)));
}

// The indices of the body, all of them known.
std::expected<std::vector<std::uint64_t>, BeaconReply> KnownIndices(const BeaconAsk& ask) {
  auto indices = IndicesIn(ask.body);
  if (!indices) return indices;
  if (indices->empty()) return std::unexpected(BeaconError(400, "No data submitted"));
  for (const std::uint64_t index : *indices) {
    if (index >= ask.chain.Setup().validators) {
      return std::unexpected(BeaconError(400, "Invalid validator index " + std::to_string(index)));
    }
  }
  return indices;
}

}  // namespace

BeaconReply ProposerDuties(const BeaconAsk& ask) {
  if (auto syncing = NotWhileSyncing(ask)) return *syncing;
  const auto epoch = EpochIn(ask.parts[0]);
  if (!epoch) return epoch.error();
  if (auto far = TooFar(ask, *epoch)) return *far;
  std::string data = "[]";
  const std::uint64_t slots = ask.chain.Setup().slots_per_epoch;
  for (std::uint64_t i = 0; i < slots; ++i) {
    const std::uint64_t slot = *epoch * slots + i;
    // Nobody proposed the genesis block.
    if (slot == 0) continue;
    const std::uint64_t proposer = ask.chain.Proposer(slot);
    AddToArray(data, BeaconObject()
                         .Text("pubkey", ask.chain.Pubkey(proposer))
                         .Number("validator_index", proposer)
                         .Number("slot", slot)
                         .Done());
  }
  return BeaconJson(BeaconObject()
                        .Text("dependent_root", DependentRoot(ask, *epoch))
                        .Flag("execution_optimistic", ask.status.optimistic)
                        .Json("data", data)
                        .Done());
}

BeaconReply AttesterDuties(const BeaconAsk& ask) {
  if (auto syncing = NotWhileSyncing(ask)) return *syncing;
  const auto epoch = EpochIn(ask.parts[0]);
  if (!epoch) return epoch.error();
  const auto indices = KnownIndices(ask);
  if (!indices) return indices.error();
  if (auto far = TooFar(ask, *epoch)) return *far;
  std::string data = "[]";
  for (const std::uint64_t index : *indices) {
    const Duty duty = ask.chain.DutyOf(index, *epoch);
    AddToArray(data, BeaconObject()
                         .Text("pubkey", ask.chain.Pubkey(index))
                         .Number("validator_index", index)
                         .Number("committee_index", duty.committee)
                         .Number("committee_length", duty.length)
                         .Number("committees_at_slot", duty.committees)
                         .Number("validator_committee_index", duty.position)
                         .Number("slot", duty.slot)
                         .Done());
  }
  return BeaconJson(BeaconObject()
                        .Text("dependent_root", DependentRoot(ask, *epoch == 0 ? 0 : *epoch - 1))
                        .Flag("execution_optimistic", ask.status.optimistic)
                        .Json("data", data)
                        .Done());
}

BeaconReply SyncDuties(const BeaconAsk& ask) {
  if (auto syncing = NotWhileSyncing(ask)) return *syncing;
  const auto epoch = EpochIn(ask.parts[0]);
  if (!epoch) return epoch.error();
  const auto indices = KnownIndices(ask);
  if (!indices) return indices.error();
  const std::uint64_t period = *epoch / ask.chain.EpochsPerSyncPeriod();
  if (period > ask.chain.EpochOf(ask.status.clock) / ask.chain.EpochsPerSyncPeriod() + 1) {
    return BeaconError(400, "Epoch is too far in the future");
  }
  std::map<std::uint64_t, std::string> positions;
  for (std::uint64_t i = 0; i < ask.chain.SyncCommitteeSize(); ++i) {
    AddToArray(positions[ask.chain.SyncMember(period, i)], '"' + std::to_string(i) + '"');
  }
  std::string data = "[]";
  for (const std::uint64_t index : *indices) {
    const auto found = positions.find(index);
    if (found == positions.end()) continue;
    AddToArray(data, BeaconObject()
                         .Text("pubkey", ask.chain.Pubkey(index))
                         .Number("validator_index", index)
                         .Json("validator_sync_committee_indices", found->second)
                         .Done());
  }
  return BeaconJson(
      BeaconObject().Flag("execution_optimistic", ask.status.optimistic).Json("data", data).Done());
}

BeaconReply SyncCommittees(const BeaconAsk& ask) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  if (*slot == 0) {
    return BeaconError(
        500,
        "Could not get current sync committee indices: could not get sync committee: "
        "CurrentSyncCommittee is not supported for phase0");
  }
  std::uint64_t epoch = ask.chain.EpochOf(*slot);
  const std::uint64_t periods = ask.chain.EpochsPerSyncPeriod();
  for (const std::string& text : ask.Values("epoch")) {
    const auto asked = EpochIn(text);
    if (!asked) return asked.error();
    // A state knows its own committee and the next one.
    if (*asked / periods > epoch / periods + 1) {
      return BeaconError(400, "Could not fetch sync committee too far in the future");
    }
    epoch = *asked;
  }
  std::string validators = "[]", aggregates = "[]", aggregate;
  for (std::uint64_t i = 0; i < ask.chain.SyncCommitteeSize(); ++i) {
    const std::string member = '"' + std::to_string(ask.chain.SyncMember(epoch / periods, i)) + '"';
    AddToArray(validators, member);
    AddToArray(aggregate, member);
    if ((i + 1) % (ask.chain.SyncCommitteeSize() / 4) == 0) {
      AddToArray(aggregates, aggregate);
      aggregate.clear();
    }
  }
  return BeaconJson(BeaconObject()
                        .Flag("execution_optimistic", OptimisticAt(ask, *slot))
                        .Flag("finalized", FinalizedAt(ask, *slot))
                        .Json("data", BeaconObject()
                                          .Json("validators", validators)
                                          .Json("validator_aggregates", aggregates)
                                          .Done())
                        .Done());
}

BeaconReply Liveness(const BeaconAsk& ask) {
  const auto epoch = EpochIn(ask.parts[0]);
  if (!epoch) return epoch.error();
  // "The future" begins after the head's epoch, whatever the clock says.
  const std::uint64_t head = ask.status.head, now = ask.chain.EpochOf(head);
  if (*epoch > now) return BeaconError(400, "Requested epoch cannot be in the future");
  const auto indices = IndicesIn(ask.body);
  if (!indices) return indices.error();
  if (indices->empty()) return BeaconError(400, "No data submitted");
  std::string data = "[]";
  for (const std::uint64_t index : *indices) {
    if (index >= ask.chain.Setup().validators) {
      return BeaconError(400, "Validator index " + std::to_string(index) + " is invalid");
    }
    bool live = ask.chain.Attested(index, *epoch, head);
    const std::uint64_t slot = ask.chain.DutyOf(index, *epoch).slot;
    // What was done in the head's slot is in no block yet.
    if (slot >= head) live = false;
    // For older epochs what was included late is lost: that of the last slot.
    const std::uint64_t slots = ask.chain.Setup().slots_per_epoch;
    if (*epoch + 1 < now && slot % slots == slots - 1) live = false;
    AddToArray(data, BeaconObject().Number("index", index).Flag("is_live", live).Done());
  }
  return BeaconJson(BeaconObject().Json("data", data).Done());
}

namespace {

std::string RewardMembers(BeaconObject object, const AttestationReward& reward) {
  return object.Amount("head", reward.head)
      .Amount("target", reward.target)
      .Amount("source", reward.source)
      .Amount("inactivity", reward.inactivity)
      .Done();
}

}  // namespace

BeaconReply AttestationRewards(const BeaconAsk& ask) {
  const auto epoch = EpochIn(ask.parts[0]);
  if (!epoch) return epoch.error();
  if (*epoch + 1 >= ask.chain.EpochOf(ask.status.clock)) {
    return BeaconError(404,
                       "Attestation rewards are available after two epoch transitions to ensure "
                       "all attestations have a chance of inclusion");
  }
  std::vector<std::uint64_t> indices;
  // An empty body, and an empty array, mean all.
  if (!ask.body.empty()) {
    auto asked = IndicesIn(ask.body);
    if (!asked) return asked.error();
    indices = std::move(*asked);
  }
  const std::uint64_t all = ask.chain.Setup().validators;
  for (const std::uint64_t index : indices) {
    if (index >= all) {
      return BeaconError(400, "Validator index " + std::to_string(index) +
                                  " is too large. Maximum allowed index is " +
                                  std::to_string(all - 1));
    }
  }
  const std::uint64_t head = ask.status.head;
  const AttestationReward ideal = IdealReward(ask.chain, *epoch, head);
  BeaconObject best;
  best.Number("effective_balance", kStake);
  BeaconReply reply{.body = R"({"data":{"ideal_rewards":[)" + RewardMembers(best, ideal) +
                            R"(],"total_rewards":[)"};
  const std::uint64_t count = indices.empty() ? all : indices.size();
  const bool finalized = FinalizedAt(ask, *epoch * ask.chain.Setup().slots_per_epoch);
  std::string last = R"(]},"execution_optimistic":)";
  last += ask.status.optimistic ? "true" : "false";
  last += finalized ? ",\"finalized\":true}\n" : ",\"finalized\":false}\n";
  reply.more = [&chain = ask.chain, indices = std::move(indices), of = *epoch, head, ideal, count,
                at = std::uint64_t{0}, last]() mutable {
    std::string piece;
    for (; at < count && piece.size() < kPieceBytes; ++at) {
      const std::uint64_t index = indices.empty() ? at : indices[at];
      if (at > 0) piece += ',';
      BeaconObject one;
      one.Number("validator_index", index);
      piece += RewardMembers(one, RewardOf(chain, index, of, head, ideal));
    }
    if (at >= count) piece += std::exchange(last, {});
    return piece;
  };
  // A small answer is one with its length.
  if (count < 1000) {
    reply.body += reply.more();
    reply.more = nullptr;
  }
  return reply;
}

BeaconReply SyncRewards(const BeaconAsk& ask) {
  const auto slot = BlockIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  if (*slot == 0) {
    return BeaconError(400, "Sync committee rewards are not supported for Phase 0");
  }
  std::vector<std::uint64_t> wanted;
  if (!ask.body.empty()) {
    auto asked = IndicesIn(ask.body);
    if (!asked) return asked.error();
    wanted = std::move(*asked);
  }
  const std::uint64_t period = ask.chain.EpochOf(*slot) / ask.chain.EpochsPerSyncPeriod();
  std::map<std::uint64_t, std::int64_t> rewards;
  for (std::uint64_t i = 0; i < ask.chain.SyncCommitteeSize(); ++i) {
    const std::int64_t one = SyncReward(ask.chain);
    rewards[ask.chain.SyncMember(period, i)] += ask.chain.SyncBit(*slot, i) ? one : -one;
  }
  std::string data = "[]";
  for (const auto& [index, reward] : rewards) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), index) == wanted.end()) continue;
    AddToArray(data,
               BeaconObject().Number("validator_index", index).Amount("reward", reward).Done());
  }
  return BeaconJson(BeaconObject()
                        .Json("data", data)
                        .Flag("execution_optimistic", OptimisticAt(ask, *slot))
                        .Flag("finalized", FinalizedAt(ask, *slot))
                        .Done());
}

}  // namespace stakewatch::sim
