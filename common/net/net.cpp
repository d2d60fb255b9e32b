#include "common/net/net.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "common/net/lookup.h"
#include "common/number.h"
#include "common/text.h"

namespace stakewatch {
namespace {

struct Address {
  sockaddr_storage name{};
  socklen_t length = 0;
};

bool NumericAddress(const std::string& host, std::uint16_t port, Address& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  std::memcpy(&to.name, found->ai_addr, found->ai_addrlen);
  to.length = found->ai_addrlen;
  freeaddrinfo(found);
  return true;
}

constexpr milliseconds kBacklogPause{10};

Result<Socket> Connect(const Address& to, const Deadline& deadline) {
  Socket socket(::socket(to.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.Open()) return Fail(Reason::kUnreachable, "no socket: " + SystemMessage(errno));
  int error = 0;
  if (::connect(socket.Fd(), reinterpret_cast<const sockaddr*>(&to.name), to.length) != 0) {
    error = errno;
    // A unix socket whose backlog is full says EAGAIN at once and tells nobody when there is room.
    if (error == EINPROGRESS) {
      if (!WaitFor(socket.Fd(), POLLOUT, deadline)) {
        return Fail(Reason::kTimeout, "no connection in time");
      }
      socklen_t length = sizeof error;
      getsockopt(socket.Fd(), SOL_SOCKET, SO_ERROR, &error, &length);
    }
  }
  if (error != 0) return Fail(Reason::kUnreachable, SystemMessage(error), error);
  return socket;
}

// The port a scheme has of itself, 0 for a scheme that is not ours.
std::uint16_t PortOf(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

int Socket::Release() {
  return std::exchange(fd_, -1);
}

Checked<HostPort> ParseHostPort(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected("\"" + std::string(text) +
                           "\" is no address: host:port, [IPv6]:port or :port is right");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  HostPort parsed;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const auto number = WholeNumber<std::uint16_t>(port);
  if (!number) return wrong();
  parsed.port = *number;
  parsed.host = host;
  return parsed;
}

std::string Url::Below(std::string_view request_path) const {
  const bool twice = path.ends_with('/') && request_path.starts_with('/');
  return path + std::string(request_path.substr(twice ? 1 : 0));
}

std::string Url::HostHeader() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != PortOf(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::Origin() const {
  return scheme + "://" + (socket.empty() ? HostHeader() : socket);
}

Checked<Url> ParseUrlOrSocket(std::string_view text) {
  constexpr std::string_view kUnix = "unix://";
  if (!text.starts_with(kUnix)) return ParseUrl(text);
  const std::string_view path = text.substr(kUnix.size());
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
    return std::unexpected("\"" + std::string(text) + "\" is no socket: unix:///path is right");
  }
  Url url;
  url.scheme = "unix";
  url.host = "localhost";  // Of the Host line.
  url.socket = path;
  return url;
}

Checked<Url> ParseUrl(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    // What is in front of an @ may be a password.
    const std::size_t at = text.rfind('@');
    const std::string shown =
        at == std::string_view::npos ? std::string(text) : "***" + std::string(text.substr(at));
    return std::unexpected("\"" + shown + "\" is no URL: " + std::string(why));
  };
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) {
      return wrong("it has a space or a control character");
    }
  }
  Url url;
  const std::size_t slashes = text.find("://");
  if (slashes == std::string_view::npos) return wrong("scheme://host[:port][/path] is right");
  url.scheme = text.substr(0, slashes);
  url.port = PortOf(url.scheme);
  if (url.port == 0) return wrong("the scheme is one of http, https, ws, wss");
  std::string_view rest = text.substr(slashes + 3);
  if (rest.find('#') != std::string_view::npos) return wrong("a fragment is sent to no server");
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  url.path = rest.substr(path);
  rest = rest.substr(0, path);
  if (!url.path.empty() && url.path.front() == '?') url.path.insert(0, 1, '/');
  if (rest.find('@') != std::string_view::npos) {
    return wrong("user and password are given by flags, the password in a file");
  }
  const bool bare = rest.ends_with(']') || rest.find(':') == std::string_view::npos;
  const auto parsed =
      ParseHostPort(bare ? std::string(rest) + ":" + std::to_string(url.port) : std::string(rest));
  if (!parsed || parsed->host.empty() || parsed->port == 0) {
    return wrong("scheme://host[:port][/path] is right");
  }
  url.host = parsed->host;
  url.port = parsed->port;
  return url;
}

bool WaitFor(int fd, short events, const Deadline& deadline) {
  for (;;) {
    const auto wait = deadline.Wait().count();
    if (wait <= 0) return false;
    pollfd p{fd, events, 0};
    const int ready = ::poll(&p, 1, static_cast<int>(std::min<long long>(wait, 1 << 30)));
    if (ready == 1) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<Socket> ConnectTcp(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  const auto addresses = Lookup(host).Wait(deadline);
  if (!addresses) return std::unexpected(addresses.error());
  Result<Socket> last = Fail(Reason::kUnreachable, "no address of " + host);
  std::size_t left = addresses->size();
  for (const std::string& numeric : *addresses) {
    Address address;
    if (!NumericAddress(numeric, port, address)) continue;
    // An address that swallows packets leaves time for the next one.
    const Deadline share = deadline.Within(deadline.Left() / static_cast<long>(left--));
    last = Connect(address, share);
    if (!last) continue;
    const int on = 1;
    setsockopt(last->Fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return last;
  }
  return last;
}

Result<Socket> ConnectUnix(const std::string& path, const Deadline& deadline) {
  Address to;
  auto& name = reinterpret_cast<sockaddr_un&>(to.name);
  if (path.size() >= sizeof name.sun_path) {
    return Fail(Reason::kUnreachable, "the path of the socket is too long: " + path);
  }
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  to.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  for (;;) {
    auto socket = Connect(to, deadline);
    if (socket || socket.error().code != EAGAIN) return socket;
    if (deadline.Over()) return Fail(Reason::kTimeout, "its queue of connections stays full");
    std::this_thread::sleep_for(std::min(kBacklogPause, deadline.Left()));
  }
}

Result<Socket> ConnectTo(const Url& url, const Deadline& deadline) {
  if (url.socket.empty()) return ConnectTcp(url.host, url.port, deadline);
  auto socket = ConnectUnix(url.socket, deadline);
  if (!socket) socket.error().code = 0;  // Over HTTP a code is a status.
  return socket;
}

std::expected<Socket, int> ListenOn(const std::string& host, std::uint16_t port) {
  Address at;
  if (!NumericAddress(host, port, at)) return std::unexpected(EINVAL);
  Socket socket(::socket(at.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.Open()) return std::unexpected(errno);
  const int on = 1;
  setsockopt(socket.Fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.name.ss_family == AF_INET6) {
    setsockopt(socket.Fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(socket.Fd(), reinterpret_cast<sockaddr*>(&at.name), at.length) != 0 ||
      ::listen(socket.Fd(), 511) != 0) {
    return std::unexpected(errno);
  }
  return socket;
}

std::string BoundAddress(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return "";
  char host[INET6_ADDRSTRLEN] = "";
  if (name.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(name);
    inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(six.sin6_port));
  }
  const auto& four = reinterpret_cast<const sockaddr_in&>(name);
  inet_ntop(AF_INET, &four.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(four.sin_port));
}

}  // namespace stakewatch
