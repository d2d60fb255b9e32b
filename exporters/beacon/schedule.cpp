#include "exporters/beacon/schedule.h"

#include <algorithm>
#include <utility>

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

constexpr milliseconds kRunTimeMax{120'000};

}  // namespace

ScheduleState::ScheduleState(OwnParts parts)
    : parts_(std::move(parts)),
      node_(std::make_shared<CountedUpstream>(parts_.node, parts_.own, "schedule")) {}

Result<Schedule> ScheduleState::Run(const Deadline& deadline) {
  const Client client(*node_);
  const double began = parts_.now();
  const std::uint64_t asked_before = node_->Asked();
  const auto node = LookAtNode(client, deadline, chain_, began);
  if (!node) return std::unexpected(node.error());
  if (found_.chain.spec != nullptr &&
      found_.chain.genesis.validators_root != node->chain.genesis.validators_root) {
    found_ = {};  // Another chain: nothing that was known is of it.
    scheduled_epoch_.reset();
    refreshed_epoch_.reset();
    sync_period_.reset();
    live_asked_epoch_.reset();
  }
  found_.chain = node->chain;
  found_.not_synced = node->not_synced;
  next_run_ = began + std::max(node->chain.SlotSeconds(), kNotYetSecondsMin);
  if (!found_.not_synced.empty()) return found_;
  auto roster = LookAt(*parts_.file).value;
  Result<void> fared;
  if (refreshed_epoch_ != node->ClockEpoch() || roster != found_.roster) {
    asked_before_ = asked_before;
    fared = Refresh(client, deadline, *node, std::move(roster));
  }
  if (fared) fared = JudgeProposals(client, deadline, *node);
  if (!fared && SaysNotSynced(fared.error())) {
    found_.not_synced = fared.error().what;
    return found_;
  }
  if (!fared) return std::unexpected(fared.error());
  const std::size_t groups = found_.roster->Groups().size();
  if (!found_.attestations) AskAttesters(client, deadline, *node);
  AskSyncMembers(client, deadline, *node, groups);
  AskLiveness(client, deadline, *node, groups);
  found_.requests = node_->Asked() - asked_before_;
  Plan(*node);
  return found_;
}

Result<void> ScheduleState::Refresh(const Client& client, const Deadline& deadline,
                                    const NodeNow& node, std::shared_ptr<const Roster> roster) {
  const auto own = AskOwnValidators(client, deadline, roster);
  if (!own) return std::unexpected(own.error());
  own_ = IndicesOf(*own);
  if (found_.roster != nullptr && found_.roster != roster) {
    // Keys that are new in the file have duties in epochs that are asked for already.
    live_asked_epoch_.reset();
    sync_period_.reset();
    found_.sync.reset();
    found_.not_live.reset();
  }
  const auto asked = AskProposers(client, deadline, node, roster->Groups());
  if (!asked) return std::unexpected(asked.error());
  found_.roster = std::move(roster);
  found_.epoch = node.ClockEpoch();
  found_.asked_at = parts_.now();
  found_.attestations.reset();
  refreshed_epoch_ = node.ClockEpoch();
  return {};
}

// After all that can be asked was asked: the next thing to look at.
void ScheduleState::Plan(const NodeNow& node) {
  const Chain& chain = node.chain;
  const std::uint64_t clock = node.ClockEpoch();
  const std::uint64_t first = chain.FirstSlotOf(clock);
  const double half_slot = chain.SlotSeconds() / 2;
  const std::uint64_t decided = node.clock_slot - std::min(node.clock_slot, kDecidedSlots);
  bool missing =
      !found_.attestations || !found_.sync || !found_.proposals.ToJudge(decided, 1).empty();
  // When the first block of the epoch should be there, which can change who proposes in it.
  double next = chain.StartOf(chain.FirstSlotOf(clock + 1)) + half_slot;
  if (const auto proposal = found_.proposals.NextScheduled(decided)) {
    next = std::min(next, chain.StartOf(*proposal + kDecidedSlots));
  }
  if (live_asked_epoch_ != clock) {
    const double due = chain.StartOf(first + LivenessSlot(chain)) + half_slot;
    if (due > parts_.now()) {
      next = std::min(next, due);
    } else {
      missing = true;  // The head is not in the clock's epoch yet.
    }
  }
  // What is missing is asked for again when Run has said.
  next_run_ = std::max(missing ? std::min(next, next_run_) : next, parts_.now() + half_slot);
}

double ScheduleState::NextRun() {
  if (!found_.not_synced.empty()) return next_run_;
  const bool changed = found_.roster != nullptr && LookAt(*parts_.file).value != found_.roster;
  return changed ? std::min(next_run_, parts_.now()) : next_run_;
}

ScheduleJob::ScheduleJob(OwnParts parts)
    : now_(parts.now),
      state_(std::make_shared<ScheduleState>(std::move(parts))),
      job_({.schedule = AsPlanned([state = state_] { return state->NextRun(); }),
            .run_time_max = kRunTimeMax},
           [state = state_](const Deadline& deadline) { return state->Run(deadline); }) {}

Result<void> ScheduleJob::Tell(Sheet& sheet) const {
  const auto state = job_.Now();
  if (state.found != nullptr) TellSchedule(*state.found, now_(), sheet);
  sheet.Set(kScheduleFailures, static_cast<double>(state.past.failures));
  if (state.past.error) return std::unexpected(*state.past.error);
  return {};
}

}  // namespace stakewatch::beacon
