#pragma once
// The heads feed: what eth_subscribe newHeads says of the chain's tip as it moves.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/metrics.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/upstream/upstream.h"
#include "common/websocket/websocket.h"

namespace stakewatch::geth {

struct Head {
  std::uint64_t number = 0;  // Below 2^53.
  std::string hash, parent_hash;
  std::int64_t timestamp = 0;  // Unix seconds, below 2^53.
};

// A message of the node on a connection that asked for nothing but newHeads.
struct HeadMessage {
  bool subscribed = false;   // The answer to eth_subscribe.
  std::optional<Head> head;  // A notification.
};

// A refused subscription is kRpcError, with Geth's code. Other methods' notifications are neither.
Result<HeadMessage> ParseHeadMessage(const std::string& message);

// Finds gaps and reorganisations in the order in which heads come. Geth sends one notification for
// each block that becomes the head; after a reorganisation from the first block that differs on.
class HeadChain {
 public:
  struct Step {
    bool seen = false;         // False for an event that says nothing new.
    std::uint64_t missed = 0;  // Blocks between the last head and this one.
    std::uint64_t reorg_depth =
        0;  // Blocks that were replaced, at least; 0 without reorganisation.
  };

  // In this order:
  // - The first head, one below all that is remembered, and block 0 (a node that was reset, another
  //   chain) start the chain anew: nothing is known of what they replace.
  // - A head whose block is known to be on the chain is a repetition, and ignored.
  // - A head above the next number is a gap; whether the chain under it was replaced is not known.
  // - A head on top of the last one is what is normal.
  // - Otherwise the head, and what was known from its number up, replaces: all blocks above its
  //   parent. When the parent is itself not the block known at that height, or none is known, then
  //   at least one more, or at least those from this number up.
  // A connection that was lost in between changes none of this.
  Step Add(const Head& head);

 private:
  static constexpr std::uint64_t kRemembered = 256;

  std::string& At(std::uint64_t number) { return hashes_[number % kRemembered]; }
  void Remember(const Head& head);

  // By number; of the blocks up to last_, at most kRemembered, empty where not known.
  std::array<std::string, kRemembered> hashes_;
  std::optional<std::uint64_t> last_;
};

// What the feed knows and counts, without the connection: a socket of another kind (IPC) would call
// the same. Thread-safe.
class HeadsState {
 public:
  explicit HeadsState(OwnMetrics& own);

  // Of the connection's thread. `now` is in Unix seconds.
  void OnMessage(const std::string& message, double now);
  void OnDisconnected(const Error& why);

  // Sets the gauges whether or not the subscription stands, and gives the feed's error when it does
  // not, or when the last message could not be read.
  Result<void> Tell(Sheet& sheet) const;
  // The node refused the last eth_subscribe. It may be asked again.
  bool Refused() const;

 private:
  void OnHead(const Head& head, double now);
  void OnError(const Error& why);

  prometheus::Counter& seen_;
  prometheus::Counter& missed_;
  prometheus::Counter& disconnects_;
  prometheus::Counter& reorgs_;
  prometheus::Histogram& reorg_depth_;
  prometheus::Histogram& arrival_delay_;

  mutable std::mutex mutex_;
  HeadChain chain_;
  bool subscribed_ = false;
  bool refused_ = false;
  std::optional<double> last_event_at_;
  std::optional<std::uint64_t> last_number_;
  std::optional<Error> error_;
};

class HeadsFeed {
 public:
  // Checks the URL and connects to nothing yet. `own` outlives the feed.
  static Checked<std::unique_ptr<HeadsFeed>> Make(const std::string& url,
                                                  const UpstreamOptions& options, OwnMetrics& own,
                                                  const WebSocketTimes& times = {});

  // Connects in the background and stays connected. Once.
  void Start();
  // Called at each scrape, which is also when a node that refused the subscription is asked again.
  Result<void> Tell(Sheet& sheet) const;
  std::optional<std::int64_t> CertificateNotAfter() const;

 private:
  HeadsFeed(std::string url, const UpstreamOptions& options, OwnMetrics& own,
            const WebSocketTimes& times)
      : url_(std::move(url)), options_(options), times_(times), state_(own) {}

  const std::string url_;
  const UpstreamOptions options_;
  const WebSocketTimes times_;
  HeadsState state_;
  mutable std::mutex mutex_;           // Of the pointer below: scrapes may come before Start.
  std::unique_ptr<WebSocket> socket_;  // Last: its thread uses the state.
};

}  // namespace stakewatch::geth
