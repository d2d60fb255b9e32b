#pragma once
// The account of proposals: which blocks the own validators are to make, made and missed. Pure:
// answers come in as structs.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporters/beacon/duty_answers.h"
#include "exporters/beacon/own_node.h"

namespace stakewatch::beacon {

enum class ProposalState { kScheduled, kMade, kMissed };

struct Proposal {
  std::uint64_t validator_index = 0;
  std::string group;
  ProposalState state = ProposalState::kScheduled;
};

// Counted since the exporter began to look, by group.
struct ProposalTotals {
  std::uint64_t made = 0;
  std::uint64_t missed = 0;
  std::uint64_t unexpected_fee_recipient = 0;
};

class ProposalBook {
 public:
  // Own proposals of earlier slots are judged, but not counted in Totals: an exporter that is
  // restarted would count them again.
  void CountFrom(std::uint64_t slot) { count_from_ = slot; }

  // The proposers of all slots of an epoch, by duties/proposer: takes the place of what was
  // scheduled there and is not judged yet.
  void Schedule(std::uint64_t first_slot, std::uint64_t slots, const std::vector<SlotDuty>& duties,
                const OwnIndices& own, const std::vector<std::string>& groups);

  // Slots whose block is to be looked for: not judged, and at or before `until`. At most `count`,
  // the oldest first.
  std::vector<std::uint64_t> ToJudge(std::uint64_t until, std::size_t count) const;
  // The first one after `slot` that is not judged.
  std::optional<std::uint64_t> NextScheduled(std::uint64_t slot) const;

  // Null when no own proposal is known there.
  const Proposal* At(std::uint64_t slot) const;
  void Made(std::uint64_t slot);
  void Missed(std::uint64_t slot);
  void UnexpectedFeeRecipient(std::uint64_t slot);
  // The duty was another's after all.
  void Drop(std::uint64_t slot) { by_slot_.erase(slot); }

  // What lies before is forgotten, judged or not.
  void ForgetBefore(std::uint64_t slot);

  const std::map<std::uint64_t, Proposal>& BySlot() const { return by_slot_; }
  const std::map<std::string, ProposalTotals>& Totals() const { return totals_; }

 private:
  Proposal* Unjudged(std::uint64_t slot);

  std::uint64_t count_from_ = 0;
  std::map<std::uint64_t, Proposal> by_slot_;
  std::map<std::string, ProposalTotals> totals_;
};

}  // namespace stakewatch::beacon
