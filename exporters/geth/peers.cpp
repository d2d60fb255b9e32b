#include "exporters/geth/peers.h"

#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

using simdjson::ondemand::json_type;

void Read(JsonValue value, std::string& text) {
  if (value.type() == json_type::string) text = std::string_view(value.get_string());
}

void Read(JsonValue value, bool& flag) {
  if (value.type() == json_type::boolean) flag = value.get_bool();
}

// Geth writes numbers, Besu and others hexadecimal strings.
std::optional<double> ReadNumber(JsonValue value) {
  if (value.type() == json_type::number) return value.get_double();
  if (value.type() == json_type::string) return HexQuantityAsDouble(value);
  return std::nullopt;
}

void ReadNetwork(JsonValue network, Peer& peer) {
  if (network.type() != json_type::object) return;
  for (auto field : network.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "remoteAddress") {
      Read(value, peer.remote_address);
    } else if (key == "inbound") {
      if (value.type() == json_type::boolean) peer.inbound = value.get_bool();
    } else if (key == "trusted") {
      Read(value, peer.trusted);
    } else if (key == "static") {
      Read(value, peer.is_static);
    }
  }
}

// {"version":70,"earliestBlock":0,"latestBlock":0,…}, or the string "handshake" until it is known.
void ReadProtocol(std::string_view name, JsonValue told, Peer& peer) {
  Peer::Protocol protocol{std::string(name.substr(0, 16)), std::nullopt, false};
  protocol.handshake = told.type() == json_type::string;
  if (told.type() == json_type::object) {
    for (auto field : told.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "version") {
        if (const auto number = ReadNumber(value); number && *number >= 0 && *number < 1e6) {
          protocol.version = static_cast<std::uint64_t>(*number);
        }
      } else if (name == "eth" && key == "earliestBlock") {
        peer.earliest_block = ReadNumber(value);
      } else if (name == "eth" && key == "latestBlock") {
        peer.latest_block = ReadNumber(value);
      }
    }
  }
  constexpr std::size_t kProtocolsMax = 8;  // Of one peer.
  if (peer.protocols.size() < kProtocolsMax) peer.protocols.push_back(std::move(protocol));
}

Peer ReadPeer(JsonObject object) {
  Peer peer;
  for (auto field : object) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "enode") {
      Read(value, peer.enode);
    } else if (key == "id") {
      Read(value, peer.id);
    } else if (key == "name") {
      Read(value, peer.name);
    } else if (key == "network") {
      ReadNetwork(value, peer);
    } else if (key == "protocols" && value.type() == json_type::object) {
      for (auto protocol : value.get_object()) {
        const std::string_view name = protocol.unescaped_key();
        ReadProtocol(name, protocol.value(), peer);
      }
    }
  }
  return peer;
}

}  // namespace

Result<std::vector<Peer>> ParsePeers(const std::string& answer) {
  return DecodeRpc(answer, [](JsonValue result) {
    std::vector<Peer> peers;
    for (auto element : result.get_array()) peers.push_back(ReadPeer(element.get_object()));
    return peers;
  });
}

Result<void> ScrapePeers(const Client& client, const Deadline& deadline,
                         const std::vector<ExpectedPeer>* expected, Sheet& sheet) {
  const auto peers = client.Ask(Call::kAdminPeers, deadline, ParsePeers);
  if (!peers) return std::unexpected(peers.error());
  TellPeers(*peers, sheet);
  if (expected != nullptr) TellExpectedPeers(*expected, *peers, sheet);
  return {};
}

}  // namespace stakewatch::geth
