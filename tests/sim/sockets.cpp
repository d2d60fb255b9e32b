// bind and listen, with errors that say what is taken.
#include "tests/sim/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace stakewatch::sim {
namespace {

constexpr int kBacklog = 4096;

std::unexpected<std::string> Errno(int error) {
  return std::unexpected(std::generic_category().message(error));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

bool Fill(const Address& address, SocketAddress& out) {
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    out.bytes = sizeof(sockaddr_in);
    return true;
  }
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    out.bytes = sizeof(sockaddr_in6);
    return true;
  }
  return false;
}

// True when a process answers on the socket file.
bool Answers(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

}  // namespace

std::string TextOf(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

Checked<Address> ParseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  Address address;
  if (colon == std::string_view::npos) return std::unexpected("host:port is expected");
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost" || host.empty()) host = "127.0.0.1";
  address.host = host;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
  SocketAddress filled;
  if (parsed.ec != std::errc() || parsed.ptr != end || !Fill(address, filled)) {
    return std::unexpected("a numeric host and a port are expected, e.g. 127.0.0.1:8545");
  }
  return address;
}

bool IsLoopback(const Address& address) {
  return address.host == "::1" || address.host.starts_with("127.");
}

Checked<int> ListenTcp(Address& address) {
  SocketAddress bound;
  if (!Fill(address, bound)) return std::unexpected("the host is no numeric address");
  const int fd =
      socket(bound.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return Errno(errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  auto* const raw = reinterpret_cast<sockaddr*>(&bound.storage);
  if (bind(fd, raw, bound.bytes) != 0 || listen(fd, kBacklog) != 0 ||
      getsockname(fd, raw, &bound.bytes) != 0) {
    const int error = errno;
    close(fd);
    return Errno(error);
  }
  address.port = ntohs(bound.storage.ss_family == AF_INET
                           ? reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port
                           : reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port);
  return fd;
}

Checked<int> ListenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::unexpected("the path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode) || Answers(address)) return Errno(EADDRINUSE);
    unlink(path.c_str());
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Errno(errno);
  // Nobody can connect before listen, so the mode may come after bind.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    close(fd);
    return Errno(error);
  }
  return fd;
}

void ResetAndClose(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

}  // namespace stakewatch::sim
