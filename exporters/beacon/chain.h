#pragma once
// What a chain is: its genesis, its constants, and the slot and epoch that the clock says.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/result.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

// FAR_FUTURE_EPOCH of the consensus specification: never.
inline constexpr std::uint64_t kFarFutureEpoch = ~std::uint64_t{0};

struct Genesis {
  std::int64_t time = 0;  // Unix seconds.
  std::string validators_root;
};

struct Fork {
  std::string name;  // As the spec's member, without _FORK_EPOCH: "ELECTRA".
  std::uint64_t epoch = 0;
};

// config/spec: the constants of the chain that this exporter needs.
struct Spec {
  std::string config_name;
  std::uint64_t slot_ms = 0;  // SLOT_DURATION_MS, or SECONDS_PER_SLOT where that is not told.
  std::uint64_t slots_per_epoch = 0;
  std::uint64_t epochs_per_sync_committee_period = 0;  // 0: not told.
  std::optional<std::uint64_t> deposit_chain_id;
  std::vector<Fork> forks;                          // By epoch; kFarFutureEpoch: not planned.
  std::vector<std::uint64_t> blob_schedule_epochs;  // Of BLOB_SCHEDULE, ascending.
};

Result<Genesis> ParseGenesis(const std::string& answer);
// Refuses what no chain can have: slots of 0 ms or more than a day, epochs of 0 or more than 2^20
// slots.
Result<Spec> ParseSpec(const std::string& answer);

struct Chain {
  Genesis genesis;
  std::shared_ptr<const Spec> spec;

  // None before genesis. `now` in Unix seconds.
  std::optional<std::uint64_t> SlotAt(double now) const;
  std::uint64_t EpochOf(std::uint64_t slot) const { return slot / spec->slots_per_epoch; }
  std::uint64_t FirstSlotOf(std::uint64_t epoch) const { return epoch * spec->slots_per_epoch; }
  // Unix seconds of the slot's start.
  double StartOf(std::uint64_t slot) const;
  double SlotSeconds() const { return static_cast<double>(spec->slot_ms) / 1e3; }
};

// The chain that a node is on, as the node tells. Thread-safe; of one node.
class ChainOf {
 public:
  // Asks for the genesis each time, so that a node that was moved to another chain is seen at once,
  // and for the spec when the genesis is another one or the last answer is ten minutes old (forks
  // are planned by an upgrade of the node).
  Result<Chain> Ask(const Client& client, const Deadline& deadline);
  // What was last answered: for feeds and jobs, between scrapes.
  std::optional<Chain> Last() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Chain> last_;
  Deadline::Clock::time_point asked_at_;
};

}  // namespace stakewatch::beacon
