#include "exporters/geth/heads.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/json.h"
#include "common/unix_time.h"
#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

constexpr std::string_view kSubscribe =
    R"({"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]})";

// Above it, numbers are not exact in Prometheus, and no chain comes there.
constexpr std::uint64_t kNumberMax = 1ULL << 53;

// A head that comes later is one of those that a node catches up on, and says nothing of how fast
// blocks travel.
constexpr double kArrivalSecondsMax = 60;

std::string Hash(JsonValue value) {
  const std::string_view text = value.get_string();
  const bool hex = text.size() == 66 && text.starts_with("0x") &&
                   text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  if (!hex) throw BadShape{"newHeads: not a hash: " + std::string(text.substr(0, 80))};
  return std::string(text);
}

std::uint64_t Number(JsonValue value) {
  const std::uint64_t number = HexQuantity(value);
  if (number >= kNumberMax) throw BadShape{"newHeads: a number out of all proportion"};
  return number;
}

Head ReadHead(JsonObject header) {
  Head head;
  std::optional<std::uint64_t> number;
  std::optional<std::uint64_t> timestamp;
  for (auto field : header) {
    const std::string_view key = field.unescaped_key();
    if (key == "number") number = Number(field.value());
    if (key == "timestamp") timestamp = Number(field.value());
    if (key == "hash") head.hash = Hash(field.value());
    if (key == "parentHash") head.parent_hash = Hash(field.value());
  }
  if (!number || !timestamp || head.hash.empty() || head.parent_hash.empty()) {
    throw BadShape{"newHeads: a head without number, timestamp, hash or parentHash"};
  }
  head.number = *number;
  head.timestamp = static_cast<std::int64_t>(*timestamp);
  return head;
}

}  // namespace

Result<HeadMessage> ParseHeadMessage(const std::string& message) {
  std::optional<Error> refused;
  auto read = Decode(message, [&](JsonValue root) {
    HeadMessage parsed;
    bool of_subscription = false;
    for (auto field : root.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "method") of_subscription = value.get_string().value() == "eth_subscription";
      if (key == "error" && !value.is_null()) refused = RpcError(value.get_object());
      if (key == "result") {
        if (value.type() != simdjson::ondemand::json_type::string) {
          throw BadShape{"eth_subscribe: an answer that is no subscription"};
        }
        parsed.subscribed = true;
      }
      if (key == "params") {
        for (auto param : value.get_object()) {
          const std::string_view name = param.unescaped_key();
          if (name == "result") parsed.head = ReadHead(param.value().get_object());
        }
      }
    }
    if (!of_subscription) parsed.head.reset();
    return parsed;
  });
  if (refused) {
    refused->what = "eth_subscribe newHeads: " + refused->what;
    return std::unexpected(*refused);
  }
  return read;
}

HeadChain::Step HeadChain::Add(const Head& head) {
  if (!last_ || head.number == 0 || head.number + kRemembered <= *last_) {
    hashes_.fill("");
    Remember(head);
    return {.seen = true};
  }
  const std::uint64_t last = *last_;
  if (head.number <= last && At(head.number) == head.hash) return {};
  Step step{.seen = true};
  if (head.number > last + 1) {
    step.missed = head.number - last - 1;
    // What is between is not known; of the remembered ones, no number may seem to be.
    for (std::uint64_t i = 0; i < std::min(step.missed, kRemembered); ++i) At(last + 1 + i).clear();
  } else {
    const std::uint64_t replaced = last + 1 - head.number;  // From its own number up.
    // The one remembered longest shares its place with the next number: it is there no longer.
    const bool known = head.number - 1 + kRemembered > last && !At(head.number - 1).empty();
    const bool on_parent = known && At(head.number - 1) == head.parent_hash;
    step.reorg_depth = known && !on_parent ? replaced + 1 : replaced;
    for (std::uint64_t number = head.number; number <= last; ++number) At(number).clear();
  }
  Remember(head);
  return step;
}

void HeadChain::Remember(const Head& head) {
  last_ = head.number;
  At(head.number) = head.hash;
  if (head.number > 0) At(head.number - 1) = head.parent_hash;
}

HeadsState::HeadsState(OwnMetrics& own)
    : seen_(own.CounterOf(kHeadsSeen)),
      missed_(own.CounterOf(kHeadsMissed)),
      disconnects_(own.CounterOf(kHeadsReconnects)),
      reorgs_(own.CounterOf(kReorgs)),
      reorg_depth_(own.HistogramOf(kReorgDepth, {1, 2, 3, 5, 8, 16, 32, 64})),
      arrival_delay_(
          own.HistogramOf(kHeadArrivalDelay, {0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 24})) {}

void HeadsState::OnMessage(const std::string& message, double now) {
  const auto parsed = ParseHeadMessage(message);
  const std::lock_guard lock(mutex_);
  if (!parsed) return OnError(parsed.error());
  const std::optional<Head>& head = parsed->head;
  if (!parsed->subscribed && !head) return;
  subscribed_ = true;
  refused_ = false;
  error_.reset();
  if (head) OnHead(*head, now);
}

void HeadsState::OnError(const Error& why) {
  error_ = why;
  // A message that cannot be read leaves the subscription as it is.
  if (why.reason != Reason::kRpcError) return;
  refused_ = true;
  subscribed_ = false;
  disconnects_.Increment();
}

void HeadsState::OnHead(const Head& head, double now) {
  last_event_at_ = now;
  const HeadChain::Step step = chain_.Add(head);
  if (!step.seen) return;
  last_number_ = head.number;
  seen_.Increment();
  missed_.Increment(static_cast<double>(step.missed));
  if (step.reorg_depth > 0) {
    reorgs_.Increment();
    reorg_depth_.Observe(static_cast<double>(step.reorg_depth));
  }
  // Below 0, one of the two clocks is wrong.
  const double delay = std::max(0.0, now - static_cast<double>(head.timestamp));
  if (delay <= kArrivalSecondsMax) arrival_delay_.Observe(delay);
}

void HeadsState::OnDisconnected(const Error& why) {
  const std::lock_guard lock(mutex_);
  // A try that fails is no second loss.
  if (std::exchange(subscribed_, false)) disconnects_.Increment();
  refused_ = false;
  error_ = why;
}

Result<void> HeadsState::Tell(Sheet& sheet) const {
  const std::lock_guard lock(mutex_);
  sheet.Set(kHeadsConnected, subscribed_ ? 1 : 0);
  sheet.Set(kHeadsLastEvent, last_event_at_);
  if (last_number_) sheet.Set(kHeadsLastNumber, static_cast<double>(*last_number_));
  if (error_) return std::unexpected(*error_);
  if (!subscribed_) return Fail(Reason::kTimeout, "eth_subscribe newHeads: not answered yet");
  return {};
}

bool HeadsState::Refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

Checked<std::unique_ptr<HeadsFeed>> HeadsFeed::Make(const std::string& url,
                                                    const UpstreamOptions& options, OwnMetrics& own,
                                                    const WebSocketTimes& times) {
  if (const auto checked = CheckWebSocketUrl(url); !checked) {
    return std::unexpected(checked.error());
  }
  return std::unique_ptr<HeadsFeed>(new HeadsFeed(url, options, own, times));
}

void HeadsFeed::Start() {
  auto socket = WebSocket::Open(
      url_, options_,
      {.connected = [](WebSocket& to) { to.Send(std::string(kSubscribe)); },
       .message = [this](const std::string& message) { state_.OnMessage(message, UnixNow()); },
       .disconnected = [this](const Error& why) { state_.OnDisconnected(why); }},
      times_);
  // A file that could be read when the flags were checked and no longer can.
  if (!socket) return state_.OnDisconnected({Reason::kUnreachable, socket.error()});
  const std::lock_guard lock(mutex_);
  socket_ = std::move(*socket);
}

Result<void> HeadsFeed::Tell(Sheet& sheet) const {
  if (state_.Refused()) {
    const std::lock_guard lock(mutex_);
    if (socket_) socket_->Send(std::string(kSubscribe));
  }
  return state_.Tell(sheet);
}

std::optional<std::int64_t> HeadsFeed::CertificateNotAfter() const {
  const std::lock_guard lock(mutex_);
  return socket_ ? socket_->CertificateNotAfter() : std::nullopt;
}

}  // namespace stakewatch::geth
