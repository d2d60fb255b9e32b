#include "exporters/beacon/events.h"

#include <utility>

#include "common/json.h"
#include "common/unix_time.h"
#include "exporters/beacon/metrics_events.h"

namespace stakewatch::beacon {
namespace {

Result<std::uint64_t> ParseHeaderSlot(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    JsonObject data = root.get_object().find_field_unordered("data").get_object();
    JsonObject header = data.find_field_unordered("header").get_object();
    JsonObject message = header.find_field_unordered("message").get_object();
    return Decimal(message.find_field_unordered("slot"));
  });
}

}  // namespace

Result<bool> AskHasBlock(const Client& client, std::uint64_t slot, const Deadline& deadline) {
  const auto answered = client.Ask({Call::kHeader, slot}, deadline, ParseHeaderSlot);
  // An answer with the last block before the slot says the same as 404.
  if (answered) return *answered == slot;
  if (HasStatus(answered.error(), 404)) return false;
  return std::unexpected(answered.error());
}

EventsFeed::EventsFeed(std::string url, UpstreamOptions options, OwnMetrics& own, EventsAsks asks,
                       const EventsTimes& times)
    : url_(std::move(url)),
      options_(std::move(options)),
      asks_(std::move(asks)),
      times_(times),
      state_(own) {}

Checked<std::unique_ptr<EventsFeed>> EventsFeed::Make(const std::string& url,
                                                      const UpstreamOptions& options,
                                                      OwnMetrics& own, EventsAsks asks,
                                                      const EventsTimes& times) {
  if (const auto checked = CheckEventStreamUrl(url); !checked) {
    return std::unexpected(checked.error());
  }
  return std::unique_ptr<EventsFeed>(new EventsFeed(url, options, own, std::move(asks), times));
}

void EventsFeed::Start() {
  auto stream = EventStream::Open(
      url_, options_,
      {.path = [this] { return state_.Path(); },
       .connected = [this] { state_.OnConnected(); },
       .event =
           [this](const ServerEvent& event) { state_.OnEvent(event, asks_.chain(), UnixNow()); },
       .alive = [this] { state_.OnAlive(UnixNow()); },
       .disconnected = [this](const Error& why) { state_.OnDisconnected(why); }},
      times_.stream);
  // The URL has been checked; what else could be wrong with it is told like a loss.
  if (!stream) return state_.OnDisconnected({Reason::kUnreachable, stream.error()});
  const std::lock_guard lock(mutex_);
  stream_ = std::move(*stream);
  headers_ = std::jthread([this](const std::stop_token& stop) { AskForHeaders(stop); });
}

// On a thread of its own, so that a slow answer delays no event.
void EventsFeed::AskForHeaders(const std::stop_token& stop) {
  while (const auto slot = state_.AwaitSlotToAsk(stop)) {
    const auto has_block = asks_.has_block(*slot, Deadline(times_.header, stop));
    if (stop.stop_requested()) return;
    state_.OnAnswer(*slot, has_block);
    if (has_block) continue;
    std::unique_lock lock(pause_mutex_);
    pause_.wait_for(lock, stop, times_.header_pause, [] { return false; });
  }
}

std::optional<std::int64_t> EventsFeed::CertificateNotAfter() const {
  const std::lock_guard lock(mutex_);
  return stream_ ? stream_->CertificateNotAfter() : std::nullopt;
}

}  // namespace stakewatch::beacon
