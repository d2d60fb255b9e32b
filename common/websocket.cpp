// WebSocket on libwebsockets 4.1 and 4.3. All that libwebsockets does, and all state but the queue,
// belongs to one thread: it lets libwebsockets wait and then takes one Step. Timers are our own and
// an alarm of libwebsockets only wakes the thread, so that a time-out has a reason.
#include "common/websocket.h"

#include <libwebsockets.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/client_tls.h"
#include "common/lookup.h"
#include "common/net.h"
#include "common/secrets.h"
#include "common/websocket_handshake.h"

namespace stakewatch {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kQueueBytesMax = 1U << 20;
constexpr std::size_t kReceiveBytes = 16384;  // A message comes in pieces of this size.
constexpr std::size_t kHeaderBytes = 16384;   // Of our request; a bearer token may be long.
constexpr std::size_t kAnswerHeaderBytes = 8192;
constexpr std::size_t kHostBytesMax = 100;   // libwebsockets cuts a Host line at 128 bytes,
constexpr std::size_t kPathBytesMax = 1024;  // and a request line at 2048, without a word.
constexpr milliseconds kLookupPoll{20};
// libwebsockets' own time-outs come after ours, and matter only for what we have let go.
constexpr unsigned kLibrarySeconds = 30;

// Ends the wait of lws_service when it is due. One that is due already as lws_service starts is
// taken before the wait, which then has no end: so it has to break the wait itself.
struct Alarm {
  lws_sorted_usec_list_t sul{};  // First: libwebsockets hands back its address.
  lws_context* context = nullptr;

  void In(Clock::duration left) {
    const auto us = std::chrono::ceil<std::chrono::microseconds>(left).count();
    lws_sul_schedule(
        context, 0, &sul,
        [](lws_sorted_usec_list_t* at) {
          lws_cancel_service(reinterpret_cast<Alarm*>(at)->context);
        },
        std::max<lws_usec_t>(us, 1));
  }
};

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

LwsSocket::~LwsSocket() {
  stop_ = true;
  if (thread_.joinable()) {
    lws_cancel_service(context_);  // The only call that another thread may make.
    thread_.join();
  }
  if (context_ != nullptr) lws_context_destroy(context_);
}

Checked<void> LwsSocket::Start() {
  if (const auto authorization = Authorization(options_); !authorization) {
    return std::unexpected(authorization.error());
  }
  if (url_.Tls()) {
    tls_ = ClientSslCtx(url_.host);
    if (auto loaded = LoadCertificates(tls_.get(), options_); !loaded) return loaded;
  }
  if (auto made = MakeContext(); !made) return made;
  thread_ = std::thread([this] { Run(); });
  return {};
}

Checked<void> LwsSocket::MakeContext() {
  static std::once_flag silenced;  // The level is one for the whole process.
  std::call_once(silenced, [] { lws_set_log_level(0, nullptr); });
  static constexpr std::array<lws_protocols, 2> kProtocols = {
      {{"", &LwsSocket::Callback, 0, kReceiveBytes, 0, nullptr, 0},
       {nullptr, nullptr, 0, 0, 0, nullptr, 0}}};
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.protocols = kProtocols.data();
  info.user = this;
  info.pt_serv_buf_size = kHeaderBytes;
  info.max_http_header_data = kAnswerHeaderBytes;
  info.timeout_secs = kLibrarySeconds;
  info.connect_timeout_secs = kLibrarySeconds;
  // Without a limit, tables for all descriptors that the process may open are allocated (16 MB in
  // a container).
  info.fd_limit_per_thread = 32;
  // Otherwise http_proxy and socks_proxy of the environment are used. Port 0 is no proxy.
  info.http_proxy_address = ":0";
#if defined(LWS_WITH_SOCKS5)
  info.socks_proxy_address = ":0";
#endif
  if (tls_) {
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.provided_client_ssl_ctx = tls_.get();
  }
  context_ = lws_create_context(&info);
  if (context_ == nullptr) return std::unexpected("libwebsockets gives no context");
  alarm_.context = context_;
  return {};
}

bool LwsSocket::Send(std::string text) {
  {
    const std::lock_guard lock(mutex_);
    if (!connected_ || queue_bytes_ + text.size() > kQueueBytesMax) return false;
    queue_bytes_ += text.size();
    queue_.push_back(std::move(text));
  }
  lws_cancel_service(context_);
  return true;
}

void LwsSocket::TryNow() {
  {
    const std::lock_guard lock(mutex_);
    try_now_ = true;
  }
  lws_cancel_service(context_);
}

std::optional<std::int64_t> LwsSocket::CertificateNotAfter() const {
  const std::lock_guard lock(mutex_);
  return not_after_;
}

void LwsSocket::Run() {
  while (!stop_) {
    alarm_.In(Step() - Clock::now());
    if (stop_ || lws_service(context_, 0) < 0) break;
  }
}

// Does what is due, and says when something is due again.
Clock::time_point LwsSocket::Step() {
  const auto now = Clock::now();
  bool try_now = false;
  {
    const std::lock_guard lock(mutex_);
    try_now = std::exchange(try_now_, false);  // In another state, a try is under way.
  }
  if (state_ == State::kWaiting && (try_now || now >= at_)) Resolve();
  if (state_ == State::kResolving) {
    if (const auto found = lookup_->Poll()) {
      lookup_.reset();
      if (*found) {
        addresses_ = **found;
        address_ = 0;
        Connect();
      } else {
        LetGo(found->error());
      }
    } else if (now >= at_) {
      // The lookup is kept: the next try waits for the same one, so that threads do not pile up.
      LetGo({Reason::kTimeout, "no address of " + url_.host + " in time"});
    } else {
      return std::min(at_, now + kLookupPoll);
    }
  }
  if (state_ == State::kConnecting && now >= at_) {
    lws* wsi = std::exchange(wsi_, nullptr);
    Lost({Reason::kTimeout, handshake_.peer + " did not answer the WebSocket handshake in time"});
    if (wsi != nullptr) lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
  }
  if (state_ == State::kOpen) return WatchOpen();
  return at_;
}

Clock::time_point LwsSocket::WatchOpen() {
  const auto now = Clock::now();
  if (now >= alive_ + times_.silence) {
    lws* wsi = std::exchange(wsi_, nullptr);
    Lost({Reason::kTimeout, handshake_.peer + " is silent and answers no ping"});
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
    return at_;
  }
  auto next_ping = std::max(alive_, pinged_) + times_.ping;
  if (now >= next_ping) {
    ping_due_ = true;
    pinged_ = now;
    next_ping = now + times_.ping;
  }
  bool to_write = ping_due_;
  {
    const std::lock_guard lock(mutex_);
    to_write = to_write || !queue_.empty();
  }
  if (to_write) lws_callback_on_writable(wsi_);
  return std::min(next_ping, alive_ + times_.silence);
}

void LwsSocket::Resolve() {
  // Another address of the last lookup is left.
  if (address_ < addresses_.size()) return Connect();
  if (!lookup_) lookup_.emplace(url_.host);
  state_ = State::kResolving;
  at_ = Clock::now() + times_.handshake;
}

void LwsSocket::Connect() {
  auto authorization = Authorization(options_);
  if (!authorization) return LetGo({Reason::kUnreachable, authorization.error()});
  authorization_ = std::move(*authorization);
  if (tls_) {
    if (const auto loaded = LoadCertificates(tls_.get(), options_); !loaded) {
      return LetGo({Reason::kTls, loaded.error()});
    }
  }
  handshake_ = Handshake();
  handshake_.peer = host_header_;
  handshake_.tls = url_.Tls();
  state_ = State::kConnecting;
  at_ = Clock::now() + times_.handshake;
  const std::string path = url_.path.empty() ? "/" : url_.path;
  lws_client_connect_info to{};
  to.context = context_;
  to.address = addresses_[address_].c_str();
  to.host = host_header_.c_str();  // Also the name that TLS asks for.
  to.port = url_.port;
  to.path = path.c_str();
  to.local_protocol_name = "";
  to.alpn = "http/1.1";
  to.pwsi = &wsi_;
  to.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
  if (tls_) {
    to.ssl_connection |= LCCSCF_USE_SSL;
    // libwebsockets takes an IPv6 address for a name that ends at its first colon. tls_ itself
    // verifies the host, whatever libwebsockets does on top.
    if (url_.host.contains(':')) to.ssl_connection |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
  }
  // A failure at once is told by null alone, or by the callback alone.
  if (lws_client_connect_via_info(&to) == nullptr && state_ == State::kConnecting) {
    Lost(handshake_.Failure(""));
  }
}

// The end of an attempt or of a connection, from whatever callback or timer saw it first.
void LwsSocket::Lost(const Error& why) {
  wsi_ = nullptr;
  const bool was_open = std::exchange(state_, State::kWaiting) == State::kOpen;
  if (!was_open && handshake_.NoConnection(why) && ++address_ < addresses_.size()) {
    at_ = Clock::now();
    return;
  }
  LetGo(why);
}

void LwsSocket::LetGo(const Error& why) {
  state_ = State::kWaiting;
  addresses_.clear();
  message_ = std::string();
  ping_due_ = false;
  at_ = Clock::now() + retry_;
  retry_ = std::min(2 * retry_, times_.retry_longest);
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
    queue_.clear();
    queue_bytes_ = 0;
  }
  if (!stop_ && handlers_.disconnected) handlers_.disconnected(why);
}

void LwsSocket::OnOpen() {
  state_ = State::kOpen;
  alive_ = pinged_ = Clock::now();
  addresses_.clear();
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
  }
  if (!stop_ && handlers_.connected) handlers_.connected(*this);
}

int LwsSocket::Callback(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                        std::size_t size) {
  if (wsi == nullptr) return 0;
  lws_context* context = lws_get_context(wsi);
  auto* self = context == nullptr ? nullptr : static_cast<LwsSocket*>(lws_context_user(context));
  // While the context is made or destroyed, and from a connection that was given up, nothing
  // counts.
  if (self == nullptr || self->stop_ || self->wsi_ == nullptr || self->wsi_ != wsi) return 0;
  return self->On(wsi, reason, user, in, size);
}

// What is returned but 0 makes libwebsockets end the connection.
int LwsSocket::On(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size) {
  const std::string_view text(static_cast<const char*>(in), in == nullptr ? 0 : size);
  switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
      NoteCertificate(static_cast<X509_STORE_CTX*>(user), size != 0);
      return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
      handshake_.request_sent = true;
      return AppendAuthorization(in, size) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
      handshake_.status = static_cast<int>(lws_http_client_http_response(wsi));
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      Lost(handshake_.Failure(text.substr(0, text.find('\0'))));
      return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      OnOpen();
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return OnReceive(wsi, text.data(), text.size());
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
      alive_ = Clock::now();
      return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return OnWritable(wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
      std::string why = handshake_.peer + " closed the WebSocket";
      if (text.size() >= 2) {
        const int code =
            static_cast<unsigned char>(text[0]) * 256 + static_cast<unsigned char>(text[1]);
        why += " with code " + std::to_string(code);
      }
      Lost({Reason::kUnreachable, why});
      return 0;
    }
    case LWS_CALLBACK_CLIENT_CLOSED:
      Lost({Reason::kUnreachable, "the WebSocket to " + handshake_.peer + " broke"});
      return 0;
    default:
      return 0;
  }
}

bool LwsSocket::AppendAuthorization(void* in, std::size_t size) const {
  if (authorization_.empty()) return true;
  const std::string line = "Authorization: " + authorization_ + "\r\n";
  if (line.size() > size) return false;
  auto** at = static_cast<char**>(in);
  std::memcpy(*at, line.data(), line.size());
  *at += line.size();
  return true;
}

void LwsSocket::NoteCertificate(X509_STORE_CTX* verified, bool good) {
  if (!good) {
    handshake_.verify_error = X509_verify_cert_error_string(X509_STORE_CTX_get_error(verified));
  }
  const auto not_after = NotAfter(verified);
  const std::lock_guard lock(mutex_);
  not_after_ = not_after;
}

int LwsSocket::OnReceive(lws* wsi, const char* in, std::size_t size) {
  const std::size_t left = lws_remaining_packet_payload(wsi);
  if (left > options_.body_bytes_max || size > options_.body_bytes_max - left ||
      message_.size() > options_.body_bytes_max - left - size) {
    Lost({Reason::kBadAnswer, "a message of " + handshake_.peer + " is over " +
                                  std::to_string(options_.body_bytes_max) + " bytes"});
    return -1;
  }
  // Room for simdjson's padding, so that a message is parsed where it lies.
  if (message_.empty()) message_.reserve(size + left + simdjson::SIMDJSON_PADDING);
  message_.append(in, size);
  if (left != 0 || lws_is_final_fragment(wsi) == 0) return 0;
  if (!simdjson::validate_utf8(message_.data(), message_.size())) {
    Lost({Reason::kBadAnswer, "a message of " + handshake_.peer + " is no UTF-8"});
    return -1;
  }
  alive_ = Clock::now();
  retry_ = times_.retry_first;
  if (handlers_.message) handlers_.message(std::exchange(message_, std::string()));
  return 0;
}

int LwsSocket::OnWritable(lws* wsi) {
  std::vector<unsigned char> bytes(LWS_PRE);
  lws_write_protocol kind = LWS_WRITE_PING;
  bool more = false;
  if (!std::exchange(ping_due_, false)) {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return 0;
    bytes.insert(bytes.end(), queue_.front().begin(), queue_.front().end());
    queue_bytes_ -= queue_.front().size();
    queue_.pop_front();
    kind = LWS_WRITE_TEXT;
    more = !queue_.empty();
  }
  const std::size_t size = bytes.size() - LWS_PRE;
  bytes.push_back(0);  // So that there is an address even when there is nothing to send.
  // libwebsockets keeps what the kernel does not take at once.
  if (lws_write(wsi, bytes.data() + LWS_PRE, size, kind) < 0) return -1;
  if (more) lws_callback_on_writable(wsi);
  return 0;
}

}  // namespace

Checked<std::unique_ptr<WebSocket>> WebSocket::Open(const std::string& url,
                                                    const UpstreamOptions& options,
                                                    Handlers handlers,
                                                    const WebSocketTimes& times) {
  auto parsed = ParseUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->scheme != "ws" && parsed->scheme != "wss") {
    return std::unexpected("\"" + url + "\" is no WebSocket: ws:// or wss:// is right");
  }
  if (parsed->host.size() > kHostBytesMax || parsed->path.size() > kPathBytesMax) {
    return std::unexpected("\"" + url.substr(0, 200) + "\" is too long for a WebSocket");
  }
  auto socket =
      std::make_unique<LwsSocket>(std::move(*parsed), options, std::move(handlers), times);
  if (auto started = socket->Start(); !started) return std::unexpected(started.error());
  return socket;
}

}  // namespace stakewatch
