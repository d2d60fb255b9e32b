#pragma once
// A WebSocket client on libwebsockets: one thread, one connection, kept up for ever. What a feed
// and the ws:// transport of JSON-RPC stand on.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/upstream.h"

namespace stakewatch {

class WebSocket {
 public:
  // Called on the socket's own thread, one at a time.
  struct Handlers {
    std::function<void()> connected;                     // May Send.
    std::function<void(std::string message)> message;    // One whole text message.
    std::function<void(const Error& why)> disconnected;  // Also when connecting failed.
  };
  // `url` is ws(s)://host[:port][/path]. Connects at once and again after each loss, 0.5 s apart at
  // first, doubling to 10 s at most. A message over options.body_bytes_max, and a peer that answers
  // no ping for 30 s, is a loss.
  static Checked<std::unique_ptr<WebSocket>> Open(const std::string& url,
                                                  const UpstreamOptions& options,
                                                  Handlers handlers);

  virtual ~WebSocket() = default;  // Ends the thread; no handler is called afterwards.
  // From any thread. False when not connected or when more than 1 MiB waits to be written.
  virtual bool Send(std::string text) = 0;
  virtual std::optional<std::int64_t> CertificateNotAfter() const = 0;
};

// JSON-RPC over a WebSocket: calls share the connection and are told apart by id. A call made while
// the connection is down waits for it until its deadline, and then says why it is down.
Checked<std::shared_ptr<Upstream>> WebSocketRpcUpstream(const std::string& url,
                                                        const UpstreamOptions& options);

}  // namespace stakewatch
