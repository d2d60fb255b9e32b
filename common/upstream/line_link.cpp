#include "common/upstream/line_link.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/net/client_tls.h"
#include "common/net/stream.h"
#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::size_t kReadBytes = 4 << 10;

class Link final : public LineLink {
 public:
  Link(Socket socket, SslCtx ctx, Ssl ssl)
      : socket_(std::move(socket)),
        ctx_(std::move(ctx)),
        ssl_(std::move(ssl)),
        connection_(socket_.Fd(), ssl_.get(), kReadBytes) {}

  Result<void> Handshake(const Deadline& deadline);
  Result<std::string> Ask(std::string_view question, std::size_t bytes_max,
                          const Deadline& deadline) override;
  bool WentAway() const override {
    const auto why = connection_.Why();
    return connection_.Received() == 0 &&
           (why == Connection::End::kClosed || why == Connection::End::kError);
  }

 private:
  Error Failure(std::size_t bytes_max) const;

  Socket socket_;
  SslCtx ctx_;
  Ssl ssl_;
  Connection connection_;
};

Result<void> Link::Handshake(const Deadline& deadline) {
  connection_.Start(deadline, std::size_t{1} << 20);
  if (connection_.Handshake()) return {};
  if (connection_.Why() == Connection::End::kTimeout) {
    return Fail(Reason::kTimeout, "no TLS handshake in time");
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID) {
    return Fail(Reason::kTls, X509_verify_cert_error_string(verified));
  }
  if (verified != X509_V_OK) {
    return Fail(Reason::kTls, "it shows another certificate than the one given");
  }
  return Fail(Reason::kTls, "no TLS handshake: " + connection_.WhyText());
}

Error Link::Failure(std::size_t bytes_max) const {
  switch (connection_.Why()) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout, "no answer in time"};
    case Connection::End::kBudget:
      return {Reason::kBadAnswer,
              "the answer is longer than " + std::to_string(bytes_max) + " bytes"};
    case Connection::End::kTls:
      return {Reason::kTls, connection_.WhyText()};
    default:
      return connection_.Received() == 0
                 ? Error{Reason::kUnreachable, "the connection was closed without an answer"}
                 : Error{Reason::kBadAnswer, "the answer is cut off"};
  }
}

Result<std::string> Link::Ask(std::string_view question, std::size_t bytes_max,
                              const Deadline& deadline) {
  connection_.Start(deadline, bytes_max);
  const std::string line = std::string(question) + "\n";
  if (!connection_.Write(line.data(), line.size())) return std::unexpected(Failure(bytes_max));
  std::string came;
  for (;;) {
    std::array<char, kReadBytes> some{};
    const ssize_t n = connection_.Read(some.data(), some.size());
    if (n <= 0) return std::unexpected(Failure(bytes_max));
    came.append(some.data(), static_cast<std::size_t>(n));
    const auto cut = CutLine(came, bytes_max);
    if (!cut) return std::unexpected(cut.error());
    if (const auto answer = *cut) return std::string(*answer);
  }
}

// Who listens, as of the moment that they began to: the kernel says so of unix sockets.
Result<void> CheckListener(const Socket& socket, const std::string& path) {
  ucred listener{};
  socklen_t size = sizeof listener;
  if (::getsockopt(socket.Fd(), SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0) {
    return Fail(Reason::kUnreachable, "cannot tell who listens: " + SystemMessage(errno), errno);
  }
  if (listener.uid == 0 || listener.uid == ::geteuid()) return {};
  const std::size_t slash = path.rfind('/');
  struct stat folder{};
  if (::stat(path.substr(0, slash + 1).c_str(), &folder) == 0 && folder.st_uid == listener.uid) {
    return {};
  }
  return Fail(Reason::kUnreachable,
              "user " + std::to_string(listener.uid) +
                  " listens there, who is neither root nor the owner of its folder",
              EPERM);
}

Result<Socket> OpenSocket(const LinePeer& peer, const Deadline& deadline) {
  if (peer.socket.empty()) {
    auto socket = ConnectTcp(peer.tcp.host, peer.tcp.port, deadline);
    // Only a peer that has taken the connection can be slow to answer.
    if (!socket && socket.error().reason == Reason::kTimeout) {
      socket.error().reason = Reason::kUnreachable;
      socket.error().code = ETIMEDOUT;
    }
    return socket;
  }
  auto socket = ConnectUnix(peer.socket, deadline);
  if (!socket) return socket;
  if (auto checked = CheckListener(*socket, peer.socket); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  return socket;
}

}  // namespace

std::string LinePeer::Name() const {
  if (!socket.empty()) return socket;
  const bool six = tcp.host.find(':') != std::string::npos;
  return (six ? "[" + tcp.host + "]" : tcp.host) + ":" + std::to_string(tcp.port);
}

Checked<LinePeer> ParseLinePeer(std::string_view text) {
  LinePeer peer;
  if (text.starts_with('/') && text.find('\0') == std::string_view::npos) {
    peer.socket = text;
    return peer;
  }
  auto tcp = ParseHostPort(text);
  if (!tcp || tcp->host.empty() || tcp->port == 0) {
    return std::unexpected("\"" + std::string(text) +
                           "\" is neither the absolute path of a socket nor host:port");
  }
  peer.tcp = std::move(*tcp);
  return peer;
}

Result<std::unique_ptr<LineLink>> LineLink::Connect(const LinePeer& peer,
                                                    const Deadline& deadline) {
  SslCtx ctx;
  if (!peer.certificate_file.empty()) {
    auto pinned = PinCertificate(peer.certificate_file);
    if (!pinned) return Fail(Reason::kTls, pinned.error());
    ctx = std::move(*pinned);
  }
  auto socket = OpenSocket(peer, deadline);
  if (!socket) return std::unexpected(std::move(socket.error()));
  if (ctx == nullptr) return std::make_unique<Link>(std::move(*socket), nullptr, nullptr);
  Ssl ssl(SSL_new(ctx.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket->Fd()) != 1) {
    return Fail(Reason::kTls, OpenSslError());
  }
  SSL_set_connect_state(ssl.get());
  // With it, SSL_read would stay in a stream of records without content past any deadline.
  SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  auto link = std::make_unique<Link>(std::move(*socket), std::move(ctx), std::move(ssl));
  if (auto shaken = link->Handshake(deadline); !shaken) {
    return std::unexpected(std::move(shaken.error()));
  }
  return link;
}

Result<std::optional<std::string_view>> CutLine(std::string_view came, std::size_t bytes_max) {
  const std::size_t end = came.find('\n');
  if (end == std::string_view::npos ? came.size() >= bytes_max : end >= bytes_max) {
    return Fail(Reason::kBadAnswer,
                "the answer is longer than " + std::to_string(bytes_max) + " bytes");
  }
  if (end == std::string_view::npos) return std::nullopt;
  if (end + 1 != came.size()) return Fail(Reason::kBadAnswer, "more than one answer came");
  std::string_view line = came.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace stakewatch
