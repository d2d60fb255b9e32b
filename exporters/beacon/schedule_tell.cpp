// What is told of the schedule.
#include <algorithm>
#include <map>
#include <string>

#include "exporters/beacon/metrics.h"
#include "exporters/beacon/schedule.h"

namespace stakewatch::beacon {
namespace {

double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

struct GroupProposals {
  std::uint64_t scheduled = 0;
  std::uint64_t missed_recently = 0;
  std::optional<double> next;
};

void TellProposals(const Schedule& schedule, std::uint64_t clock_slot, Sheet& sheet) {
  const Chain& chain = schedule.chain;
  const std::uint64_t clock = chain.EpochOf(clock_slot);
  const std::uint64_t recent = chain.FirstSlotOf(clock - std::min<std::uint64_t>(clock, 2));
  std::map<std::string, GroupProposals> groups;
  for (const auto& name : schedule.roster->Groups()) groups[name] = {};
  for (const auto& [slot, proposal] : schedule.proposals.BySlot()) {
    const auto group = groups.find(proposal.group);
    if (group == groups.end()) continue;
    if (proposal.state == ProposalState::kMissed && slot >= recent) {
      ++group->second.missed_recently;
    }
    if (proposal.state == ProposalState::kScheduled && slot > clock_slot) {
      ++group->second.scheduled;
      if (!group->second.next) group->second.next = chain.StartOf(slot);
    }
  }
  const auto& totals = schedule.proposals.Totals();
  for (const auto& [name, group] : groups) {
    const auto total = totals.find(name);
    const ProposalTotals counted = total == totals.end() ? ProposalTotals{} : total->second;
    sheet.Set(kProposalsMade, Number(counted.made), name);
    sheet.Set(kProposalsMissed, Number(counted.missed), name);
    sheet.Set(kFeeRecipientWrong, Number(counted.unexpected_fee_recipient), name);
    sheet.Set(kProposalsMissedRecently, Number(group.missed_recently), name);
    if (schedule.epoch != clock) continue;  // Who proposes in the clock's epoch is not known.
    sheet.Set(kProposalsScheduled, Number(group.scheduled), name);
    sheet.Set(kNextProposal, group.next, name);
  }
}

}  // namespace

void TellSchedule(const Schedule& schedule, double now, Sheet& sheet) {
  const auto clock_slot =
      schedule.chain.spec == nullptr ? std::nullopt : schedule.chain.SlotAt(now);
  if (schedule.roster == nullptr || !clock_slot) return;
  sheet.Set(kScheduleEpoch, Number(schedule.epoch));
  sheet.Set(kScheduleLastSuccess, schedule.asked_at);
  sheet.Set(kScheduleRequests, Number(schedule.requests));
  TellProposals(schedule, *clock_slot, sheet);
  const std::uint64_t clock = schedule.chain.EpochOf(*clock_slot);
  const auto& groups = schedule.roster->Groups();
  if (schedule.sync && schedule.epoch == clock) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      sheet.Set(kSyncCommitteeMembers, Number(schedule.sync->now[i]), groups[i], "current");
      if (!schedule.sync->next) continue;
      sheet.Set(kSyncCommitteeMembers, Number((*schedule.sync->next)[i]), groups[i], "next");
    }
  }
  // Until the next answer is due.
  if (schedule.not_live && clock <= schedule.not_live->head_epoch + 1) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      sheet.Set(kValidatorsNotLive, Number(schedule.not_live->by_group[i]), groups[i]);
    }
  }
}

}  // namespace stakewatch::beacon
