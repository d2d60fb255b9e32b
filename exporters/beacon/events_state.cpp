// What the events feed makes of the events.
#include <algorithm>
#include <string_view>
#include <utility>

#include "exporters/beacon/events.h"
#include "exporters/beacon/metrics_events.h"

namespace stakewatch::beacon {
namespace {

// A head that comes later is one of those that a node catches up on: it says nothing of how fast
// blocks travel, and what it skips is not asked about.
constexpr double kCatchingUpSeconds = 600;
// So far ahead of our clock is no head: one of the two clocks is wrong, or the node is.
constexpr double kAheadSecondsMax = 3600;

std::size_t Index(Topic topic) {
  return static_cast<std::size_t>(topic);
}

bool SameChain(const Genesis& one, const Genesis& other) {
  return one.time == other.time && one.validators_root == other.validators_root;
}

}  // namespace

EventsState::EventsState(OwnMetrics& own)
    : unreadable_(own.CounterOf(kEventsUnreadable)),
      disconnects_(own.CounterOf(kEventsDisconnects)),
      reorgs_(own.CounterOf(kEventsReorgs)),
      reorg_depth_(own.HistogramOf(kEventsReorgDepth, {1, 2, 3, 4, 5, 8, 16, 32, 64})),
      // An attester votes for another head when the block is not there after a third of the slot.
      head_delay_(
          own.HistogramOf(kEventsHeadDelay, {0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 12, 24})),
      slots_block_(own.CounterOf(kEventsSlots, "block")),
      slots_empty_(own.CounterOf(kEventsSlots, "empty")),
      slots_unknown_(own.CounterOf(kEventsSlots, "unknown")),
      header_requests_(own.CounterOf(kEventsHeaderRequests)) {
  for (std::size_t i = 0; i < kTopics.size(); ++i) {
    received_[i] = &own.CounterOf(kEventsReceived, kTopics[i]);
  }
}

std::string EventsState::Path() const {
  const std::lock_guard lock(mutex_);
  std::string path(kEventsPath);
  for (std::size_t i = 0; i < (all_topics_ ? kTopics.size() : kOldTopics); ++i) {
    if (i > 0) path += ',';
    path += kTopics[i];
  }
  return path;
}

void EventsState::OnConnected() {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  error_.reset();
}

void EventsState::OnAlive(double now) {
  const std::lock_guard lock(mutex_);
  last_received_at_ = now;
}

void EventsState::OnEvent(const ServerEvent& event, const std::optional<Chain>& chain, double now) {
  const auto topic = TopicOf(event.type);
  if (!topic) return;
  const auto parsed = ParseEvent(*topic, event.data);
  const std::lock_guard lock(mutex_);
  OnChain(chain);
  received_[Index(*topic)]->Increment();
  last_event_at_[Index(*topic)] = now;
  if (!parsed) return OnUnreadable(parsed.error());
  error_.reset();
  if (*topic == Topic::kHead) OnHead(parsed->slot, chain, now);
  if (*topic == Topic::kChainReorg) {
    reorgs_.Increment();
    reorg_depth_.Observe(static_cast<double>(parsed->depth));
    ledger_.OnReorg(parsed->slot, parsed->depth);
  }
}

void EventsState::OnUnreadable(const Error& why) {
  unreadable_.Increment();
  error_ = why;
}

// The node may have been moved to another chain, whose slots are none of those counted.
void EventsState::OnChain(const std::optional<Chain>& chain) {
  if (!chain) return;
  if (genesis_ && !SameChain(*genesis_, chain->genesis)) {
    ledger_ = SlotLedger();
    highest_head_.reset();
  }
  genesis_ = chain->genesis;
}

void EventsState::OnHead(std::uint64_t slot, const std::optional<Chain>& chain, double now) {
  std::optional<double> delay;
  if (chain) delay = now - chain->StartOf(slot);
  if (delay && *delay < -kAheadSecondsMax) {
    return OnUnreadable({Reason::kBadAnswer, "event head: slot " + std::to_string(slot) +
                                                 " is more than an hour ahead of our clock"});
  }
  // The first head of a slot; a block that takes its place later has not arrived any later.
  if (!highest_head_ || slot > *highest_head_) {
    // A little below 0, one of the two clocks is a little wrong.
    if (chain && delay && *delay >= -chain->SlotSeconds() && *delay <= kCatchingUpSeconds) {
      head_delay_.Observe(std::max(0.0, *delay));
    }
    highest_head_ = slot;
  }
  head_ = slot;
  Count(ledger_.OnHead(slot, !delay || *delay <= kCatchingUpSeconds));
  changed_.notify_all();
}

void EventsState::Count(const SlotLedger::Counted& counted) {
  slots_block_.Increment(static_cast<double>(counted.block));
  slots_empty_.Increment(static_cast<double>(counted.empty));
  slots_unknown_.Increment(static_cast<double>(counted.unknown));
}

void EventsState::OnDisconnected(const Error& why) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(connected_, false)) {
    disconnects_.Increment();
    ledger_.OnLoss();
    all_topics_ = true;  // The node that comes back may be a newer one.
  } else if (why.reason == Reason::kHttpStatus && why.code == 400) {
    all_topics_ = !all_topics_;
  }
  error_ = why;
}

std::optional<std::uint64_t> EventsState::AwaitSlotToAsk(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return connected_ && ledger_.ToAsk().has_value(); });
  if (stop.stop_requested()) return std::nullopt;
  return ledger_.ToAsk();
}

void EventsState::OnAnswer(std::uint64_t slot, const Result<bool>& has_block) {
  const std::lock_guard lock(mutex_);
  header_requests_.Increment();
  // After a loss it may be that of a node which has started again, with a head below the slot.
  if (connected_) Count(ledger_.OnAnswer(slot, has_block));
}

Result<void> EventsState::Tell(Sheet& sheet) const {
  const std::lock_guard lock(mutex_);
  sheet.Set(kEventsConnected, connected_ ? 1 : 0);
  sheet.Set(kEventsLastReceived, last_received_at_);
  for (std::size_t i = 0; i < kTopics.size(); ++i) {
    sheet.Set(kEventsLastEvent, last_event_at_[i], kTopics[i]);
    if (connected_) {
      sheet.Set(kEventsSubscribed, all_topics_ || i < kOldTopics ? 1 : 0, kTopics[i]);
    }
  }
  if (head_) sheet.Set(kEventsLastHeadSlot, static_cast<double>(*head_));
  if (error_) return std::unexpected(*error_);
  if (!connected_) return Fail(Reason::kTimeout, std::string(kEventsPath) + "…: no answer yet");
  return {};
}

}  // namespace stakewatch::beacon
