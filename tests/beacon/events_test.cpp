// The events feed: parsing against bad input, what is counted, and the feed on a real socket.
#include "exporters/beacon/events.h"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "exporters/beacon/metrics_events.h"
#include "tests/common/raw_server.h"
#include "tests/testing.h"

namespace stakewatch::beacon {
namespace {

using stakewatch::testing::RawPeer;
using stakewatch::testing::RawServer;
using namespace std::chrono_literals;

constexpr double kGenesis = 1700000000;

// A chain of 12 s slots.
std::optional<Chain> ChainAt(std::int64_t genesis = static_cast<std::int64_t>(kGenesis)) {
  auto spec = std::make_shared<Spec>();
  spec->slot_ms = 12000;
  spec->slots_per_epoch = 32;
  return Chain{{genesis, "0xroot"}, spec};
}

double StartOf(std::uint64_t slot) {
  return kGenesis + 12 * static_cast<double>(slot);
}

std::string HeadData(std::uint64_t slot) {
  return R"({"slot":")" + std::to_string(slot) +
         R"(","block":"0x32b3","state":"0xb353","epoch_transition":false,)"
         R"("execution_optimistic":false})";
}

ServerEvent Head(std::uint64_t slot) {
  return {"head", HeadData(slot)};
}

ServerEvent Reorg(std::uint64_t slot, std::uint64_t depth) {
  return {"chain_reorg", R"({"slot":")" + std::to_string(slot) + R"(","depth":")" +
                             std::to_string(depth) +
                             R"(","old_head_block":"0x1","new_head_block":"0x2","epoch":"1"})"};
}

double ValueOf(const Families& families, std::string_view name, std::string_view label = "") {
  for (const auto& family : families) {
    if (family.name != name) continue;
    for (const auto& metric : family.metric) {
      if (!label.empty() && (metric.label.empty() || metric.label.front().value != label)) continue;
      if (family.type == prometheus::MetricType::Counter) return metric.counter.value;
      if (family.type == prometheus::MetricType::Gauge) return metric.gauge.value;
      return static_cast<double>(metric.histogram.sample_count);
    }
  }
  return -1;
}

double SumOf(const Families& families, std::string_view name) {
  for (const auto& family : families) {
    if (family.name == name) return family.metric.front().histogram.sample_sum;
  }
  return -1;
}

// A state, its counters and what it tells.
struct Fixture {
  OwnMetrics own;
  EventsState state{own};

  // Each head a second after the start of its slot.
  void Heads(const std::vector<std::uint64_t>& slots) {
    for (const std::uint64_t slot : slots) state.OnEvent(Head(slot), ChainAt(), StartOf(slot) + 1);
  }
  Families Told(bool ok) const {
    Sheet sheet(kEventsMetrics);
    CHECK(state.Tell(sheet).has_value() == ok);
    return std::move(sheet).TakeFamilies();
  }
  std::string Error() const {
    Sheet sheet(kEventsMetrics);
    const auto told = state.Tell(sheet);
    return told ? "" : told.error().what;
  }
  double Counted(std::string_view name, std::string_view label = "") const {
    return ValueOf(own.Collect(), name, label);
  }
  double Slots(std::string_view content) const {
    return Counted("beaconapi_events_slots_total", content);
  }
};

TEST_CASE("events: numbers are strings or numbers, below 2^53") {
  for (const std::string_view text :
       {R"({"slot":"55","block":"0x1"})", R"({"block":"0x1","slot":55})",
        R"( {"extra":[{"slot":"7"}],"slot":"55"} )"}) {
    CAPTURE(text);
    const auto event = ParseEvent(Topic::kHead, std::string(text));
    REQUIRE(event.has_value());
    CHECK(event->slot == 55);
  }
  CHECK(ParseEvent(Topic::kBlock, R"({"slot":9007199254740991})")->slot == (1ULL << 53) - 1);
  const auto reorg = ParseEvent(Topic::kChainReorg, R"({"slot":"200","depth":"50"})");
  REQUIRE(reorg.has_value());
  CHECK(reorg->slot == 200);
  CHECK(reorg->depth == 50);
  CHECK(ParseEvent(Topic::kFinalizedCheckpoint, R"({"epoch":"5"})").has_value());
  CHECK(ParseEvent(Topic::kAttesterSlashing, R"({"attestation_1":{},"attestation_2":{}})")
            .has_value());
}

TEST_CASE("events: what is no event of the Beacon API is an error") {
  for (const std::string slot :
       {"-1", R"("-1")", "9007199254740992", R"("9007199254740992")", R"("18446744073709551615")",
        R"("18446744073709551616")", "1.5", R"("1.5")", R"("0x10")", R"("")", R"(" 1")", "null",
        "true", "[1]", "{}", R"("1e3")"}) {
    CAPTURE(slot);
    const auto event = ParseEvent(Topic::kHead, R"({"slot":)" + slot + "}");
    REQUIRE(!event.has_value());
    CHECK(event.error().reason == Reason::kBadAnswer);
    CHECK(event.error().what.starts_with("event head: "));
    CHECK(!ParseEvent(Topic::kChainReorg, R"({"slot":"1","depth":)" + slot + "}").has_value());
  }
  const std::string good = HeadData(55);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(!ParseEvent(Topic::kHead, good.substr(0, size)).has_value());
  }
  for (const std::string& data :
       {std::string(), std::string("null"), std::string("55"), std::string("[]"), std::string("{}"),
        std::string("<html>"), std::string(100000, '['), std::string("{\"slot\":\xFF}"),
        R"({"x":)" + std::string(100000, '{')}) {
    CAPTURE(data.substr(0, 100));
    CHECK(!ParseEvent(Topic::kHead, data).has_value());
    CHECK(!ParseEvent(Topic::kChainReorg, data).has_value());
  }
  CHECK(!ParseEvent(Topic::kProposerSlashing, "[]").has_value());
  CHECK(!ParseEvent(Topic::kProposerSlashing, "").has_value());
  CHECK(TopicOf("head") == Topic::kHead);
  CHECK(TopicOf("attester_slashing") == Topic::kAttesterSlashing);
  CHECK(!TopicOf("message").has_value());
  CHECK(!TopicOf("").has_value());
}

TEST_CASE("events: a recorded Prysm") {
  Fixture f;
  f.state.OnConnected();
  SseParser parser;
  const std::string text =
      testing::ReadFile(testing::TestsFolder() + "/beacon/events/prysm-7.1.6-healthy.sse");
  CHECK(parser.Feed(text, [&](const ServerEvent& e) { f.state.OnEvent(e, std::nullopt, kGenesis); })
            .has_value());
  CHECK(f.Counted("beaconapi_events_received_total", "head") == 5);
  CHECK(f.Counted("beaconapi_events_received_total", "block") == 5);
  CHECK(f.Counted("beaconapi_events_received_total", "finalized_checkpoint") == 1);
  CHECK(f.Counted("beaconapi_events_received_total", "chain_reorg") == 0);
  CHECK(f.Counted("beaconapi_events_unreadable_total") == 0);
  CHECK(f.Slots("block") == 3);
  CHECK(f.Slots("empty") == 0);
  CHECK(f.Slots("unknown") == 0);
  const Families told = f.Told(true);
  CHECK(ValueOf(told, "beaconapi_events_last_head_slot") == 59);
  CHECK(ValueOf(told, "beaconapi_events_last_event_timestamp_seconds", "head") == kGenesis);
  // Without genesis time no delay is known.
  CHECK(f.Counted("beaconapi_events_head_arrival_delay_seconds") == 0);
}

TEST_CASE("events: the state tells its gauges also while it is down") {
  Fixture f;
  Families told = f.Told(false);
  CHECK(ValueOf(told, "beaconapi_events_feed_connected") == 0);
  CHECK(ValueOf(told, "beaconapi_events_last_received_timestamp_seconds") == -1);
  CHECK(ValueOf(told, "beaconapi_events_last_event_timestamp_seconds") == -1);
  CHECK(ValueOf(told, "beaconapi_events_last_head_slot") == -1);
  CHECK(ValueOf(told, "beaconapi_events_subscribed") == -1);

  f.state.OnConnected();
  f.state.OnAlive(kGenesis);
  told = f.Told(true);
  CHECK(ValueOf(told, "beaconapi_events_feed_connected") == 1);
  CHECK(ValueOf(told, "beaconapi_events_last_received_timestamp_seconds") == kGenesis);
  CHECK(ValueOf(told, "beaconapi_events_last_event_timestamp_seconds", "head") == -1);
  CHECK(ValueOf(told, "beaconapi_events_subscribed", "attester_slashing") == 1);

  f.Heads({10});
  f.state.OnEvent({"attester_slashing", "{}"}, ChainAt(), 1);
  f.state.OnEvent({"voluntary_exit", "not ours"}, ChainAt(), 1);
  f.state.OnEvent({"message", "{}"}, ChainAt(), 1);
  CHECK(f.Counted("beaconapi_events_received_total", "attester_slashing") == 1);
  CHECK(f.Counted("beaconapi_events_received_total", "proposer_slashing") == 0);
  f.state.OnDisconnected({Reason::kUnreachable, "gone"});
  f.state.OnDisconnected({Reason::kUnreachable, "not there"});
  told = f.Told(false);
  CHECK(ValueOf(told, "beaconapi_events_feed_connected") == 0);
  CHECK(ValueOf(told, "beaconapi_events_last_head_slot") == 10);
  CHECK(ValueOf(told, "beaconapi_events_last_event_timestamp_seconds", "head") == StartOf(10) + 1);
  CHECK(f.Error() == "not there");
  CHECK(f.Counted("beaconapi_events_feed_disconnects_total") == 1);  // A try that fails is none.
}

TEST_CASE("events: garbage is told until an event can be read again, and breaks nothing") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({10, 11});
  for (const std::string data : {"", "<html>", "{}", R"({"slot":-1})", "{\"slot\":\"\xFF\"}"}) {
    f.state.OnEvent({"head", data}, ChainAt(), StartOf(11));
  }
  f.state.OnEvent({"chain_reorg", R"({"slot":"11"})"}, ChainAt(), StartOf(11));
  CHECK(f.Counted("beaconapi_events_unreadable_total") == 6);
  CHECK(f.Error().starts_with("event chain_reorg: "));
  CHECK(ValueOf(f.Told(false), "beaconapi_events_feed_connected") == 1);
  f.Heads({12, 13});
  CHECK(f.Error().empty());
  CHECK(f.Slots("block") == 2);
  CHECK(f.Counted("beaconapi_events_reorgs_total") == 0);
}

TEST_CASE("events: reorganisations and their depth are those that the node tells") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({10, 11});
  f.state.OnEvent(Reorg(12, 2), ChainAt(), StartOf(12));
  f.Heads({12});
  f.state.OnEvent(Reorg(9, 300), ChainAt(), StartOf(12));
  f.state.OnEvent(Reorg((1ULL << 53) - 1, 1), ChainAt(), StartOf(12));
  CHECK(f.Counted("beaconapi_events_reorgs_total") == 3);
  CHECK(f.Counted("beaconapi_events_reorg_depth_slots") == 3);
  CHECK(SumOf(f.own.Collect(), "beaconapi_events_reorg_depth_slots") == 303);
  CHECK(ValueOf(f.Told(true), "beaconapi_events_last_head_slot") == 12);
}

TEST_CASE("events: the delay of a head is that of the first head of its slot") {
  constexpr std::string_view kDelay = "beaconapi_events_head_arrival_delay_seconds";
  Fixture f;
  f.state.OnConnected();
  const auto head = [&](std::uint64_t slot, double delay) {
    f.state.OnEvent(Head(slot), ChainAt(), StartOf(slot) + delay);
  };
  head(10, 1.5);
  head(10, 3);  // Again, or another block.
  head(12, 2.5);
  head(11, 20);  // Fallen back.
  head(12, 9);
  CHECK(f.Counted(kDelay) == 2);
  CHECK(SumOf(f.own.Collect(), kDelay) == 4);
  head(13, -0.5);  // A clock that is a little behind.
  CHECK(f.Counted(kDelay) == 3);
  CHECK(SumOf(f.own.Collect(), kDelay) == 4);
  head(14, 700);   // Catching up.
  head(15, -100);  // A clock that says nothing about delays any more.
  CHECK(f.Counted(kDelay) == 3);
  CHECK(f.Error().empty());
  f.state.OnEvent(Head(16), std::nullopt, 0);  // Genesis time is not known.
  CHECK(f.Counted(kDelay) == 3);
}

TEST_CASE("events: a head far ahead of the clock is an error, and not believed") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({10, 11, 12});
  for (const std::uint64_t slot : {std::uint64_t{12 + 301}, (std::uint64_t{1} << 53) - 1}) {
    f.state.OnEvent(Head(slot), ChainAt(), StartOf(12));
    CHECK(f.Error().contains("more than an hour ahead of our clock"));
  }
  CHECK(f.Counted("beaconapi_events_unreadable_total") == 2);
  CHECK(ValueOf(f.Told(false), "beaconapi_events_last_head_slot") == 12);
  f.Heads({13});
  CHECK(f.Error().empty());
  CHECK(f.Slots("block") == 2);
  CHECK(f.Slots("unknown") == 0);
}

// What the thread for headers would do, as long as there is something to do.
std::vector<std::uint64_t> AnswerAll(Fixture& f,
                                     const std::function<Result<bool>(std::uint64_t)>& has_block) {
  std::vector<std::uint64_t> asked;
  while (asked.size() < 1000) {
    // One that is to stop at once takes what is there and waits for nothing.
    std::stop_source stop;
    std::optional<std::uint64_t> slot;
    std::atomic<bool> done = false;
    std::jthread waiter([&] {
      slot = f.state.AwaitSlotToAsk(stop.get_token());
      done = true;
    });
    const Deadline patience(200ms);
    while (!done && !patience.Over()) std::this_thread::sleep_for(1ms);
    stop.request_stop();
    waiter.join();
    if (!slot) break;
    asked.push_back(*slot);
    f.state.OnAnswer(*slot, has_block(*slot));
  }
  return asked;
}

TEST_CASE("events: after a gap each slot is counted once") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({100, 101, 102});
  f.state.OnDisconnected({Reason::kUnreachable, "gone"});
  f.state.OnConnected();
  f.Heads({106, 107, 108, 107, 108});
  const auto asked = AnswerAll(f, [](std::uint64_t slot) { return slot != 104; });
  CHECK(asked == std::vector<std::uint64_t>{101, 102, 103, 104, 105});
  CHECK(f.Slots("block") == 6);
  CHECK(f.Slots("empty") == 1);
  CHECK(f.Slots("unknown") == 0);
  CHECK(f.Counted("beaconapi_events_header_requests_total") == 5);
}

TEST_CASE("events: an answer that comes after a loss is not believed, and asked for again") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({100, 102, 103});
  f.Heads({104});
  f.state.OnDisconnected({Reason::kUnreachable, "gone"});
  f.state.OnAnswer(101, false);
  CHECK(f.Slots("empty") == 0);
  f.state.OnConnected();
  f.Heads({105, 106});
  CHECK(AnswerAll(f, [](std::uint64_t) { return true; }) ==
        std::vector<std::uint64_t>{101, 103, 104});
  CHECK(f.Slots("block") == 5);
  CHECK(f.Slots("empty") == 0);
}

TEST_CASE("events: another chain begins another account") {
  Fixture f;
  f.state.OnConnected();
  f.Heads({1000, 1001, 1002});
  CHECK(f.Slots("block") == 1);
  const std::int64_t later = static_cast<std::int64_t>(StartOf(1002));
  for (const std::uint64_t slot : {1, 2, 3, 4}) {
    f.state.OnEvent(Head(slot), ChainAt(later), static_cast<double>(later + 12 * slot));
  }
  CHECK(f.Slots("block") == 3);
  CHECK(f.Slots("unknown") == 0);
  CHECK(f.Counted("beaconapi_events_head_arrival_delay_seconds") == 7);
}

TEST_CASE("events: a node that refuses the newer topics is asked for the old ones") {
  Fixture f;
  const std::string all =
      "/eth/v1/events?topics=head,block,chain_reorg,finalized_checkpoint,proposer_slashing,"
      "attester_slashing";
  const std::string old = "/eth/v1/events?topics=head,block,chain_reorg,finalized_checkpoint";
  const Error refused{Reason::kHttpStatus, "HTTP 400: invalid topic", 400};
  CHECK(f.state.Path() == all);
  f.state.OnDisconnected({Reason::kHttpStatus, "HTTP 503", 503});
  CHECK(f.state.Path() == all);
  f.state.OnDisconnected(refused);
  CHECK(f.state.Path() == old);
  f.state.OnConnected();
  CHECK(ValueOf(f.Told(true), "beaconapi_events_subscribed", "head") == 1);
  CHECK(ValueOf(f.Told(true), "beaconapi_events_subscribed", "attester_slashing") == 0);
  // Whoever comes back may be newer.
  f.state.OnDisconnected({Reason::kUnreachable, "gone"});
  CHECK(f.state.Path() == all);
  // Who refuses both is asked for both in turn.
  f.state.OnDisconnected(refused);
  f.state.OnDisconnected(refused);
  CHECK(f.state.Path() == all);
}

// A node of which only one header is known.
class OneHeader : public Upstream {
 public:
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    if (request.path == "/eth/v1/beacon/headers/75" || request.path.ends_with("/76")) {
      return R"({"execution_optimistic":false,"finalized":false,"data":{"root":"0xfe41",)"
             R"("canonical":true,"header":{"message":{"slot":"75","proposer_index":"49"},)"
             R"("signature":"0xb9"}}})";
    }
    if (request.path.ends_with("/77")) return Fail(Reason::kHttpStatus, "HTTP 404", 404);
    if (request.path.ends_with("/78")) return Fail(Reason::kHttpStatus, "HTTP 503", 503);
    return "<html>";
  }
};

TEST_CASE("events: a header or 404 says whether a slot has a block") {
  const OneHeader node;
  const Client client(node);
  const auto has_block = [&](std::uint64_t slot) {
    return AskHasBlock(client, slot, Deadline(1s));
  };
  CHECK(has_block(75) == true);
  CHECK(has_block(76) == false);  // The header of an earlier slot.
  CHECK(has_block(77) == false);
  CHECK(has_block(78).error().code == 503);
  CHECK(has_block(79).error().reason == Reason::kBadAnswer);
}

// The feed itself, with little patience.
constexpr EventsTimes kQuick{
    .stream = {.connect = 20000ms, .silence = 20000ms, .retry_first = 10ms, .retry_longest = 40ms},
    .header = 20000ms,
    .header_pause = 1ms};

bool Until(const std::function<bool()>& done) {
  const Deadline deadline(20s);
  while (!deadline.Over()) {
    if (done()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

std::string Stream(const std::vector<std::uint64_t>& heads) {
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: keep-alive\r\n\r\n:\n\n";
  for (const std::uint64_t slot : heads) text += "event: head\ndata: " + HeadData(slot) + "\n\n";
  return text;
}

EventsAsks Asks(std::function<Result<bool>(std::uint64_t, const Deadline&)> has_block) {
  return {.chain = [] { return std::optional<Chain>(); }, .has_block = std::move(has_block)};
}

TEST_CASE("events: a feed's URL is checked, and before its start it is down") {
  OwnMetrics own;
  const auto asks = Asks([](std::uint64_t, const Deadline&) { return true; });
  CHECK(!EventsFeed::Make("ws://127.0.0.1", {}, own, asks).has_value());
  const auto feed = EventsFeed::Make("http://127.0.0.1:1", {}, own, asks);
  REQUIRE(feed.has_value());
  Sheet sheet(kEventsMetrics);
  CHECK(!(*feed)->Tell(sheet).has_value());
  CHECK(!(*feed)->CertificateNotAfter().has_value());
}

TEST_CASE(
    "events: the feed falls back on topics, comes back after a loss, and asks what it missed") {
  OwnMetrics own;
  std::atomic<int> connections = 0;
  std::vector<std::string> requests(4);
  std::atomic<int> failures = 0;
  {
    const RawServer server([&](RawPeer& peer) {
      const int number = connections++;
      const std::string request = peer.ReadRequest();
      if (number < 4) requests[static_cast<std::size_t>(number)] = request;
      if (number == 0) {
        const std::string why = R"({"message":"proposer_slashing: invalid topic","code":400})";
        peer.Send("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: " +
                  std::to_string(why.size()) + "\r\n\r\n" + why);
      } else if (number == 1) {
        peer.Send(Stream({100, 101, 102}));
      } else {
        peer.Send(Stream({105, 106, 107}));
        peer.AwaitGone();
      }
    });
    const auto feed = EventsFeed::Make(
        server.Url(), {}, own, Asks([&](std::uint64_t slot, const Deadline&) -> Result<bool> {
          if (slot == 103 && failures++ < 2) {
            return Fail(Reason::kTimeout, "not now");
          }
          return slot != 104;
        }),
        kQuick);
    REQUIRE(feed.has_value());
    (*feed)->Start();
    CHECK(Until([&] {
      const Families counted = own.Collect();
      return ValueOf(counted, "beaconapi_events_slots_total", "block") == 5 &&
             ValueOf(counted, "beaconapi_events_slots_total", "empty") == 1;
    }));
    Sheet sheet(kEventsMetrics);
    CHECK((*feed)->Tell(sheet).has_value());
    const Families told = std::move(sheet).TakeFamilies();
    CHECK(ValueOf(told, "beaconapi_events_last_head_slot") == 107);
    CHECK(ValueOf(told, "beaconapi_events_last_received_timestamp_seconds") > kGenesis);
  }
  CHECK(failures == 3);
  CHECK(requests[0].contains("finalized_checkpoint,proposer_slashing,attester_slashing HTTP/1.1"));
  CHECK(requests[1].starts_with(
      "GET /eth/v1/events?topics=head,block,chain_reorg,finalized_checkpoint HTTP/1.1\r\n"));
  CHECK(requests[2].contains(",attester_slashing HTTP/1.1"));
  CHECK(ValueOf(own.Collect(), "beaconapi_events_slots_total", "unknown") == 0);
  CHECK(ValueOf(own.Collect(), "beaconapi_events_feed_disconnects_total") == 1);
}

TEST_CASE("events: an answer that hangs holds up neither events nor the end") {
  OwnMetrics own;
  std::atomic<bool> asked = false;
  const RawServer server([&](RawPeer& peer) {
    peer.ReadRequest();
    peer.Send(Stream({100, 102, 103, 104}));
    while (!asked) std::this_thread::sleep_for(1ms);
    peer.Send("event: head\ndata: " + HeadData(105) + "\n\n");
    peer.AwaitGone();
  });
  auto feed = EventsFeed::Make(server.Url(), {}, own,
                               Asks([&](std::uint64_t, const Deadline& deadline) -> Result<bool> {
                                 asked = true;
                                 while (!deadline.Over()) std::this_thread::sleep_for(1ms);
                                 return Fail(Reason::kTimeout, "hangs");
                               }),
                               kQuick);
  REQUIRE(feed.has_value());
  (*feed)->Start();
  CHECK(
      Until([&] { return ValueOf(own.Collect(), "beaconapi_events_slots_total", "block") == 3; }));
  CHECK(asked);
  const auto started = std::chrono::steady_clock::now();
  feed->reset();
  CHECK(std::chrono::steady_clock::now() - started < 3s);  // Not the deadline's 20 s.
}

}  // namespace
}  // namespace stakewatch::beacon
