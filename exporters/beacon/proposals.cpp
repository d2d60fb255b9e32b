#include "exporters/beacon/proposals.h"

#include <utility>

namespace stakewatch::beacon {

void ProposalBook::Schedule(std::uint64_t first_slot, std::uint64_t slots,
                            const std::vector<SlotDuty>& duties, const OwnIndices& own,
                            const std::vector<std::string>& groups) {
  const std::uint64_t end = first_slot + slots;
  std::erase_if(by_slot_, [&](const auto& entry) {
    return entry.first >= first_slot && entry.first < end &&
           entry.second.state == ProposalState::kScheduled;
  });
  for (const auto& [index, slot] : duties) {
    const OwnIndex* one = FindIndex(own, index);
    if (one == nullptr || slot < first_slot || slot >= end) continue;
    // Not where one is judged already.
    by_slot_.try_emplace(slot, Proposal{index, groups[one->group], ProposalState::kScheduled});
  }
}

std::vector<std::uint64_t> ProposalBook::ToJudge(std::uint64_t until, std::size_t count) const {
  std::vector<std::uint64_t> slots;
  for (const auto& [slot, proposal] : by_slot_) {
    if (slot > until || slots.size() == count) break;
    if (proposal.state == ProposalState::kScheduled) slots.push_back(slot);
  }
  return slots;
}

std::optional<std::uint64_t> ProposalBook::NextScheduled(std::uint64_t slot) const {
  for (auto at = by_slot_.upper_bound(slot); at != by_slot_.end(); ++at) {
    if (at->second.state == ProposalState::kScheduled) return at->first;
  }
  return std::nullopt;
}

const Proposal* ProposalBook::At(std::uint64_t slot) const {
  const auto at = by_slot_.find(slot);
  return at == by_slot_.end() ? nullptr : &at->second;
}

Proposal* ProposalBook::Unjudged(std::uint64_t slot) {
  const auto at = by_slot_.find(slot);
  const bool open = at != by_slot_.end() && at->second.state == ProposalState::kScheduled;
  return open ? &at->second : nullptr;
}

void ProposalBook::Made(std::uint64_t slot) {
  Proposal* proposal = Unjudged(slot);
  if (proposal == nullptr) return;
  proposal->state = ProposalState::kMade;
  if (slot >= count_from_) ++totals_[proposal->group].made;
}

void ProposalBook::Missed(std::uint64_t slot) {
  Proposal* proposal = Unjudged(slot);
  if (proposal == nullptr) return;
  proposal->state = ProposalState::kMissed;
  if (slot >= count_from_) ++totals_[proposal->group].missed;
}

void ProposalBook::UnexpectedFeeRecipient(std::uint64_t slot) {
  const Proposal* proposal = At(slot);
  if (proposal != nullptr && slot >= count_from_) {
    ++totals_[proposal->group].unexpected_fee_recipient;
  }
}

void ProposalBook::ForgetBefore(std::uint64_t slot) {
  by_slot_.erase(by_slot_.begin(), by_slot_.lower_bound(slot));
}

}  // namespace stakewatch::beacon
