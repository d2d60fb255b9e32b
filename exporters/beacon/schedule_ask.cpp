// What the schedule asks the node for.
#include <algorithm>
#include <set>
#include <utility>

#include "common/log.h"
#include "exporters/beacon/duty_answers.h"
#include "exporters/beacon/schedule.h"

namespace stakewatch::beacon {
namespace {

// Own blocks looked for in one run; the rest waits for the next.
constexpr std::size_t kJudgedPerRun = 16;

std::uint64_t Less(std::uint64_t from, std::uint64_t what) {
  return from - std::min(from, what);
}

// Of what some clients refuse: its samples are missing, the rest of the schedule is told.
void Unknown(std::string_view what, const Error& error) {
  Log(LogLevel::kDebug, "a part of the schedule is unknown",
      {{"part", std::string(what)}, {"error", error.what}});
}

}  // namespace

Result<void> ScheduleState::AskProposers(const Client& client, const Deadline& deadline,
                                         const NodeNow& node,
                                         const std::vector<std::string>& groups) {
  const std::uint64_t clock = node.ClockEpoch();
  ProposalBook& book = found_.proposals;
  if (!scheduled_epoch_) book.CountFrom(node.clock_slot);
  const std::uint64_t wanted = scheduled_epoch_ ? *scheduled_epoch_ + 1 : Less(clock, 2);
  const std::uint64_t from = std::min(std::max(wanted, Less(clock, kCatchUpEpochs)), clock);
  for (std::uint64_t epoch = from; epoch <= clock + 1; ++epoch) {
    const auto duties = client.Ask({Call::kDutiesProposer, epoch}, deadline, ParseSlotDuties);
    if (duties) {
      book.Schedule(node.chain.FirstSlotOf(epoch), node.chain.spec->slots_per_epoch, *duties, own_,
                    groups);
    } else if (epoch == clock || SaysNotSynced(duties.error())) {
      return std::unexpected(duties.error());
    } else {
      Unknown("proposers of epoch " + std::to_string(epoch), duties.error());
    }
    if (epoch == clock) scheduled_epoch_ = clock;
    if (epoch == clock + 1) found_.next_epoch_proposals = duties.has_value();
  }
  book.ForgetBefore(node.chain.FirstSlotOf(Less(clock, kCatchUpEpochs)));
  return {};
}

void ScheduleState::AskAttesters(const Client& client, const Deadline& deadline,
                                 const NodeNow& node) {
  AttestationSlots attestations;
  std::set<std::uint64_t> slots;
  const std::uint64_t clock = node.ClockEpoch();
  for (const std::uint64_t epoch : {clock, clock + 1}) {
    const OwnIndices due = DueIn(own_, epoch);
    if (due.size() > kAttestersMax) {
      attestations.every_slot = true;
      attestations.next_epoch = true;
      break;
    }
    const std::uint64_t first = node.chain.FirstSlotOf(epoch);
    for (const Question& question : QuestionsAbout(Call::kDutiesAttester, epoch, due)) {
      const auto duties = client.Ask(question, deadline, ParseSlotDuties);
      if (!duties) {
        Unknown("attesters of epoch " + std::to_string(epoch), duties.error());
        if (epoch == clock) return;
        found_.attestations = AttestationSlots{false, false, {slots.begin(), slots.end()}};
        return;
      }
      for (const auto& [index, slot] : *duties) {
        const bool own = FindIndex(due, index) != nullptr;
        if (own && slot >= first && slot - first < node.chain.spec->slots_per_epoch) {
          slots.insert(slot);
        }
      }
    }
    attestations.next_epoch = epoch != clock;
  }
  attestations.slots.assign(slots.begin(), slots.end());
  found_.attestations = std::move(attestations);
}

// Who is in the committees of this period and of the next changes with the period only.
void ScheduleState::AskSyncMembers(const Client& client, const Deadline& deadline,
                                   const NodeNow& node, std::size_t groups) {
  const std::uint64_t length = node.chain.spec->epochs_per_sync_committee_period;
  if (length == 0) return;
  const std::uint64_t clock = node.ClockEpoch();
  const std::uint64_t period = clock / length;
  const bool complete = found_.sync && found_.sync->next;
  if (sync_period_ == period && sync_asked_about_ == own_.size() && complete) return;
  const auto members_in = [&](std::uint64_t epoch) -> std::optional<std::vector<std::uint64_t>> {
    std::set<std::uint64_t> members;
    for (const Question& question : QuestionsAbout(Call::kDutiesSync, epoch, own_)) {
      const auto duties = client.Ask(question, deadline, ParseSyncDuties);
      if (!duties) {
        Unknown("sync committee of epoch " + std::to_string(epoch), duties.error());
        return std::nullopt;
      }
      members.insert(duties->begin(), duties->end());
    }
    std::vector<std::uint64_t> by_group(groups);
    for (const std::uint64_t index : members) {
      if (const OwnIndex* one = FindIndex(own_, index)) ++by_group[one->group];
    }
    return by_group;
  };
  found_.sync.reset();
  if (auto now = members_in(clock)) {
    found_.sync = SyncMembers{std::move(*now), members_in((period + 1) * length)};
    sync_period_ = period;
    sync_asked_about_ = own_.size();
  }
}

// Right only for the epoch before the head's, and only before the head's is over.
void ScheduleState::AskLiveness(const Client& client, const Deadline& deadline, const NodeNow& node,
                                std::size_t groups) {
  const std::uint64_t head = node.HeadEpoch();
  const std::uint64_t slot = node.clock_slot - node.chain.FirstSlotOf(node.ClockEpoch());
  if (head == 0 || head != node.ClockEpoch() || slot < LivenessSlot(node.chain) ||
      live_asked_epoch_ == head) {
    return;
  }
  live_asked_epoch_ = head;
  found_.not_live.reset();
  const OwnIndices due = DueIn(own_, head - 1);
  NotLive not_live{head, std::vector<std::uint64_t>(groups)};
  std::set<std::uint64_t> seen;
  for (const Question& question : QuestionsAbout(Call::kLiveness, head - 1, due)) {
    const auto all = client.Ask(question, deadline, ParseLiveness);
    if (!all) return Unknown("liveness", all.error());
    for (const auto& [index, is_live] : *all) {
      const OwnIndex* one = FindIndex(due, index);
      if (one == nullptr || !seen.insert(index).second) continue;
      not_live.by_group[one->group] += is_live ? 0 : 1;
    }
  }
  const auto after = node.chain.SlotAt(parts_.now());
  if (seen.size() < due.size() || !after || node.chain.EpochOf(*after) != head) return;
  found_.not_live = std::move(not_live);
}

Result<void> ScheduleState::JudgeProposals(const Client& client, const Deadline& deadline,
                                           const NodeNow& node) {
  if (node.clock_slot < kDecidedSlots) return {};
  // An empty slot after the head is not decided: the head may come there yet.
  const std::uint64_t until = std::min(node.clock_slot - kDecidedSlots, node.head_slot);
  for (const std::uint64_t slot : found_.proposals.ToJudge(until, kJudgedPerRun)) {
    const auto judged = JudgeProposal(client, deadline, node, slot);
    if (!judged) return judged;
  }
  return {};
}

Result<void> ScheduleState::JudgeProposal(const Client& client, const Deadline& deadline,
                                          const NodeNow& node, std::uint64_t slot) {
  ProposalBook& book = found_.proposals;
  const std::uint64_t proposer = book.At(slot)->validator_index;
  const auto header = client.Ask({Call::kHeader, slot}, deadline, ParseHeader);
  if (!header && !HasStatus(header.error(), 404)) return std::unexpected(header.error());
  if (header && header->slot == slot) {
    if (header->validator_index != proposer) {
      book.Drop(slot);
      return {};
    }
    book.Made(slot);
    if (parts_.fee_recipients.empty()) return {};
    const auto recipient = client.Ask({Call::kBlindedBlock, slot}, deadline, ParseFeeRecipient);
    if (!recipient) {
      Unknown("fee recipient", recipient.error());
    } else if (!recipient->empty() && std::ranges::find(parts_.fee_recipients, *recipient) ==
                                          parts_.fee_recipients.end()) {
      book.UnexpectedFeeRecipient(slot);
    }
    return {};
  }
  // A miss pages. The duty may have been told before the epoch's first block changed it.
  const std::uint64_t epoch = node.chain.EpochOf(slot);
  const auto duties = client.Ask({Call::kDutiesProposer, epoch}, deadline, ParseSlotDuties);
  if (!duties) return std::unexpected(duties.error());
  if (std::ranges::find(*duties, SlotDuty{proposer, slot}) != duties->end()) {
    book.Missed(slot);
  } else {
    book.Drop(slot);
  }
  return {};
}

}  // namespace stakewatch::beacon
