#pragma once
// A client of server-sent events over HTTP(S): one thread, one connection, kept up for ever. What
// the feed of a beacon node stands on.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/deadline.h"
#include "common/result.h"
#include "common/upstream/sse.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// How patient an event stream is. Tests are less so.
struct EventStreamTimes {
  milliseconds connect{10000};  // Name, TCP and TLS, for all addresses of the name together.
  // A loss after so long without a byte: of the head of the answer (which some servers send with
  // their first event), then of any event or comment.
  milliseconds silence{60000};
  milliseconds retry_first{500};  // After a loss; doubled at each that follows,
  // up to this, until a byte of a body has come again. The stream's own `retry` is honoured between
  // the two.
  milliseconds retry_longest{10000};
};

class EventStream {
 public:
  // Called on the stream's own thread, one at a time; they may not destroy the stream. Any may be
  // left out.
  struct Handlers {
    // What to ask for, asked before each connection: path and query, put behind the URL's path.
    std::function<std::string()> path{};
    std::function<void()> connected{};  // The answer has begun and is an event stream.
    std::function<void(ServerEvent event)> event{};
    std::function<void()>
        alive;  // Bytes have come, if only those of a comment; after their events.
    std::function<void(const Error& why)> disconnected{};  // Also when connecting failed.
  };
  // `url` is http(s)://host[:port][/path]. Connects at once and again after each loss. Losses are
  // what SseParser refuses, an answer of another status than 200 (kHttpStatus) or another type than
  // text/event-stream (kBadAnswer), compressed or no HTTP, silence, and the end of the stream. No
  // redirect is followed. Handlers may be called before Open returns.
  static Checked<std::unique_ptr<EventStream>> Open(const std::string& url,
                                                    const UpstreamOptions& options,
                                                    Handlers handlers,
                                                    const EventStreamTimes& times = {});

  // Ends the thread, in about 0.1 s even when the peer hangs; no handler is called afterwards.
  virtual ~EventStream() = default;
  virtual std::optional<std::int64_t> CertificateNotAfter() const = 0;
};

// What is wrong with the URL of an event stream, before one is opened.
Checked<void> CheckEventStreamUrl(const std::string& url);

}  // namespace stakewatch
