#include "common/upstream/event_stream.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <mutex>
#include <span>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "common/net/net.h"
#include "common/secrets.h"
#include "common/text.h"
#include "common/upstream/http_failure.h"
#include "common/upstream/http_link.h"

namespace stakewatch {
namespace {

constexpr std::string_view kMediaType = "text/event-stream";
constexpr std::size_t kRoomBytes = 16U << 10;

Checked<Url> ParseHttpUrl(const std::string& text) {
  auto url = ParseUrl(text);
  if (url && url->scheme != "http" && url->scheme != "https") {
    return std::unexpected("\"" + text + "\": http:// or https:// is right");
  }
  return url;
}

// "text/event-stream; charset=utf-8": parameters do not matter, UTF-8 is the only encoding.
bool IsEventStream(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) {
    content_type.remove_suffix(1);
  }
  return std::ranges::equal(content_type, kMediaType, [](char c, char small) {
    return std::tolower(static_cast<unsigned char>(c)) == small;
  });
}

class Stream final : public EventStream {
 public:
  Stream(Url url, const UpstreamOptions& options, Handlers handlers, const EventStreamTimes& times)
      : peer_(std::move(url), options),
        handlers_(std::move(handlers)),
        times_(times),
        retry_(times.retry_first),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  std::optional<std::int64_t> CertificateNotAfter() const override {
    return peer_.CertificateNotAfter();
  }

 private:
  class Reader;

  void Run(const std::stop_token& stop);
  void Sleep(const std::stop_token& stop, milliseconds time);
  Error Listen(const std::stop_token& stop);
  Result<void> Begin(int status, const std::string& content_type) const;
  void Heard();

  HttpPeer peer_;
  const Handlers handlers_;
  const EventStreamTimes times_;

  // Of the stream's thread.
  milliseconds retry_;

  std::mutex mutex_;
  std::condition_variable_any awake_;
  std::jthread thread_;  // Last: it uses the rest.
};

// The body of one answer, on its way to the handlers.
class Stream::Reader final : public Pieces {
 public:
  Reader(Stream& stream, SseParser& parser) : stream_(stream), parser_(parser) {}
  std::span<char> Room() override { return room_; }
  Result<void> Take(std::size_t bytes) override {
    const auto fed = parser_.Feed(std::string_view(room_.data(), bytes), [this](ServerEvent event) {
      if (stream_.handlers_.event) stream_.handlers_.event(std::move(event));
    });
    stream_.Heard();
    if (!fed) return Fail(Reason::kBadAnswer, fed.error());
    return {};
  }

 private:
  Stream& stream_;
  SseParser& parser_;
  std::array<char, kRoomBytes> room_;
};

void Stream::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Error why = Listen(stop);
    if (stop.stop_requested()) return;
    why.what = "GET " + peer_.url.Origin() + " (event stream): " + why.what;
    const milliseconds wait = retry_;
    retry_ = std::min(2 * retry_, times_.retry_longest);
    if (handlers_.disconnected) handlers_.disconnected(why);
    Sleep(stop, wait);
  }
}

void Stream::Sleep(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(mutex_);
  awake_.wait_for(lock, stop, time, [] { return false; });
}

void Stream::Heard() {
  retry_ = times_.retry_first;
  if (handlers_.alive) handlers_.alive();
}

Result<void> Stream::Begin(int status, const std::string& content_type) const {
  if (status != 200) return Fail(Reason::kHttpStatus, "HTTP " + std::to_string(status), status);
  if (!IsEventStream(content_type)) {
    return Fail(Reason::kBadAnswer, "its Content-Type is \"" + CleanText(content_type, 60) +
                                        "\", not " + std::string(kMediaType));
  }
  if (handlers_.connected) handlers_.connected();
  return {};
}

// One connection, from its making to its loss.
Error Stream::Listen(const std::stop_token& stop) {
  HttpQuestion question;
  question.path = peer_.url.Below(handlers_.path ? handlers_.path() : "");
  question.accept = kMediaType;
  auto authorization = Authorization(peer_.options);
  if (!authorization) return {Reason::kUnreachable, authorization.error()};
  question.authorization = std::move(*authorization);
  const auto link = HttpLink::Connect(peer_, Deadline(times_.connect, stop));
  if (!link) return link.error();
  SseParser parser;
  const auto reader = std::make_unique<Reader>(*this, parser);
  auto answer = (*link)->Ask(question, Deadline(times_.silence, stop),
                             HttpPieces{.to = *reader,
                                        .bytes_max = HttpPieces::kEndless,
                                        .silence_max = times_.silence,
                                        .begin = [this](int status, const std::string& type) {
                                          return Begin(status, type);
                                        }});
  if (const auto wished = parser.Retry()) {
    retry_ = std::clamp(*wished, retry_, std::max(retry_, times_.retry_longest));
  }
  if (!answer && answer.error().reason == Reason::kTimeout) {
    return {Reason::kTimeout, "silent for " + std::to_string(times_.silence.count()) + " ms"};
  }
  if (!answer) return answer.error();
  if (answer->status != 200) return StatusError(peer_, question, std::move(*answer));
  return {Reason::kUnreachable, "the stream ended"};
}

}  // namespace

Checked<void> CheckEventStreamUrl(const std::string& url) {
  const auto parsed = ParseHttpUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  return {};
}

Checked<std::unique_ptr<EventStream>> EventStream::Open(const std::string& url,
                                                        const UpstreamOptions& options,
                                                        Handlers handlers,
                                                        const EventStreamTimes& times) {
  auto parsed = ParseHttpUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  return std::make_unique<Stream>(std::move(*parsed), options, std::move(handlers), times);
}

}  // namespace stakewatch
