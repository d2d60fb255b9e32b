#include "common/web/listen.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "common/text.h"

namespace stakewatch {
namespace {

constexpr int kBadOption = 2;
constexpr int kNoAddress = 3;

std::unexpected<WebServer::StartError> Failed(int exit_status, const std::string& what) {
  return std::unexpected(WebServer::StartError{exit_status, "--web.listen-address: " + what});
}

// The numeric addresses of a name, IPv4 first; empty: all addresses of this machine.
Checked<std::vector<std::string>> AddressesOf(const std::string& host) {
  if (host.empty()) return std::vector<std::string>{"0.0.0.0", "::"};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return std::unexpected(gai_strerror(error));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST] = "";
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
            0 &&
        std::ranges::find(addresses, text) == addresses.end()) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  const auto is_v6 = [](const std::string& address) {
    return address.find(':') != std::string::npos;
  };
  std::ranges::stable_partition(addresses, [&](const auto& a) { return !is_v6(a); });
  return addresses;
}

std::uint16_t PortOf(const std::string& address) {
  const auto parsed = ParseHostPort(address);
  return parsed ? parsed->port : std::uint16_t{0};
}

std::expected<void, WebServer::StartError> OpenOne(const std::string& address,
                                                   std::vector<Socket>& listeners) {
  const auto parsed = ParseHostPort(address);
  if (!parsed) return Failed(kBadOption, parsed.error());
  const auto hosts = AddressesOf(parsed->host);
  if (!hosts) return Failed(kNoAddress, address + " has no address: " + hosts.error());
  std::uint16_t port = parsed->port;
  int last_error = EADDRNOTAVAIL;
  std::size_t opened = 0;
  for (const std::string& host : *hosts) {
    auto socket = ListenOn(host, port);
    // Port 0 is chosen by the first address and may be taken on the next.
    if (!socket && socket.error() == EADDRINUSE && parsed->port == 0) socket = ListenOn(host, 0);
    if (socket) {
      ::fcntl(socket->Fd(), F_SETFL, O_NONBLOCK);
      if (port == 0) port = PortOf(BoundAddress(socket->Fd()));
      listeners.push_back(*std::move(socket));
      ++opened;
      continue;
    }
    last_error = socket.error();
    // A machine without IPv6 still has the other address of the name.
    if (hosts->size() > 1 && (last_error == EAFNOSUPPORT || last_error == EADDRNOTAVAIL)) continue;
    opened = 0;
    break;
  }
  if (opened > 0) return {};
  return Failed(kNoAddress, "cannot listen on " + address + ": " + SystemMessage(last_error) +
                                "; give another address or port");
}

}  // namespace

std::expected<std::vector<Socket>, WebServer::StartError> OpenListeners(
    const std::vector<std::string>& addresses) {
  if (addresses.empty()) return Failed(kBadOption, "none is given");
  std::vector<Socket> listeners;
  for (const std::string& address : addresses) {
    if (auto opened = OpenOne(address, listeners); !opened) return std::unexpected(opened.error());
  }
  return listeners;
}

}  // namespace stakewatch
