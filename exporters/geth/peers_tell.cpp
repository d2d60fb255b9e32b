// What the list of peers comes to: counts, shares and spans. No series for a peer.
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "common/net/net.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/node.h"
#include "exporters/geth/peers.h"

namespace stakewatch::geth {
namespace {

using Counts = std::map<std::pair<std::string, std::string>, std::size_t>;

std::string_view Direction(const Peer& peer) {
  if (!peer.inbound) return "unknown";
  return *peer.inbound ? "inbound" : "outbound";
}

void TellDirections(const std::vector<Peer>& peers, Sheet& sheet) {
  std::map<std::string_view, std::size_t> directions = {{"inbound", 0}, {"outbound", 0}};
  for (const Peer& peer : peers) ++directions[Direction(peer)];
  for (const auto& [direction, count] : directions) {
    sheet.Set(kPeersByDirection, static_cast<double>(count), direction);
  }
}

void TellClients(const std::vector<Peer>& peers, Sheet& sheet) {
  std::map<std::string, std::size_t> clients;
  Counts versions;
  for (const Peer& peer : peers) {
    const ClientName name = ParseClientName(peer.name);
    ++clients[name.client];
    ++versions[{name.client, name.version}];
  }
  for (const auto& [client, count] : clients) {
    sheet.Set(kPeersByClient, static_cast<double>(count), client);
  }
  // The most frequent ones; among equals by name, so that two scrapes choose alike.
  std::vector<Counts::const_iterator> order;
  for (auto at = versions.cbegin(); at != versions.cend(); ++at) order.push_back(at);
  std::ranges::stable_sort(order,
                           [](const auto& a, const auto& b) { return a->second > b->second; });
  const std::size_t told = std::min(order.size(), kVersionsMax);
  for (std::size_t i = 0; i < told; ++i) {
    const auto& [key, count] = *order[i];
    sheet.Set(kPeersByClientVersion, static_cast<double>(count), key.first, key.second);
  }
  sheet.Set(kPeersByClientVersionTruncated, static_cast<double>(order.size() - told));
}

// Protocols of the devp2p specifications; versions are numbers below 1000, so this is bounded.
std::string_view KnownProtocol(std::string_view name) {
  for (const std::string_view known : {"eth", "snap", "wit", "les"}) {
    if (name == known) return known;
  }
  return "other";
}

std::string ProtocolVersion(const Peer::Protocol& protocol) {
  if (!protocol.version) return protocol.handshake ? "handshake" : "unknown";
  return *protocol.version < 100 ? std::to_string(*protocol.version) : "other";
}

void TellProtocols(const std::vector<Peer>& peers, Sheet& sheet) {
  Counts counts;
  for (const Peer& peer : peers) {
    for (const Peer::Protocol& protocol : peer.protocols) {
      ++counts[{std::string(KnownProtocol(protocol.name)), ProtocolVersion(protocol)}];
    }
  }
  for (const auto& [key, count] : counts) {
    sheet.Set(kPeersByProtocol, static_cast<double>(count), key.first, key.second);
  }
}

void TellSubnets(const std::vector<Peer>& peers, Sheet& sheet) {
  std::unordered_map<std::uint64_t, std::size_t> subnets;
  std::size_t addresses = 0;
  std::size_t most = 0;
  for (const Peer& peer : peers) {
    const auto subnet = SubnetOf(peer.remote_address);
    if (!subnet) continue;
    ++addresses;
    most = std::max(most, ++subnets[*subnet]);
  }
  if (addresses == 0) return;
  sheet.Set(kPeersSubnetMaxRatio, static_cast<double>(most) / static_cast<double>(addresses));
}

void TellBlockRanges(const std::vector<Peer>& peers, Sheet& sheet) {
  std::size_t ranges = 0;
  std::optional<double> lowest;
  std::optional<double> highest;
  std::optional<double> earliest;
  for (const Peer& peer : peers) {
    if (!peer.latest_block) continue;
    ++ranges;
    lowest = std::min(lowest.value_or(*peer.latest_block), *peer.latest_block);
    highest = std::max(highest.value_or(*peer.latest_block), *peer.latest_block);
    if (peer.earliest_block) {
      earliest = std::max(earliest.value_or(*peer.earliest_block), *peer.earliest_block);
    }
  }
  sheet.Set(kPeersWithBlockRange, static_cast<double>(ranges));
  sheet.Set(kPeersLatestBlockLowest, lowest);
  sheet.Set(kPeersLatestBlockHighest, highest);
  sheet.Set(kPeersEarliestBlockHighest, earliest);
}

}  // namespace

std::optional<std::uint64_t> SubnetOf(std::string_view remote_address) {
  const std::size_t colon = remote_address.rfind(':');
  std::string_view host = remote_address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  host = host.substr(0, host.find('%'));  // A zone is no part of the address.
  char text[INET6_ADDRSTRLEN] = "";
  if (host.empty() || host.size() >= sizeof text) return std::nullopt;
  std::memcpy(text, host.data(), host.size());
  unsigned char bytes[16] = {};
  if (inet_pton(AF_INET, text, bytes) == 1) return std::uint64_t{bytes[0]} << 8 | bytes[1];
  if (inet_pton(AF_INET6, text, bytes) != 1) return std::nullopt;
  constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) {
    return std::uint64_t{bytes[12]} << 8 | bytes[13];
  }
  std::uint64_t subnet = 1;  // Apart from every IPv4 one.
  for (int i = 0; i < 6; ++i) subnet = subnet << 8 | bytes[i];
  return subnet;
}

void TellPeers(const std::vector<Peer>& peers, Sheet& sheet) {
  sheet.Set(kPeers, static_cast<double>(peers.size()));
  TellDirections(peers, sheet);
  TellClients(peers, sheet);
  TellProtocols(peers, sheet);
  sheet.Set(kPeersStatic, static_cast<double>(std::ranges::count(peers, true, &Peer::is_static)));
  sheet.Set(kPeersTrusted, static_cast<double>(std::ranges::count(peers, true, &Peer::trusted)));
  TellSubnets(peers, sheet);
  TellBlockRanges(peers, sheet);
}

}  // namespace stakewatch::geth
