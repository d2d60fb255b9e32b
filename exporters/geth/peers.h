#pragma once
// Source peers: who is connected (admin_peers).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "exporters/geth/client.h"
#include "exporters/geth/expected_peers.h"

namespace stakewatch::geth {

// One element of admin_peers, in Geth's words. What another client does not tell is missing or
// empty.
struct Peer {
  std::string name;  // "Geth/v1.17.3-stable/linux-amd64/go1.26".
  std::string id;
  std::string enode;
  std::string remote_address;  // host:port or [v6]:port.
  std::optional<bool> inbound;
  bool is_static = false;
  bool trusted = false;
  struct Protocol {
    std::string name;
    std::optional<std::uint64_t> version;  // Not told by all clients, nor while it is negotiated.
    bool handshake = false;                // It is being negotiated.
  };
  std::vector<Protocol> protocols;
  std::optional<double> earliest_block;
  std::optional<double> latest_block;
};

// Versions with a series of their own; the rest is counted in …_truncated.
inline constexpr std::size_t kVersionsMax = 32;

// `expected` may be null: none are expected.
Result<void> ScrapePeers(const Client& client, const Deadline& deadline,
                         const std::vector<ExpectedPeer>* expected, Sheet& sheet);

Result<std::vector<Peer>> ParsePeers(const std::string& answer);
void TellPeers(const std::vector<Peer>& peers, Sheet& sheet);

// The subnet of host:port or [v6]:port as a word to count by: IPv4 /16, IPv6 /48. None if the host
// is no address.
std::optional<std::uint64_t> SubnetOf(std::string_view remote_address);

}  // namespace stakewatch::geth
