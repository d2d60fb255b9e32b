// JSON-RPC 2.0 over one WebSocket that all calls share.
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/json.h"
#include "common/upstream/rpc_upstream.h"
#include "common/websocket/websocket.h"

namespace stakewatch {
namespace {

constexpr std::size_t kWaitingMax = 1024;

// The id of an answer; none for a notification, and for what is no answer of ours.
std::optional<std::uint64_t> IdOf(const std::string& message) {
  const auto id = Decode(message, [](JsonValue root) -> std::uint64_t {
    return root.get_object().value().find_field_unordered("id").get_uint64();
  });
  if (!id) return std::nullopt;
  return *id;
}

class WebSocketRpc final : public Upstream {
 public:
  Checked<void> Open(const std::string& url, const UpstreamOptions& options);
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;
  std::optional<std::int64_t> CertificateNotAfter() const override {
    return socket_->CertificateNotAfter();
  }

 private:
  using Answer = std::optional<Result<std::string>>;  // None while it is awaited.

  void OnConnected();
  void OnMessage(std::string message);
  void OnDisconnected(const Error& why);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::map<std::uint64_t, Answer*> waiting_;  // Each answer lives in the frame of its Ask.
  mutable std::uint64_t last_id_ = 0;
  bool connected_ = false;
  std::uint64_t losses_ = 0;  // Tries that failed, and connections that broke.
  std::optional<Error> last_error_;
  std::unique_ptr<WebSocket> socket_;  // Last: its thread uses the rest.
};

Checked<void> WebSocketRpc::Open(const std::string& url, const UpstreamOptions& options) {
  auto socket =
      WebSocket::Open(url, options,
                      {.connected = [this](WebSocket&) { OnConnected(); },
                       .message = [this](std::string message) { OnMessage(std::move(message)); },
                       .disconnected = [this](const Error& why) { OnDisconnected(why); }});
  if (!socket) return std::unexpected(socket.error());
  socket_ = std::move(*socket);
  return {};
}

void WebSocketRpc::OnConnected() {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  changed_.notify_all();
}

void WebSocketRpc::OnMessage(std::string message) {
  const auto id = IdOf(message);
  if (!id) return;
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(*id);
  if (found == waiting_.end()) return;  // Nobody waits any longer.
  *found->second = std::move(message);
  waiting_.erase(found);
  changed_.notify_all();
}

void WebSocketRpc::OnDisconnected(const Error& why) {
  const std::lock_guard lock(mutex_);
  connected_ = false;
  ++losses_;
  last_error_ = why;
  for (auto& [id, answer] : waiting_) *answer = std::unexpected(why);
  waiting_.clear();
  changed_.notify_all();
}

Result<std::string> WebSocketRpc::Ask(const Request& request, const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  if (!connected_) {
    socket_->TryNow();
    const std::uint64_t losses = losses_;
    changed_.wait_until(lock, deadline.At(), [&] { return connected_ || losses_ != losses; });
  }
  if (!connected_) {
    if (last_error_) return std::unexpected(*last_error_);
    return Fail(Reason::kTimeout, request.path + ": no WebSocket connection in time");
  }
  if (waiting_.size() >= kWaitingMax) {
    return Fail(Reason::kUnreachable, request.path + ": too many calls wait for an answer");
  }
  const std::uint64_t id = ++last_id_;
  Answer answer;
  waiting_.emplace(id, &answer);
  lock.unlock();
  const bool sent = socket_->Send(RpcQuestion(request, id));
  lock.lock();
  if (sent) changed_.wait_until(lock, deadline.At(), [&] { return answer.has_value(); });
  waiting_.erase(id);
  if (answer) return std::move(*answer);
  if (!sent) return Fail(Reason::kUnreachable, request.path + ": the WebSocket takes no more");
  return Fail(Reason::kTimeout, request.path + ": no answer over the WebSocket in time");
}

}  // namespace

Checked<std::shared_ptr<Upstream>> WebSocketRpcUpstream(const std::string& url,
                                                        const UpstreamOptions& options) {
  auto upstream = std::make_shared<WebSocketRpc>();
  if (auto opened = upstream->Open(url, options); !opened) return std::unexpected(opened.error());
  return upstream;
}

}  // namespace stakewatch
