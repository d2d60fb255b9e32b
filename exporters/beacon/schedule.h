#pragma once
// Source schedule: what the own validators are to do next (proposals, attestations, sync
// committee), which blocks they made and missed, and who is not live. A job that asks when an epoch
// begins, two slots after each own proposal, and at two thirds of the epoch; nothing of it makes
// the node replay states, and only a synced node is asked.
//
// Requests per epoch, with N keys in the file, of which A are active, and P own proposals:
//   2 a run (genesis, node/syncing; a third each ten minutes: config/spec), of 2 + P runs
//   + ⌈N / 1,000⌉ (validators)
//   + 2 (duties/proposer; 4 in the first run)
//   + 2 if A ≤ kAttestersMax (duties/attester): with more an attestation is due in every slot
//   + 2 ⌈N / 10,000⌉ when a sync committee period begins (duties/sync)
//   + 3 P at most (headers, then blinded_blocks or duties/proposer again)
//   + ⌈A / 10,000⌉ (liveness).
// While something is missing (the node is not synced, a slot's block is not decided, a call is
// refused), a run is repeated once a slot or each two seconds, whichever is longer.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "common/scrape/job.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/proposals.h"

namespace stakewatch::beacon {

inline constexpr std::size_t kAttestersMax = 1'000;
// A block that is as many slots late is missed.
inline constexpr std::uint64_t kDecidedSlots = 2;

// The attestations of an epoch and the next.
struct AttestationSlots {
  bool every_slot = false;           // Of more than kAttestersMax validators.
  bool next_epoch = false;           // Whether the next epoch's are known, too.
  std::vector<std::uint64_t> slots;  // Ascending, each once.
};

// By group.
struct SyncMembers {
  std::vector<std::uint64_t> now;
  std::optional<std::vector<std::uint64_t>> next;  // None: not told.
};

struct NotLive {
  std::uint64_t head_epoch = 0;  // They were not seen in the one before.
  std::vector<std::uint64_t> by_group;
};

// What is known after a run. Unknown parts are missing.
struct Schedule {
  Chain chain;
  std::string not_synced;                // Of the last run; empty: it was asked.
  std::shared_ptr<const Roster> roster;  // Null before the first answer.
  std::uint64_t epoch = 0;               // Which was the clock's when the duties were asked for.
  double asked_at = 0;                   // Unix seconds.
  std::uint64_t requests = 0;
  bool next_epoch_proposals = false;  // Whether `proposals` has the next epoch's.
  ProposalBook proposals;
  std::optional<AttestationSlots> attestations;
  std::optional<SyncMembers> sync;
  std::optional<NotLive> not_live;
};

// The slot of an epoch in which liveness is asked for: two thirds of it are over.
inline std::uint64_t LivenessSlot(const Chain& chain) {
  return (chain.spec->slots_per_epoch * 2 + 2) / 3;
}

// The work of the job, without its thread. Not thread-safe.
class ScheduleState {
 public:
  explicit ScheduleState(OwnParts parts);

  Result<Schedule> Run(const Deadline& deadline);
  // When to run again, in Unix seconds: at once when the file has changed.
  double NextRun();

 private:
  Result<void> Refresh(const Client& client, const Deadline& deadline, const NodeNow& node,
                       std::shared_ptr<const Roster> roster);
  Result<void> AskProposers(const Client& client, const Deadline& deadline, const NodeNow& node,
                            const std::vector<std::string>& groups);
  void AskAttesters(const Client& client, const Deadline& deadline, const NodeNow& node);
  void AskSyncMembers(const Client& client, const Deadline& deadline, const NodeNow& node,
                      std::size_t groups);
  void AskLiveness(const Client& client, const Deadline& deadline, const NodeNow& node,
                   std::size_t groups);
  Result<void> JudgeProposals(const Client& client, const Deadline& deadline, const NodeNow& node);
  Result<void> JudgeProposal(const Client& client, const Deadline& deadline, const NodeNow& node,
                             std::uint64_t slot);
  void Plan(const NodeNow& node);

  OwnParts parts_;
  std::shared_ptr<const CountedUpstream> node_;
  ChainOf chain_;
  Schedule found_;
  OwnIndices own_;
  std::optional<std::uint64_t> scheduled_epoch_;  // The last one whose proposers are known.
  std::optional<std::uint64_t> refreshed_epoch_;
  std::optional<std::uint64_t> sync_period_;
  std::size_t sync_asked_about_ = 0;
  std::optional<std::uint64_t> live_asked_epoch_;  // The head's.
  std::uint64_t asked_before_ = 0;
  double next_run_ = 0;
};

// `now` in Unix seconds.
void TellSchedule(const Schedule& schedule, double now, Sheet& sheet);

class ScheduleJob {
 public:
  explicit ScheduleJob(OwnParts parts);
  void Start() { job_.Start(); }
  // What was found last, and the error of the last run if that failed.
  Result<void> Tell(Sheet& sheet) const;
  // Null before the first run that succeeded.
  std::shared_ptr<const Schedule> Now() const { return job_.Now().found; }

 private:
  std::function<double()> now_;
  std::shared_ptr<ScheduleState> state_;
  Job<Schedule> job_;
};

}  // namespace stakewatch::beacon
