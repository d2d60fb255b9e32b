#pragma once
// Source validator_set (--beacon.validator-set): the whole network's validators, a million and more
// of them in an answer of 0.5 to 1 GB, streamed to counts and sums. It costs the node seconds of
// CPU, so a job asks once an epoch, and only a node that is synced.
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/json_items.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/scrape/job.h"
#include "common/upstream/upstream.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

// ValidatorStatus of the Beacon API, and what is none of them.
inline constexpr std::array<std::string_view, 10> kSetStatuses = {
    "pending_initialized", "pending_queued",
    "active_ongoing",      "active_exiting",
    "active_slashed",      "exited_unslashed",
    "exited_slashed",      "withdrawal_possible",
    "withdrawal_done",     "other",
};

struct ValidatorSums {
  std::uint64_t validators = 0;
  std::uint64_t balance = 0;  // Gwei, as all balances here.
  std::uint64_t effective_balance = 0;
};

struct ValidatorSet {
  std::array<ValidatorSums, kSetStatuses.size()> by_status;
  std::uint64_t slashed = 0;  // Whatever the status.
  std::uint64_t bytes = 0;    // Of the answer.

  ValidatorSums Active() const;
};

// What a Client streams the answer into.
class ValidatorSetReader final : public Pieces {
 public:
  explicit ValidatorSetReader(JsonItemsLimits limits = {});
  ValidatorSetReader(const ValidatorSetReader&) = delete;
  ValidatorSetReader& operator=(const ValidatorSetReader&) = delete;
  std::span<char> Room() override { return items_.Room(); }
  Result<void> Take(std::size_t bytes) override { return items_.Take(bytes); }
  // Once all has come. Sums that 64 bits do not hold are an error, as is a validator without
  // balance, status, effective_balance or slashed.
  Result<ValidatorSet> Finish() const;

 private:
  Checked<void> Add(std::span<const JsonScalar> validator);

  ValidatorSet set_;
  ValidatorSums all_;
  JsonItems items_;  // Last: what it calls adds to the set.
};

Result<ValidatorSet> AskValidatorSet(const Client& client, const Deadline& deadline);
void TellValidatorSet(const ValidatorSet& set, Sheet& sheet);

struct ValidatorSetParts {
  std::shared_ptr<const Upstream> node;
  std::function<std::optional<Chain>()> chain;  // None while it is not known.
  std::function<bool()> synced;                 // Whether the node may be asked now.
  std::function<JobTime()> clock = std::chrono::system_clock::now;
};

class ValidatorSetJob {
 public:
  explicit ValidatorSetJob(ValidatorSetParts parts);

  void Start() { job_.Start(); }
  void Wake() { job_.Wake(); }  // Looks at chain and sync at once.
  // What was found last, and the error of the last run if that failed.
  Result<void> Tell(Sheet& sheet) const;

 private:
  Job<ValidatorSet> job_;
};

}  // namespace stakewatch::beacon
