#pragma once
// A WebSocket client on libwebsockets: one thread, one connection, kept up for ever. What a feed
// and the ws:// transport of JSON-RPC stand on.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// How patient a WebSocket is. Tests are less so.
struct WebSocketTimes {
  std::chrono::milliseconds handshake{10000};  // TCP, TLS and HTTP, for each address of the name.
  std::chrono::milliseconds ping{10000};       // A ping after so long without a whole message.
  std::chrono::milliseconds silence{30000};    // A loss without pong or whole message for so long.
  std::chrono::milliseconds retry_first{500};  // After a loss; doubled at each that follows,
  std::chrono::milliseconds retry_longest{10000};  // up to this, until a message has come again.
};

class WebSocket {
 public:
  // Called on the socket's own thread, one at a time. They may Send, but not destroy the socket.
  struct Handlers {
    std::function<void(WebSocket& socket)> connected;
    std::function<void(std::string message)> message;    // One whole message, valid UTF-8.
    std::function<void(const Error& why)> disconnected;  // Also when connecting failed.
  };
  // `url` is ws(s)://host[:port][/path]. Connects at once and again after each loss. A message over
  // options.body_bytes_max is a loss. No redirect is followed and no proxy of the environment used.
  // Handlers may be called before Open returns.
  static Checked<std::unique_ptr<WebSocket>> Open(const std::string& url,
                                                  const UpstreamOptions& options, Handlers handlers,
                                                  const WebSocketTimes& times = {});

  virtual ~WebSocket() = default;  // Ends the thread; no handler is called afterwards.
  // From any thread. False when not connected or when more than 1 MiB waits to be written.
  virtual bool Send(std::string text) = 0;
  // From any thread. If the next try is still waited for, it is made at once.
  virtual void TryNow() = 0;
  virtual std::optional<std::int64_t> CertificateNotAfter() const = 0;
};

// What is wrong with the URL of a WebSocket, before one is opened.
Checked<void> CheckWebSocketUrl(const std::string& url);

// JSON-RPC over a WebSocket: calls share the connection and are told apart by id. A call made while
// the connection is down has it tried at once, and fails if that fails: no call waits for a
// backoff, neither while the node is down nor when it has come back.
Checked<std::shared_ptr<Upstream>> WebSocketRpcUpstream(const std::string& url,
                                                        const UpstreamOptions& options);

}  // namespace stakewatch
