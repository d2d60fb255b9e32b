#pragma once
// Source duties: what the own validators' duties of each epoch brought, by rewards. A job judges
// each epoch once, when it is two before the clock's: earlier the node refuses (404). It asks a
// synced node only, since rewards make it replay states.
//
// Requests per judged epoch, with N keys in the file, of which A are active:
//   3 (genesis, node/syncing, finality_checkpoints; a fourth each ten minutes: config/spec)
//   + ⌈N / 1,000⌉ (validators) + ⌈A / 10,000⌉ (rewards/attestations)
//   + ⌈N / 10,000⌉ when a sync committee period begins (duties/sync)
//   + 8 at most while an own validator is in the committee (rewards/sync_committee).
// A run that finds the node not synced, or its head not yet in the clock's epoch, costs 2, once a
// slot or each two seconds, whichever is longer. What was not judged in time is caught up with, the
// oldest epoch first, at most kCatchUpEpochs in one run.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "common/own_metrics.h"
#include "common/scrape/job.h"
#include "exporters/beacon/attestations.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/sync_committee.h"
#include "exporters/beacon/validators_file.h"

namespace stakewatch::beacon {

// What is known after a run.
struct JudgedDuties {
  struct Total {
    std::uint64_t due = 0;
    std::uint64_t missed = 0;
  };
  struct Row {
    std::string label;
    std::uint32_t group = 0;
    std::uint64_t missed_in_a_row = 0;
  };

  Chain chain;
  std::string not_synced;                // Of the last run; empty: it was asked.
  std::shared_ptr<const Roster> roster;  // That of the judged epoch; null before the first.
  EpochAttestations attestations;
  std::optional<SyncParticipation> sync;  // None: no member, or not told.
  std::vector<Row> rows;
  std::map<std::string, Total> totals;
  double judged_at = 0;  // Unix seconds.
  double took_seconds = 0;
  std::uint64_t requests = 0;
};

// The work of the job, without its thread. Not thread-safe.
class DutiesState {
 public:
  explicit DutiesState(OwnParts parts);

  // Judges what is due. A node that is not synced is no failure.
  Result<JudgedDuties> Run(const Deadline& deadline);
  // When to run again, in Unix seconds.
  double NextRun() const { return next_run_; }

 private:
  Result<void> JudgeAll(const Client& client, const Deadline& deadline, const NodeNow& node);
  Result<void> Judge(const Client& client, const Deadline& deadline, const NodeNow& node,
                     std::uint64_t epoch, std::uint64_t finalized, const OwnValidators& own,
                     const OwnIndices& indices);
  std::optional<SyncParticipation> AskSync(const Client& client, const Deadline& deadline,
                                           const Chain& chain, std::uint64_t epoch,
                                           const OwnIndices& indices, std::size_t groups);
  void Keep(const OwnValidators& own, const OwnIndices& due, EpochAttestations judged);

  OwnParts parts_;
  std::shared_ptr<const CountedUpstream> node_;
  ChainOf chain_;
  AttestationAccount account_;
  JudgedDuties found_;
  // The last committee that was asked for: its period, the members among those asked about.
  std::optional<std::uint64_t> sync_period_;
  std::size_t sync_asked_about_ = 0;
  bool sync_member_ = false;
  double next_run_ = 0;
};

void TellDuties(const JudgedDuties& found, double now, Sheet& sheet);

class DutiesJob {
 public:
  explicit DutiesJob(OwnParts parts);
  void Start() { job_.Start(); }
  // What was found last, and the error of the last run if that failed.
  Result<void> Tell(Sheet& sheet) const;

 private:
  std::function<double()> now_;
  std::shared_ptr<DutiesState> state_;
  Job<JudgedDuties> job_;
};

}  // namespace stakewatch::beacon
