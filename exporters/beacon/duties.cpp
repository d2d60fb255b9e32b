#include "exporters/beacon/duties.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "exporters/beacon/duty_answers.h"
#include "exporters/beacon/finality.h"
#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

// Rewards of a busy node take long; one request must not take all of the run.
constexpr milliseconds kRequestTimeMax{60'000};
constexpr milliseconds kRunTimeMax{240'000};

// After the epoch's first blocks, when a node has the most to do.
double WhenToJudge(const Chain& chain, std::uint64_t clock_epoch) {
  const std::uint64_t slots = std::max<std::uint64_t>(2, chain.spec->slots_per_epoch / 8);
  return chain.StartOf(chain.FirstSlotOf(clock_epoch) + slots);
}

// The rewards of all that are due, of as many answers as it takes.
Result<AttestationRewards> AskRewards(const Client& client, const Deadline& deadline,
                                      std::uint64_t epoch, const OwnIndices& due) {
  AttestationRewards all;
  for (const Question& question : QuestionsAbout(Call::kRewardsAttestations, epoch, due)) {
    auto rewards = client.Ask(question, deadline.Within(kRequestTimeMax), ParseAttestationRewards);
    if (!rewards) return std::unexpected(rewards.error());
    all.total.insert(all.total.end(), rewards->total.begin(), rewards->total.end());
    all.ideal.insert(all.ideal.end(), rewards->ideal.begin(), rewards->ideal.end());
  }
  return all;
}

}  // namespace

DutiesState::DutiesState(OwnParts parts)
    : parts_(std::move(parts)),
      node_(std::make_shared<CountedUpstream>(parts_.node, parts_.own, "duties")) {}

Result<JudgedDuties> DutiesState::Run(const Deadline& deadline) {
  const Client client(*node_);
  const double began = parts_.now();
  const std::uint64_t asked_before = node_->Asked();
  const auto node = LookAtNode(client, deadline, chain_, began);
  if (!node) return std::unexpected(node.error());
  if (found_.chain.spec != nullptr &&
      found_.chain.genesis.validators_root != node->chain.genesis.validators_root) {
    account_ = {};  // Another chain: its epochs have nothing to do with those judged.
    sync_period_.reset();
    found_ = {};
  }
  found_.chain = node->chain;
  found_.not_synced = node->not_synced;
  next_run_ = began + std::max(node->chain.SlotSeconds(), kNotYetSecondsMin);
  if (!found_.not_synced.empty()) return found_;
  const std::uint64_t clock = node->ClockEpoch();
  const auto judged_before = account_.LastEpoch();
  const bool nothing_due = clock < 2 || (judged_before && *judged_before >= clock - 2);
  if (!nothing_due && node->HeadEpoch() < clock) return found_;  // The epoch's first slot is empty.
  if (!nothing_due) {
    const auto judged = JudgeAll(client, deadline, *node);
    if (!judged && SaysNotSynced(judged.error())) {
      found_.not_synced = judged.error().what;
      return found_;
    }
    if (!judged) return std::unexpected(judged.error());
  }
  if (account_.LastEpoch() != judged_before) {
    found_.judged_at = parts_.now();
    found_.took_seconds = found_.judged_at - began;
    found_.requests = node_->Asked() - asked_before;
  }
  next_run_ = WhenToJudge(node->chain, clock + 1);
  return found_;
}

Result<void> DutiesState::JudgeAll(const Client& client, const Deadline& deadline,
                                   const NodeNow& node) {
  const auto own = AskOwnValidators(client, deadline, LookAt(*parts_.file).value);
  if (!own) return std::unexpected(own.error());
  const auto finality = client.Ask(Call::kFinalityCheckpoints, deadline, ParseFinality);
  if (!finality) return std::unexpected(finality.error());
  const OwnIndices indices = IndicesOf(*own);
  const std::uint64_t last = node.ClockEpoch() - 2;
  const auto judged_before = account_.LastEpoch();
  std::uint64_t first = judged_before ? *judged_before + 1 : last;
  first = std::max(first, last + 1 - std::min(last + 1, kCatchUpEpochs));
  for (std::uint64_t epoch = first; epoch <= last; ++epoch) {
    const auto judged = Judge(client, deadline, node, epoch, finality->finalized, *own, indices);
    if (judged) continue;
    // One that the node has no answer for must not keep us from the later ones.
    const bool none =
        judged.error().reason == Reason::kHttpStatus && !SaysNotSynced(judged.error());
    if (epoch == last || !none) return judged;
  }
  return {};
}

Result<void> DutiesState::Judge(const Client& client, const Deadline& deadline, const NodeNow& node,
                                std::uint64_t epoch, std::uint64_t finalized,
                                const OwnValidators& own, const OwnIndices& indices) {
  const OwnIndices due = DueIn(indices, epoch);
  const std::size_t groups = own.roster->Groups().size();
  const auto rewards = AskRewards(client, deadline, epoch, due);
  if (!rewards) return std::unexpected(rewards.error());
  auto judged = account_.Judge(epoch, due, groups, *rewards, finalized);
  if (!judged) return std::unexpected(judged.error());
  Keep(own, due, std::move(*judged));
  found_.sync = AskSync(client, deadline, node.chain, epoch, indices, groups);
  return {};
}

std::optional<SyncParticipation> DutiesState::AskSync(const Client& client,
                                                      const Deadline& deadline, const Chain& chain,
                                                      std::uint64_t epoch,
                                                      const OwnIndices& indices,
                                                      std::size_t groups) {
  const std::uint64_t length = chain.spec->epochs_per_sync_committee_period;
  if (length == 0) return std::nullopt;
  const auto unknown = [&](const Error& error) -> std::optional<SyncParticipation> {
    Log(LogLevel::kDebug, "sync committee not judged",
        {{"epoch", std::to_string(epoch)}, {"error", error.what}});
    return std::nullopt;
  };
  if (sync_period_ != epoch / length || sync_asked_about_ != indices.size()) {
    bool member = false;
    for (const Question& question : QuestionsAbout(Call::kDutiesSync, epoch, indices)) {
      const auto duties = client.Ask(question, deadline.Within(kRequestTimeMax), ParseSyncDuties);
      if (!duties) return unknown(duties.error());
      member = member || std::ranges::any_of(*duties, [&](std::uint64_t index) {
                 return FindIndex(indices, index) != nullptr;
               });
    }
    sync_period_ = epoch / length;
    sync_asked_about_ = indices.size();
    sync_member_ = member;
  }
  if (!sync_member_) return std::nullopt;
  auto participation =
      AskSyncParticipation(client, deadline.Within(kRequestTimeMax), chain, epoch, indices, groups);
  if (!participation) return unknown(participation.error());
  if (participation->blocks == 0) return std::nullopt;
  return std::move(*participation);
}

void DutiesState::Keep(const OwnValidators& own, const OwnIndices& due, EpochAttestations judged) {
  const auto& groups = own.roster->Groups();
  std::map<std::string, JudgedDuties::Total> totals;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto& total = totals[groups[i]] = found_.totals[groups[i]];
    total.due += judged.groups[i].due;
    total.missed += judged.groups[i].missed;
  }
  found_.totals = std::move(totals);  // Without groups that the file has no more.
  found_.rows.clear();
  for (auto& [position, label] : LabelledKeys(own, parts_.per_key_limit)) {
    const auto& state = own.by_position[position];
    if (!state || FindIndex(due, state->index) == nullptr) continue;
    found_.rows.push_back(
        {std::move(label), own.roster->GroupOf(position), account_.MissedInARow(state->index)});
  }
  found_.roster = own.roster;
  found_.attestations = std::move(judged);
}

DutiesJob::DutiesJob(OwnParts parts)
    : now_(parts.now),
      state_(std::make_shared<DutiesState>(std::move(parts))),
      job_({.schedule = AsPlanned([state = state_] { return state->NextRun(); }),
            .run_time_max = kRunTimeMax},
           [state = state_](const Deadline& deadline) { return state->Run(deadline); }) {}

Result<void> DutiesJob::Tell(Sheet& sheet) const {
  const auto state = job_.Now();
  if (state.found != nullptr) TellDuties(*state.found, now_(), sheet);
  sheet.Set(kDutiesFailures, static_cast<double>(state.past.failures));
  if (state.past.error) return std::unexpected(*state.past.error);
  return {};
}

}  // namespace stakewatch::beacon
