#pragma once
// Sockets under a deadline: what both the server and the clients stand on.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch {

// A file descriptor that is closed once.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  int Fd() const { return fd_; }
  bool Open() const { return fd_ >= 0; }
  int Release();  // The caller closes it.

 private:
  int fd_ = -1;
};

// host:port, [v6]:port or :port (host is empty).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Checked<HostPort> ParseHostPort(std::string_view text);

// scheme://host[:port][/path]. No user info, no fragment: secrets are in files.
struct Url {
  std::string scheme;
  std::string host;  // Without brackets.
  std::uint16_t port = 0;
  std::string path;    // Empty, or from the first slash on, query included.
  std::string socket;  // Of scheme unix: the path of the unix socket that speaks HTTP.

  bool Tls() const { return scheme == "https" || scheme == "wss"; }
  // The path of a request below this one: no slash stands twice, which routers redirect.
  std::string Below(std::string_view request_path) const;
  std::string HostHeader() const;  // With brackets, and the port unless it is the scheme's own.
  std::string Origin() const;      // Up to the path: what an error names.
};
// http, https, ws and wss with their own ports when none is given. A control character or a space
// anywhere is an error.
Checked<Url> ParseUrl(std::string_view text);
// unix:///path too.
Checked<Url> ParseUrlOrSocket(std::string_view text);

// True when `fd` is ready for `events` (poll's), or has an error to read, before the deadline.
bool WaitFor(int fd, short events, const Deadline& deadline);

// Non-blocking and connected, TCP_NODELAY. Each address of the name is tried in turn; resolving
// runs on a thread of its own, so that a resolver that hangs is a time-out like any other.
Result<Socket> ConnectTcp(const std::string& host, std::uint16_t port, const Deadline& deadline);
Result<Socket> ConnectUnix(const std::string& path, const Deadline& deadline);
// To `url`'s socket or host.
Result<Socket> ConnectTo(const Url& url, const Deadline& deadline);

// Bound and listening, SO_REUSEADDR only, IPv6 apart from IPv4; errno when not. `host` is numeric.
std::expected<Socket, int> ListenOn(const std::string& host, std::uint16_t port);
// What getsockname says, as host:port or [v6]:port.
std::string BoundAddress(int fd);

}  // namespace stakewatch
