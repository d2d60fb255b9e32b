#pragma once
// What the jobs about own validators share: the node's chain and whether it may be asked for
// duties, requests that are counted, and lists of indices in pieces.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/job.h"
#include "common/unix_time.h"
#include "common/upstream/upstream.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/client.h"
#include "exporters/beacon/validators.h"
#include "exporters/beacon/validators_file.h"

namespace stakewatch::beacon {

// Indices in one request about duties, rewards or liveness: 0.1 MB to the node, about 1 MB back.
// Each request for rewards makes the node replay an epoch, so they are few.
inline constexpr std::size_t kIndicesPerRequest = 10'000;
// A node whose head is further behind the clock is not synced, whatever it says.
inline constexpr std::uint64_t kSyncedLagSlotsMax = 2;

// What a job about own validators works with.
struct OwnParts {
  std::shared_ptr<const Upstream> node;
  std::shared_ptr<ValidatorsFile> file;
  OwnMetrics* own = nullptr;  // May be null: requests are not counted then.
  std::size_t per_key_limit = 64;
  std::vector<std::string> fee_recipients;  // Lower case; empty: not looked at.
  std::function<double()> now = UnixNow;    // Unix seconds.
};

// Epochs that a job catches up with, after the exporter or the node was away.
inline constexpr std::uint64_t kCatchUpEpochs = 4;
// A run that has nothing to ask yet is repeated after a slot, or this if that is longer.
inline constexpr double kNotYetSecondsMin = 2;
// At once, then at what `next_run` says (Unix seconds, after the last run); after a failure 10 s
// later, doubled for each failure in a row up to 320 s.
JobSchedule AsPlanned(std::function<double()> next_run);

// Counts what a job or a feed asks between scrapes: in stakewatch_source_requests_total, and for
// the job itself.
class CountedUpstream final : public Upstream {
 public:
  // `own` may be null; it outlives this.
  CountedUpstream(std::shared_ptr<const Upstream> node, OwnMetrics* own, std::string_view source);
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;
  Result<void> AskInPieces(const Request& request, const Deadline& deadline,
                           std::uint64_t bytes_max, Pieces& to) const override;
  std::uint64_t Asked() const { return asked_; }

 private:
  void Count() const;

  std::shared_ptr<const Upstream> node_;
  prometheus::Counter* requests_ = nullptr;
  mutable std::atomic<std::uint64_t> asked_ = 0;
};

// A node at one moment.
struct NodeNow {
  Chain chain;
  std::uint64_t clock_slot = 0;
  std::uint64_t head_slot = 0;
  std::string not_synced;  // Why it may not be asked for duties; empty: it may.

  std::uint64_t ClockEpoch() const { return chain.EpochOf(clock_slot); }
  std::uint64_t HeadEpoch() const { return chain.EpochOf(head_slot); }
};

// Two requests (genesis, node/syncing), three when the spec is asked again.
Result<NodeNow> LookAtNode(const Client& client, const Deadline& deadline, ChainOf& chain,
                           double now);

// HTTP 503: how a node that syncs refuses duties. Prysm's message has the sync JSON inside.
inline bool SaysNotSynced(const Error& error) {
  return HasStatus(error, 503);
}

// An own validator that the chain knows.
struct OwnIndex {
  std::uint64_t index = 0;
  std::uint32_t group = 0;  // Place in Roster::Groups.
  std::size_t position = 0;
  Validator state;
};
// By index.
using OwnIndices = std::vector<OwnIndex>;
OwnIndices IndicesOf(const OwnValidators& own);
// Those whose attestation is due in the epoch.
OwnIndices DueIn(const OwnIndices& own, std::uint64_t epoch);
// Null when it is none of them.
const OwnIndex* FindIndex(const OwnIndices& own, std::uint64_t index);

// The questions about all of them.
std::vector<Question> QuestionsAbout(Call call, std::uint64_t epoch, const OwnIndices& own);

}  // namespace stakewatch::beacon
