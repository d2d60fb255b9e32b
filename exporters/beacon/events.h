#pragma once
// The events feed: what /eth/v1/events says of the chain's tip as it moves. At a scrape every 15 s,
// 45 % of the heads that are soon replaced are never seen; the stream sees all.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/metrics.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/upstream/event_stream.h"
#include "common/upstream/upstream.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/client.h"
#include "exporters/beacon/event.h"
#include "exporters/beacon/slot_ledger.h"

namespace stakewatch::beacon {

// What the feed knows and counts, without the connection. Thread-safe.
class EventsState {
 public:
  explicit EventsState(OwnMetrics& own);

  // Of the stream's thread. `now` is in Unix seconds; without a chain, delays are not known and no
  // head is too far ahead.
  std::string Path() const;  // With the topics to ask for next.
  void OnConnected();
  void OnEvent(const ServerEvent& event, const std::optional<Chain>& chain, double now);
  void OnAlive(double now);
  void OnDisconnected(const Error& why);

  // Of the thread that asks for headers. Waits for a slot to ask about; none when `stop` says so.
  std::optional<std::uint64_t> AwaitSlotToAsk(const std::stop_token& stop);
  void OnAnswer(std::uint64_t slot, const Result<bool>& has_block);

  // Sets the gauges whether or not the stream stands, and gives the feed's error when it does not,
  // or when the last event could not be read.
  Result<void> Tell(Sheet& sheet) const;

 private:
  void OnHead(std::uint64_t slot, const std::optional<Chain>& chain, double now);
  void OnChain(const std::optional<Chain>& chain);
  void OnUnreadable(const Error& why);
  void Count(const SlotLedger::Counted& counted);

  std::array<prometheus::Counter*, kTopics.size()> received_{};
  prometheus::Counter& unreadable_;
  prometheus::Counter& disconnects_;
  prometheus::Counter& reorgs_;
  prometheus::Histogram& reorg_depth_;
  prometheus::Histogram& head_delay_;
  prometheus::Counter& slots_block_;
  prometheus::Counter& slots_empty_;
  prometheus::Counter& slots_unknown_;
  prometheus::Counter& header_requests_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  SlotLedger ledger_;
  std::optional<Genesis> genesis_;  // Of the chain that the ledger is of.
  bool connected_ = false;
  bool all_topics_ = true;  // Asked for; otherwise the old ones.
  std::optional<double> last_received_at_;
  std::array<std::optional<double>, kTopics.size()> last_event_at_{};
  std::optional<std::uint64_t> head_;
  std::optional<std::uint64_t> highest_head_;
  std::optional<Error> error_;
};

// Whether the chain has a block in the slot: headers/{slot}, where 404 says no.
Result<bool> AskHasBlock(const Client& client, std::uint64_t slot, const Deadline& deadline);

// Whom the feed asks what no event tells. Called on threads of the feed's own.
struct EventsAsks {
  std::function<std::optional<Chain>()> chain;  // What is known of it by now; at once.
  std::function<Result<bool>(std::uint64_t slot, const Deadline& deadline)> has_block;
};

struct EventsTimes {
  EventStreamTimes stream{};
  milliseconds header{5000};        // For one answer of has_block.
  milliseconds header_pause{2000};  // After one that failed.
};

class EventsFeed {
 public:
  // Checks the URL, that of the node, and connects to nothing yet. `own` outlives the feed.
  static Checked<std::unique_ptr<EventsFeed>> Make(const std::string& url,
                                                   const UpstreamOptions& options, OwnMetrics& own,
                                                   EventsAsks asks, const EventsTimes& times = {});

  // Connects in the background and stays connected. Once.
  void Start();
  Result<void> Tell(Sheet& sheet) const { return state_.Tell(sheet); }
  std::optional<std::int64_t> CertificateNotAfter() const;

 private:
  EventsFeed(std::string url, UpstreamOptions options, OwnMetrics& own, EventsAsks asks,
             const EventsTimes& times);
  void AskForHeaders(const std::stop_token& stop);

  const std::string url_;
  const UpstreamOptions options_;
  const EventsAsks asks_;
  const EventsTimes times_;
  EventsState state_;
  std::mutex pause_mutex_;
  std::condition_variable_any pause_;
  mutable std::mutex mutex_;             // Of the pointer below: scrapes may come before Start.
  std::unique_ptr<EventStream> stream_;  // Its thread uses what is above,
  std::jthread headers_;                 // and so does this one.
};

}  // namespace stakewatch::beacon
