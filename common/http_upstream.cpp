// cpp-httplib's client on streams of our own (docs/adr/0003): its hooks create_and_connect_socket
// and process_socket are the same in 0.11.4 and 0.18.7.
#include <poll.h>

#include <charconv>
#include <mutex>
#include <utility>
#include <vector>

#include <httplib.h>

#include "common/client_tls.h"
#include "common/file_stamp.h"
#include "common/net.h"
#include "common/secrets.h"
#include "common/stream.h"
#include "common/text.h"
#include "common/upstream.h"

namespace stakewatch {
namespace {

constexpr std::size_t kHeaderBytesMax = 64 << 10;
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kIdleMax = 16;
constexpr std::chrono::seconds kIdleTime{60};
constexpr std::size_t kJsonPadding = 64;

// What all connections of one upstream share. Thread-safe.
class Peer {
 public:
  Peer(Url where, UpstreamOptions how) : url(std::move(where)), options(std::move(how)) {}

  // One context for all connections until a file that it was read from changes.
  Checked<std::shared_ptr<SSL_CTX>> Tls() {
    const std::vector<FileStamp> stamps = {StampOf(options.ca_file), StampOf(options.cert_file),
                                           StampOf(options.key_file)};
    const std::lock_guard lock(mutex_);
    if (tls_ && stamps == stamps_) return tls_;
    SslCtx fresh = ClientSslCtx(url.host);
    if (const auto loaded = LoadCertificates(fresh.get(), options); !loaded) {
      return std::unexpected(loaded.error());
    }
    tls_ = std::shared_ptr<SSL_CTX>(std::move(fresh));
    stamps_ = stamps;
    return tls_;
  }
  void Note(std::optional<std::int64_t> not_after) {
    const std::lock_guard lock(mutex_);
    not_after_ = not_after;
  }
  std::optional<std::int64_t> CertificateNotAfter() const {
    const std::lock_guard lock(mutex_);
    return not_after_;
  }

  const Url url;
  const UpstreamOptions options;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> tls_;
  std::vector<FileStamp> stamps_;
  std::optional<std::int64_t> not_after_;
};

// httplib writes header and body apart; held back until the first read, they are one packet.
class ClientStream : public httplib::Stream {
 public:
  explicit ClientStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.Readable(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    if (!out_.empty() && !connection_.Write(out_.data(), out_.size())) return -1;
    out_.clear();
    return connection_.Read(to, size);
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib 0.18 asks this only to set time-outs, which the connection has of its own.
  int socket() const override { return -1; }
  // Pure in 0.18.x from .8 on; unknown to 0.11.4.
  time_t duration() const { return 0; }

 private:
  Connection& connection_;
  std::string out_;
};

// One connection, used by one request at a time and kept between them.
class Client : public httplib::ClientImpl {
 public:
  explicit Client(Peer& peer) : ClientImpl(peer.url.host, peer.url.port), peer_(peer) {
    set_keep_alive(true);
    set_decompress(false);
  }
  ~Client() override { Drop(); }

  Result<std::string> Ask(const Request& request, const std::string& authorization,
                          const Deadline& deadline);
  // It has answered, and nobody has hung up or spoken out of turn since.
  bool Fresh() const {
    if (!answered_ || Deadline::Clock::now() - used_ > kIdleTime) return false;
    pollfd p{fd_, POLLIN, 0};
    return ssl_ != nullptr ? ::poll(&p, 1, 0) >= 0 : ::poll(&p, 1, 0) == 0;
  }
  bool WasKept() const { return kept_; }
  bool Reusable() const { return answered_; }
  // Nothing came back: a kept connection that the upstream had closed just then.
  bool NothingCame() const { return bytes_ == 0 && connection_ && GoneAway(connection_->Why()); }

 private:
  static bool GoneAway(Connection::End end) {
    return end == Connection::End::kClosed || end == Connection::End::kError;
  }
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override;
  bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> use) override;
  bool is_ssl() const override { return peer_.url.Tls(); }
  void shutdown_ssl(Socket&, bool) override { ssl_.reset(); }
  Result<void> Secure();
  void Drop() {
    connection_.reset();
    ssl_.reset();
    stop();
  }
  Error Failure(httplib::Error error) const;

  Peer& peer_;
  int fd_ = -1;  // httplib's to close.
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  std::unique_ptr<Connection> connection_;
  std::optional<Deadline> deadline_;
  std::optional<Error> connect_error_;
  std::size_t bytes_ = 0;  // Of the body that is being read.
  bool kept_ = false;      // The request went over a connection that was there before.
  bool answered_ = false;  // The last answer came whole.
  Deadline::Clock::time_point used_;
};

bool Client::create_and_connect_socket(Socket& socket, httplib::Error& error) {
  kept_ = false;
  auto connected = ConnectTcp(peer_.url.host, peer_.url.port, *deadline_);
  if (!connected) {
    connect_error_ = connected.error();
    error = httplib::Error::Connection;
    return false;
  }
  fd_ = connected->Release();
  socket.sock = fd_;
  ssl_.reset();
  connection_.reset();
  if (!peer_.url.Tls()) {
    connection_ = std::make_unique<Connection>(fd_, nullptr, kReadBytes);
    return true;
  }
  if (const auto secured = Secure(); !secured) {
    connect_error_ = secured.error();
    error = httplib::Error::SSLConnection;
    connection_.reset();
    ssl_.reset();
    ::close(fd_);
    socket.sock = INVALID_SOCKET;
    return false;
  }
  return true;
}

Result<void> Client::Secure() {
  const auto context = peer_.Tls();
  if (!context) return Fail(Reason::kTls, context.error());
  ssl_.reset(SSL_new(context->get()));
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_connect_state(ssl_.get());
  // A server name is no address (RFC 6066).
  if (peer_.url.host.find_first_not_of("0123456789.") != std::string::npos &&
      peer_.url.host.find(':') == std::string::npos) {
    SSL_set_tlsext_host_name(ssl_.get(), peer_.url.host.c_str());
  }
  connection_ = std::make_unique<Connection>(fd_, ssl_.get(), kReadBytes);
  connection_->Start(*deadline_, kHeaderBytesMax);
  if (connection_->Handshake()) {
    const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(ssl_.get()),
                                                       X509_free);
    peer_.Note(NotAfter(shown.get()));
    return {};
  }
  if (connection_->Why() == Connection::End::kTimeout) {
    return Fail(Reason::kTimeout, "no TLS handshake in time");
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    return Fail(Reason::kTls, std::string("its certificate is refused: ") +
                                  X509_verify_cert_error_string(verified));
  }
  return Fail(Reason::kTls, "no TLS handshake: " + OpenSslError());
}

bool Client::process_socket(const Socket&, std::function<bool(httplib::Stream&)> use) {
  connection_->Start(*deadline_, peer_.options.body_bytes_max + kHeaderBytesMax);
  ClientStream stream(*connection_);
  return use(stream);
}

Error Client::Failure(httplib::Error error) const {
  if (connect_error_) return *connect_error_;
  switch (connection_ ? connection_->Why() : Connection::End::kError) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout, "no whole answer in time"};
    case Connection::End::kBudget:
      return {Reason::kBadAnswer, "the answer is longer than " +
                                      std::to_string(peer_.options.body_bytes_max) + " bytes"};
    case Connection::End::kTls:
      return {Reason::kTls, "TLS broke off"};
    case Connection::End::kError:
      return {Reason::kUnreachable, "the connection was reset"};
    case Connection::End::kClosed:
      return bytes_ == 0 ? Error{Reason::kUnreachable, "the connection was closed unanswered"}
                         : Error{Reason::kBadAnswer, "the answer is cut off"};
    case Connection::End::kNone:
      break;
  }
  return {Reason::kBadAnswer, "no HTTP answer: " + httplib::to_string(error)};
}

Result<std::string> Client::Ask(const Request& request, const std::string& authorization,
                                const Deadline& deadline) {
  deadline_ = deadline;
  connect_error_.reset();
  bytes_ = 0;
  kept_ = answered_;
  answered_ = false;
  httplib::Request question;
  question.method = request.body.empty() ? "GET" : "POST";
  question.path = peer_.url.path + request.path;
  if (question.path.empty()) question.path = "/";
  question.body = request.body;
  question.headers = {{"Host", peer_.url.HostHeader()},
                      {"User-Agent", "stakewatch"},
                      {"Accept", "application/json"},
                      {"Accept-Encoding", "identity"}};
  if (!request.body.empty()) question.headers.emplace("Content-Type", "application/json");
  if (!authorization.empty()) question.headers.emplace("Authorization", authorization);
  std::string body;
  question.response_handler = [&](const httplib::Response& answer) {
    const std::string length = answer.get_header_value("Content-Length");
    std::size_t told = 0;
    std::from_chars(length.data(), length.data() + length.size(), told);
    body.reserve(std::min(told, peer_.options.body_bytes_max) + kJsonPadding);
    return true;
  };
  question.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                  std::uint64_t) {
    bytes_ += size;
    if (bytes_ > peer_.options.body_bytes_max) return false;
    body.append(data, size);
    return true;
  };
  const httplib::Result answer = send(question);
  used_ = Deadline::Clock::now();
  if (!answer) {
    const bool too_long = bytes_ > peer_.options.body_bytes_max;
    Error failure =
        too_long ? Error{Reason::kBadAnswer, "the answer is too long"} : Failure(answer.error());
    return std::unexpected(std::move(failure));
  }
  answered_ = is_socket_open() != 0;
  if (answer->status < 200 || answer->status >= 300) {
    return Fail(Reason::kHttpStatus,
                "HTTP status " + std::to_string(answer->status) + ": " + CleanText(body, 120),
                answer->status);
  }
  return body;
}

class HttpSource : public Upstream {
 public:
  HttpSource(Url url, const UpstreamOptions& options) : peer_(std::move(url), options) {}

  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;
  std::optional<std::int64_t> CertificateNotAfter() const override {
    return peer_.CertificateNotAfter();
  }

 private:
  std::unique_ptr<Client> Take() const {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      std::unique_ptr<Client> client = std::move(idle_.back());
      idle_.pop_back();
      if (client->Fresh()) return client;
    }
    return std::make_unique<Client>(peer_);
  }
  void Keep(std::unique_ptr<Client> client) const {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(client));
  }

  mutable Peer peer_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Client>> idle_;
};

Result<std::string> HttpSource::Ask(const Request& request, const Deadline& deadline) const {
  const auto told = [&](Error error) {
    error.what = std::string(request.name) + " of " + peer_.url.scheme + "://" +
                 peer_.url.HostHeader() + ": " + error.what;
    return std::unexpected(std::move(error));
  };
  const auto authorization = Authorization(peer_.options);
  if (!authorization) return told({Reason::kUnreachable, authorization.error()});
  std::unique_ptr<Client> client = Take();
  auto answer = client->Ask(request, *authorization, deadline);
  if (!answer && client->WasKept() && client->NothingCame()) {
    client = std::make_unique<Client>(peer_);
    answer = client->Ask(request, *authorization, deadline);
  }
  if (client->Reusable()) Keep(std::move(client));
  if (!answer) return told(answer.error());
  return answer;
}

}  // namespace

Checked<std::shared_ptr<Upstream>> HttpUpstream(const std::string& url,
                                                const UpstreamOptions& options) {
  auto parsed = ParseUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->scheme != "http" && parsed->scheme != "https") {
    return std::unexpected("\"" + url + "\": http:// or https:// is right");
  }
  return std::make_shared<HttpSource>(std::move(*parsed), options);
}

}  // namespace stakewatch
