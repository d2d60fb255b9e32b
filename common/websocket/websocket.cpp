// The life of a WebSocket: its context, its thread, and when it connects.
#include "common/websocket/lws.h"

#include <array>

#include "common/secrets.h"

namespace stakewatch {
namespace {

constexpr std::size_t kQueueBytesMax = 1U << 20;
constexpr std::size_t kReceiveBytes = 16384;  // A message comes in pieces of this size.
constexpr std::size_t kHeaderBytes = 16384;   // Of our request; a bearer token may be long.
constexpr std::size_t kAnswerHeaderBytes = 8192;
constexpr std::size_t kHostBytesMax = 100;   // libwebsockets cuts a Host line at 128 bytes,
constexpr std::size_t kPathBytesMax = 1024;  // and a request line at 2048, without a word.
constexpr milliseconds kLookupPoll{20};
// libwebsockets' own time-outs come after ours, and matter only for what we have let go.
constexpr unsigned kLibrarySeconds = 30;

constexpr std::size_t kAuthorizationBytesMax = 12000;

// Read for each connection, so that a rotated secret is taken.
Checked<std::string> ReadAuthorization(const UpstreamOptions& options) {
  auto value = Authorization(options);
  if (value && value->size() > kAuthorizationBytesMax) {
    return std::unexpected("the secret of a WebSocket is at most " +
                           std::to_string(kAuthorizationBytesMax) + " bytes long");
  }
  return value;
}

Checked<Url> ParseWebSocketUrl(const std::string& text) {
  auto url = ParseUrl(text);
  if (!url) return url;
  if (url->scheme != "ws" && url->scheme != "wss") {
    return std::unexpected("\"" + text + "\" is no WebSocket: ws:// or wss:// is right");
  }
  if (url->host.size() > kHostBytesMax || url->path.size() > kPathBytesMax) {
    return std::unexpected("\"" + text.substr(0, 200) + "\" is too long for a WebSocket");
  }
  return url;
}

}  // namespace

LwsSocket::~LwsSocket() {
  stop_ = true;
  if (thread_.joinable()) {
    lws_cancel_service(context_);  // The only call that another thread may make.
    thread_.join();
  }
  if (context_ != nullptr) lws_context_destroy(context_);
}

Checked<void> LwsSocket::Start() {
  if (const auto authorization = ReadAuthorization(options_); !authorization) {
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
  static const std::array<lws_protocols, 2> kProtocols = {
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
auto LwsSocket::Step() -> Clock::time_point {
  const auto now = Clock::now();
  bool try_now = false;
  {
    const std::lock_guard lock(mutex_);
    try_now = std::exchange(try_now_, false);  // In another state, a try is under way.
  }
  if (state_ == State::kWaiting && (try_now || now >= at_)) Resolve();
  if (state_ == State::kResolving && lookup_) {
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

auto LwsSocket::WatchOpen() -> Clock::time_point {
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
  auto authorization = ReadAuthorization(options_);
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

Checked<void> CheckWebSocketUrl(const std::string& url) {
  const auto parsed = ParseWebSocketUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  return {};
}

Checked<std::unique_ptr<WebSocket>> WebSocket::Open(const std::string& url,
                                                    const UpstreamOptions& options,
                                                    Handlers handlers,
                                                    const WebSocketTimes& times) {
  auto parsed = ParseWebSocketUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  auto socket =
      std::make_unique<LwsSocket>(std::move(*parsed), options, std::move(handlers), times);
  if (auto started = socket->Start(); !started) return std::unexpected(started.error());
  return socket;
}

}  // namespace stakewatch
