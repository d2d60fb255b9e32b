#include "exporters/beacon/own_node.h"

#include <algorithm>

#include "common/scrape/scrape.h"
#include "exporters/beacon/sync.h"

namespace stakewatch::beacon {

namespace {

constexpr std::chrono::seconds kRetry{10};
constexpr std::uint64_t kDoublingsMax = 5;

}  // namespace

JobSchedule AsPlanned(std::function<double()> next_run) {
  return [next_run = std::move(next_run)](JobTime now, const JobPast& past) {
    // Before the last run the clock cannot be, unless it was set.
    if (!past.last_ended_at || now < *past.last_ended_at) return now;
    if (past.error) {
      const auto doublings = std::min<std::uint64_t>(past.failures_in_a_row - 1, kDoublingsMax);
      return *past.last_ended_at + kRetry * (1 << doublings);
    }
    const std::chrono::duration<double> at(next_run());
    return JobTime(std::chrono::ceil<JobTime::duration>(at));
  };
}

CountedUpstream::CountedUpstream(std::shared_ptr<const Upstream> node, OwnMetrics* own,
                                 std::string_view source)
    : node_(std::move(node)) {
  if (own != nullptr) requests_ = &own->CounterOf(kSourceRequests, source);
}

void CountedUpstream::Count() const {
  ++asked_;
  if (requests_ != nullptr) requests_->Increment();
}

Result<std::string> CountedUpstream::Ask(const Request& request, const Deadline& deadline) const {
  Count();
  return node_->Ask(request, deadline);
}

Result<void> CountedUpstream::AskInPieces(const Request& request, const Deadline& deadline,
                                          std::uint64_t bytes_max, Pieces& to) const {
  Count();
  return node_->AskInPieces(request, deadline, bytes_max, to);
}

Result<NodeNow> LookAtNode(const Client& client, const Deadline& deadline, ChainOf& chain,
                           double now) {
  auto known = chain.Ask(client, deadline);
  if (!known) return std::unexpected(known.error());
  const auto syncing = client.Ask(Call::kNodeSyncing, deadline, ParseSyncing);
  if (!syncing) return std::unexpected(syncing.error());
  NodeNow node;
  node.chain = std::move(*known);
  node.head_slot = syncing->head_slot;
  const auto slot = node.chain.SlotAt(now);
  node.clock_slot = slot.value_or(0);
  const std::uint64_t lag = HeadLag(*syncing, node.chain, now).value_or(0);
  if (!slot) {
    node.not_synced = "the chain has not begun";
  } else if (syncing->is_syncing) {
    node.not_synced = "the node is syncing";
  } else if (syncing->is_optimistic.value_or(false)) {
    node.not_synced = "the node is optimistic: its execution client has not verified the head";
  } else if (lag > kSyncedLagSlotsMax) {
    node.not_synced = "the node's head is " + std::to_string(lag) + " slots behind the clock";
  }
  return node;
}

OwnIndices IndicesOf(const OwnValidators& own) {
  OwnIndices indices;
  indices.reserve(own.by_position.size());
  for (std::size_t i = 0; i < own.by_position.size(); ++i) {
    const auto& state = own.by_position[i];
    if (state) indices.push_back({state->index, own.roster->GroupOf(i), i, *state});
  }
  // A node that gives one index to two keys: the file's first one counts.
  std::ranges::stable_sort(indices, {}, &OwnIndex::index);
  const auto same = std::ranges::unique(indices, {}, &OwnIndex::index);
  indices.erase(same.begin(), same.end());
  return indices;
}

OwnIndices DueIn(const OwnIndices& own, std::uint64_t epoch) {
  OwnIndices due;
  std::ranges::copy_if(own, std::back_inserter(due),
                       [&](const OwnIndex& one) { return one.state.Due(epoch); });
  return due;
}

const OwnIndex* FindIndex(const OwnIndices& own, std::uint64_t index) {
  const auto at = std::ranges::lower_bound(own, index, {}, &OwnIndex::index);
  return at == own.end() || at->index != index ? nullptr : &*at;
}

std::vector<Question> QuestionsAbout(Call call, std::uint64_t epoch, const OwnIndices& own) {
  std::vector<Question> questions;
  for (std::size_t from = 0; from < own.size(); from += kIndicesPerRequest) {
    const std::size_t count = std::min(kIndicesPerRequest, own.size() - from);
    std::vector<std::string> ids;
    ids.reserve(count);
    for (std::size_t i = from; i < from + count; ++i) ids.push_back(std::to_string(own[i].index));
    questions.emplace_back(call, epoch, std::move(ids));
  }
  return questions;
}

}  // namespace stakewatch::beacon
