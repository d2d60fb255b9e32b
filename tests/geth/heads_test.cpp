// The heads feed: the chain's logic, the parser against bad input, and the feed on a real socket.
#include "exporters/geth/heads.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "exporters/geth/metrics.h"
#include "tests/common/fake_websocket.h"

namespace stakewatch::geth {
namespace {

using stakewatch::testing::FakeWebSocketServer;
using stakewatch::testing::Peer;

// Block `number` of the branch `branch`, as a hash.
std::string HashOf(std::uint64_t number, char branch = 'a') {
  std::string digits = std::to_string(number);
  return "0x" + std::string(63 - digits.size(), '0') + digits + branch;
}

Head Block(std::uint64_t number, char branch = 'a', char parent_branch = 0) {
  return {number, HashOf(number, branch),
          HashOf(number - 1, parent_branch == 0 ? branch : parent_branch), 1700000000};
}

std::string Notification(const Head& head) {
  char number[32];
  char timestamp[32];
  std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(head.number));
  std::snprintf(timestamp, sizeof timestamp, "0x%llx", static_cast<long long>(head.timestamp));
  return R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x9ce59a13",)"
         R"("result":{"parentHash":")" +
         head.parent_hash + R"(","miner":"0x00","number":")" + number + R"(","gasLimit":"0x1",)" +
         R"("timestamp":")" + timestamp + R"(","extraData":"0x","hash":")" + head.hash +
         R"(","withdrawalsRoot":null}}})";
}

// The chain after each of `heads`.
std::vector<HeadChain::Step> Steps(const std::vector<Head>& heads) {
  HeadChain chain;
  std::vector<HeadChain::Step> steps;
  for (const Head& head : heads) steps.push_back(chain.Add(head));
  return steps;
}

void CheckLast(const std::vector<Head>& heads, bool seen, std::uint64_t missed,
               std::uint64_t depth) {
  const auto step = Steps(heads).back();
  CHECK(step.seen == seen);
  CHECK(step.missed == missed);
  CHECK(step.reorg_depth == depth);
}

TEST_CASE("heads one on the other are neither gap nor reorganisation") {
  std::vector<Head> heads;
  for (std::uint64_t number = 1; number < 1000; ++number) heads.push_back(Block(number));
  for (const auto& step : Steps(heads)) {
    CHECK(step.seen);
    CHECK(step.missed == 0);
    CHECK(step.reorg_depth == 0);
  }
}

TEST_CASE("the same head again is ignored") {
  CheckLast({Block(5), Block(5)}, false, 0, 0);
  CheckLast({Block(5), Block(6), Block(5)}, false, 0, 0);
  // It is no repetition when another block took its place in between.
  CheckLast({Block(5), Block(6), Block(6, 'b', 'a'), Block(6)}, true, 0, 1);
}

TEST_CASE("a gap is counted, and no reorganisation claimed") {
  CheckLast({Block(5), Block(9)}, true, 3, 0);
  CheckLast({Block(5), Block(9, 'b')}, true, 3, 0);
  CheckLast({Block(5), Block(9), Block(10)}, true, 0, 0);
  CheckLast({Block(5), Block(1000005)}, true, 999999, 0);
  CheckLast({Block(5), Block(1000005), Block(1000006)}, true, 0, 0);
}

TEST_CASE("a reorganisation has a depth") {
  // One block replaced by another of the same height.
  CheckLast({Block(5), Block(6), Block(6, 'b', 'a')}, true, 0, 1);
  // Three replaced; what follows on the new branch is normal.
  CheckLast({Block(5), Block(6), Block(7), Block(8), Block(6, 'b', 'a')}, true, 0, 3);
  CheckLast({Block(5), Block(6), Block(7), Block(8), Block(6, 'b', 'a'), Block(7, 'b')}, true, 0,
            0);
  // And back again.
  CheckLast({Block(5), Block(6), Block(7), Block(6, 'b', 'a'), Block(7, 'b'), Block(6)}, true, 0,
            2);
  // The next number on another parent: that one was replaced, at least.
  CheckLast({Block(5), Block(6), Block(7, 'b')}, true, 0, 1);
  // A lower number on another parent than the one known.
  CheckLast({Block(4), Block(5), Block(6), Block(7), Block(6, 'b')}, true, 0, 3);
  // The parent of the first head is known by its hash; what is under it is not.
  CheckLast({Block(5), Block(6), Block(5, 'b', 'a')}, true, 0, 2);
  CheckLast({Block(5), Block(6), Block(4, 'b', 'a')}, true, 0, 3);
  // Into a hole that a gap left.
  CheckLast({Block(5), Block(9), Block(7, 'b')}, true, 0, 3);
}

TEST_CASE("the depth is right at the edge of what is remembered") {
  std::vector<Head> heads;
  for (std::uint64_t number = 1000; number <= 2000; ++number) heads.push_back(Block(number));
  const auto with = [&](const Head& head) {
    auto all = heads;
    all.push_back(head);
    return all;
  };
  CheckLast(with(Block(1746, 'b', 'a')), true, 0, 255);
  CheckLast(with(Block(1745, 'b', 'a')), true, 0, 256);
  CheckLast(with(Block(1745, 'b')), true, 0, 256);
  CheckLast(with(Block(1744, 'b', 'a')), true, 0, 0);  // Starts anew.
  CheckLast(with(Block(7, 'b')), true, 0, 0);
  CheckLast(with({0, HashOf(0, 'b'), HashOf(0, 'c'), 0}), true, 0, 0);
}

TEST_CASE("a chain that starts anew knows nothing of the old one") {
  HeadChain chain;
  chain.Add(Block(2000));
  chain.Add(Block(100, 'b'));
  CHECK(chain.Add(Block(101, 'b')).reorg_depth == 0);
  const auto step = chain.Add(Block(2000));
  CHECK(step.missed == 1898);
  CHECK(step.reorg_depth == 0);
}

TEST_CASE("notifications and answers are told apart") {
  const auto head = ParseHeadMessage(Notification(Block(300, 'c')));
  REQUIRE(head.has_value());
  REQUIRE(head->head.has_value());
  CHECK(head->head->number == 300);
  CHECK(head->head->hash == HashOf(300, 'c'));
  CHECK(head->head->parent_hash == HashOf(299, 'c'));
  CHECK(head->head->timestamp == 1700000000);
  CHECK(!head->subscribed);

  const auto answer = ParseHeadMessage(R"({"jsonrpc":"2.0","id":1,"result":"0x9ce59a13"})");
  REQUIRE(answer.has_value());
  CHECK(answer->subscribed);
  CHECK(!answer->head.has_value());

  const auto refused = ParseHeadMessage(
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"notifications not supported"}})");
  REQUIRE(!refused.has_value());
  CHECK(refused.error().reason == Reason::kRpcError);
  CHECK(refused.error().code == -32601);

  const auto other = ParseHeadMessage(R"({"method":"net_other","params":{"x":[1,{"y":2}]}})");
  REQUIRE(other.has_value());
  CHECK(!other->subscribed);
  CHECK(!other->head.has_value());
}

TEST_CASE("bad messages are errors, not heads") {
  const std::string good = Notification(Block(300));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(!ParseHeadMessage(good.substr(0, size)).has_value());
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text : {
           with(R"("number":"0x12c")", R"("number":300)"),
           with(R"("number":"0x12c")", R"("number":null)"),
           with(R"("number":"0x12c")", R"("number":"0x")"),
           with(R"("number":"0x12c")", R"("number":"0x-1")"),
           with(R"("number":"0x12c")", R"("number":"0x20000000000000")"),
           with(R"("number":"0x12c")", R"("number":"0xfffffffffffffffffff")"),
           with(R"("number":"0x12c")", R"("number":{})"),
           with(R"("number")", R"("numbre")"),
           with(R"("timestamp":"0x)", R"("timestamp":"0xffffffffff)"),
           with(R"("hash":"0x)", R"("hash":"0xzz)"),
           with(R"("hash":"0x)", R"("hash":"0x0)"),
           with(R"("parentHash":"0x0)", R"("parentHash":"0)"),
           with("params", "xparams").substr(5),
           std::string("[]"),
           std::string("null"),
           std::string("<html><body>502 Bad Gateway</body></html>"),
           std::string("{\"params\":\xFF\xFE}"),
           std::string(R"({"id":1,"result":{"a":1}})"),
           std::string(R"({"method":7})"),
           std::string(R"({"method":"eth_subscription","params":[1]})"),
           R"({"method":"eth_subscription","params":{"result":)" + std::string(100000, '[') + "}}",
           R"({"params":)" + std::string(100000, '{'),
       }) {
    CAPTURE(text.substr(0, 300));
    const auto parsed = ParseHeadMessage(text);
    REQUIRE(!parsed.has_value());
    CHECK(parsed.error().reason == Reason::kBadAnswer);
  }
  // A member that stands twice: the last one counts, as a whole.
  const auto twice = ParseHeadMessage(with(R"("number":)", R"("number":"0x1","number":)"));
  REQUIRE(twice.has_value());
  CHECK(twice->head->number == 300);
  CHECK(!ParseHeadMessage(with(R"("number":)", R"("number":1,"number":)")).has_value());
}

double ValueOf(const Families& families, std::string_view name) {
  for (const auto& family : families) {
    if (family.name != name) continue;
    const auto& metric = family.metric.front();
    if (family.type == prometheus::MetricType::Counter) return metric.counter.value;
    if (family.type == prometheus::MetricType::Gauge) return metric.gauge.value;
    return static_cast<double>(metric.histogram.sample_count);
  }
  return -1;
}

Families Told(const HeadsState& state, bool ok) {
  Sheet sheet(kMetrics);
  CHECK(state.Tell(sheet).has_value() == ok);
  return std::move(sheet).TakeFamilies();
}

TEST_CASE("the state counts, and tells its gauges also while it is down") {
  OwnMetrics own;
  HeadsState state(own);
  Families told = Told(state, false);
  CHECK(ValueOf(told, "geth_heads_feed_connected") == 0);
  CHECK(ValueOf(told, "geth_heads_last_event_timestamp_seconds") == -1);

  state.OnMessage(R"({"jsonrpc":"2.0","id":1,"result":"0x1"})", 1700000000);
  told = Told(state, true);
  CHECK(ValueOf(told, "geth_heads_feed_connected") == 1);
  CHECK(ValueOf(told, "geth_heads_last_event_timestamp_seconds") == -1);

  state.OnMessage(Notification(Block(10)), 1700000001.5);
  state.OnMessage(Notification(Block(13)), 1700000001.5);
  state.OnMessage(Notification(Block(13, 'b', 'a')), 1699999999);  // A clock that is behind.
  state.OnMessage(Notification(Block(13, 'b', 'a')), 1700000002);
  state.OnMessage(Notification(Block(14, 'b')), 1700000061);  // Catching up.
  told = Told(state, true);
  CHECK(ValueOf(told, "geth_heads_last_event_timestamp_seconds") == 1700000061);
  CHECK(ValueOf(told, "geth_heads_last_block_number") == 14);
  CHECK(ValueOf(own.Collect(), "geth_heads_seen_total") == 4);
  CHECK(ValueOf(own.Collect(), "geth_heads_missed_total") == 2);
  CHECK(ValueOf(own.Collect(), "geth_heads_reorgs_total") == 1);
  CHECK(ValueOf(own.Collect(), "geth_heads_reorg_depth_blocks") == 1);
  CHECK(ValueOf(own.Collect(), "geth_heads_arrival_delay_seconds") == 3);

  state.OnMessage("<html>", 1700000062);
  told = Told(state, false);
  CHECK(ValueOf(told, "geth_heads_feed_connected") == 1);
  state.OnMessage(Notification(Block(15, 'b')), 1700090002);
  Told(state, true);

  state.OnDisconnected({Reason::kUnreachable, "gone"});
  state.OnDisconnected({Reason::kUnreachable, "not there"});
  told = Told(state, false);
  CHECK(ValueOf(told, "geth_heads_feed_connected") == 0);
  CHECK(ValueOf(told, "geth_heads_last_block_number") == 15);
  CHECK(ValueOf(own.Collect(), "geth_heads_feed_disconnects_total") == 1);
}

// Tells until `done` or patience ends.
bool TellUntil(const HeadsFeed& feed, const std::function<bool(bool ok, const Families&)>& done) {
  const Deadline deadline(stakewatch::testing::kPatience);
  while (!deadline.Over()) {
    Sheet sheet(kMetrics);
    const bool ok = feed.Tell(sheet).has_value();
    if (done(ok, std::move(sheet).TakeFamilies())) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

constexpr WebSocketTimes kQuick{.retry_first = std::chrono::milliseconds(10),
                                .retry_longest = std::chrono::milliseconds(40)};

TEST_CASE("a feed's URL is that of a WebSocket, and before its start it is down") {
  OwnMetrics own;
  CHECK(!HeadsFeed::Make("http://127.0.0.1", {}, own).has_value());
  const auto feed = HeadsFeed::Make("ws://127.0.0.1:1", {}, own);
  REQUIRE(feed.has_value());
  Sheet sheet(kMetrics);
  CHECK(!(*feed)->Tell(sheet).has_value());
  CHECK(!(*feed)->CertificateNotAfter().has_value());
}

TEST_CASE("the feed subscribes again after a loss, and sees what it missed") {
  OwnMetrics own;
  std::string asked;
  {
    FakeWebSocketServer server([&](const Peer& peer, int number) {
      peer.Accept();
      asked = peer.ReadText();
      peer.Text(R"({"jsonrpc":"2.0","id":1,"result":"0x1"})");
      peer.Text(Notification(Block(number == 0 ? 10 : 14)));
      if (number == 0) {
        peer.Write(Peer::FrameBytes(8, ""));
        peer.ReadFrame();
        return;
      }
      peer.Stay();
    });
    const auto feed = HeadsFeed::Make(server.Url(), {}, own, kQuick);
    REQUIRE(feed.has_value());
    (*feed)->Start();
    CHECK(TellUntil(**feed, [](bool ok, const Families& told) {
      return ok && ValueOf(told, "geth_heads_last_block_number") == 14;
    }));
  }
  CHECK(asked.contains(R"("method":"eth_subscribe","params":["newHeads"])"));
  CHECK(ValueOf(own.Collect(), "geth_heads_missed_total") == 3);
  CHECK(ValueOf(own.Collect(), "geth_heads_feed_disconnects_total") == 1);
}

TEST_CASE("a refused subscription is asked for again at a scrape") {
  OwnMetrics own;
  FakeWebSocketServer server([&](const Peer& peer, int) {
    peer.Accept();
    peer.ReadText();
    peer.Text(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"not now"}})");
    peer.ReadText();
    peer.Text(R"({"jsonrpc":"2.0","id":1,"result":"0x1"})");
    peer.Stay();
  });
  const auto feed = HeadsFeed::Make(server.Url(), {}, own, kQuick);
  REQUIRE(feed.has_value());
  (*feed)->Start();
  CHECK(TellUntil(**feed, [](bool ok, const Families&) { return ok; }));
  CHECK(server.Connections() == 1);
  CHECK(ValueOf(own.Collect(), "geth_heads_feed_disconnects_total") >= 1);
}

}  // namespace
}  // namespace stakewatch::geth
