#pragma once
// The WebSocket on libwebsockets 4.1 and 4.3, for websocket.cpp and websocket_callback.cpp alone.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <libwebsockets.h>

#include "common/net/client_tls.h"
#include "common/net/lookup.h"
#include "common/net/net.h"
#include "common/websocket/handshake.h"
#include "common/websocket/websocket.h"

namespace stakewatch {

// Ends the wait of lws_service when it is due. One that is due already as lws_service starts is
// taken before the wait, which then has no end: so it has to break the wait itself.
struct Alarm {
  lws_sorted_usec_list_t sul{};  // First: libwebsockets hands back its address.
  lws_context* context = nullptr;

  void In(std::chrono::steady_clock::duration left) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(left).count();
    lws_sul_schedule(
        context, 0, &sul,
        [](lws_sorted_usec_list_t* at) {
          lws_cancel_service(reinterpret_cast<Alarm*>(at)->context);
        },
        std::max<lws_usec_t>(us, 1));
  }
};

// All that libwebsockets does, and all state but the queue, belongs to one thread: it lets
// libwebsockets wait and then takes one Step. Time-outs are our own, so that each has a reason; the
// alarm of libwebsockets only wakes the thread.
class LwsSocket final : public WebSocket {
 public:
  LwsSocket(Url url, const UpstreamOptions& options, Handlers handlers, const WebSocketTimes& times)
      : url_(std::move(url)),
        host_header_(url_.HostHeader()),
        options_(options),
        handlers_(std::move(handlers)),
        times_(times),
        retry_(times.retry_first),
        at_(Clock::now()) {}
  ~LwsSocket() override;
  LwsSocket(const LwsSocket&) = delete;
  LwsSocket& operator=(const LwsSocket&) = delete;

  Checked<void> Start();
  bool Send(std::string text) override;
  void TryNow() override;
  std::optional<std::int64_t> CertificateNotAfter() const override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class State { kWaiting, kResolving, kConnecting, kOpen };

  static int Callback(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                      std::size_t size);
  int On(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size);
  Checked<void> MakeContext();
  void Run();
  Clock::time_point Step();
  void Resolve();
  void Connect();
  void OnOpen();
  void Lost(const Error& why);
  void LetGo(const Error& why);
  bool AppendAuthorization(void* in, std::size_t size) const;
  void NoteCertificate(X509_STORE_CTX* verified, bool good);
  int OnReceive(lws* wsi, const char* in, std::size_t size);
  int OnWritable(lws* wsi);
  Clock::time_point WatchOpen();

  const Url url_;
  const std::string host_header_;
  const UpstreamOptions options_;
  const Handlers handlers_;
  const WebSocketTimes times_;

  SslCtx tls_;  // Outlives the context, which does not own it.
  lws_context* context_ = nullptr;
  Alarm alarm_;
  std::atomic<bool> stop_{false};

  // Of the socket's thread.
  State state_ = State::kWaiting;
  lws* wsi_ =
      nullptr;  // Null as soon as the connection is given up: what it still says is ignored.
  milliseconds retry_;
  Clock::time_point at_;  // When the state ends by itself: the next try, or a time-out.
  std::optional<Lookup> lookup_;
  std::vector<std::string> addresses_;
  std::size_t address_ = 0;
  std::string authorization_;
  Handshake handshake_;
  std::string message_;
  bool ping_due_ = false;
  Clock::time_point alive_;  // The last pong or whole message.
  Clock::time_point pinged_;

  mutable std::mutex mutex_;
  bool connected_ = false;
  bool try_now_ = false;
  std::deque<std::string> queue_;
  std::size_t queue_bytes_ = 0;
  std::optional<std::int64_t> not_after_;

  std::thread thread_;
};

}  // namespace stakewatch
