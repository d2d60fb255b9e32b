// A peer as each client tells of it.
#include <array>
#include <vector>

#include "tests/sim/peers.h"

namespace stakewatch::sim {
namespace {

std::uint64_t Port(const Peer& peer) {
  return peer.inbound ? 32'768 + Mix(peer.seed, 20) % 28'000 : 30'303 + Mix(peer.seed, 20) % 3;
}

std::string Host(const Peer& peer, const PeerStyle& style) {
  const std::uint64_t bits = Mix(peer.seed, 21);
  if (style.one_subnet) {
    return "10.77." + std::to_string(bits % 256) + '.' + std::to_string(bits / 256 % 254 + 1);
  }
  if (peer.ipv6) {
    // 2001:db8::/32 is for documentation; the /48 differs from peer to peer.
    return "[2001:db8:" + HexDigits(bits, 3) + "::" + HexDigits(bits + 1, 4) + "]";
  }
  std::uint64_t first = 20 + bits % 180;
  if (first == 127 || first == 169 || first == 172 || first == 192) ++first;
  return std::to_string(first) + '.' + std::to_string(bits / 1000 % 256) + '.' +
         std::to_string(bits / 1'000'000 % 256) + '.' + std::to_string(bits % 253 + 1);
}

std::string Key(const Peer& peer) {
  return HexDigits(Mix(peer.seed, 22), 128);
}

std::string Enode(const Peer& peer, const PeerStyle& style) {
  return "enode://" + Key(peer) + '@' + Host(peer, style) + ':' + std::to_string(Port(peer));
}

std::string Id(const Peer& peer) {
  return HexDigits(Mix(peer.seed, 23), 64);
}

// A JSON string literal. What a hostile peer may call itself: each of these tries to break out of
// something (a label, a line, a parser, a buffer, the operator's eyes).
std::string EvilName(const Peer& peer, std::size_t index) {
  static const std::array<std::string, 12> kNames = {
      JsonString("Geth/\"quoted\\\"/v1"),
      JsonString("\"} 1\nevil 1\n# HELP x y"),
      JsonString("Geth\nevil_metric 1"),
      JsonString("reth\r\n\r\nHTTP/1.1 200 OK"),
      R"("\u0000\u0001\u0007\u001b[31mGeth\u007f")",
      "\"Geth/\xff\xfe\xc3\x28\xed\xa0\x80\"",
      "\"\xe2\x80\xae"
      "3.71.1v/hteG\xe2\x80\xac\"",
      R"("\ud800 lone surrogate")",
      JsonString("{{ .Labels.instance }} $(reboot) <script>alert(1)</script>"),
      JsonString("Geth/v1.17.3\\"),
      R"("\ud83d\ude00\u2028\u2029")",
      '"' + std::string(1'000'000, 'A') + '"',
  };
  // One name of a megabyte is enough: 50 peers would be 4 MB of them.
  if (index == 11) return kNames[11];
  return kNames[(index + peer.seed % 3) % 11];
}

std::string Caps(const Peer& peer) {
  std::string caps = "[";
  for (int version = 68; version <= peer.eth_version; ++version) {
    caps += (version > 68 ? ",\"eth/" : "\"eth/") + std::to_string(version) + '"';
  }
  return caps + ",\"snap/1\"]";
}

std::string Bool(bool value) {
  return value ? "true" : "false";
}

std::string BlockHashAt(std::uint64_t number) {
  return Hash(Mix(77, number));
}

std::string Addresses(const Peer& peer, const PeerStyle& style, bool inbound) {
  const std::string local = inbound ? "30303" : std::to_string(40'000 + peer.seed % 9'000);
  return "\"localAddress\":\"192.168.1.10:" + local + "\",\"remoteAddress\":\"" +
         Host(peer, style) + ':' + std::to_string(Port(peer)) + '"';
}

std::string Network(const Peer& peer, const PeerStyle& style, bool inbound) {
  return "{" + Addresses(peer, style, inbound) + ",\"inbound\":" + Bool(inbound) +
         ",\"trusted\":" + Bool(peer.trusted) + ",\"static\":" + Bool(peer.fixed) + "}";
}

// Geth v1.17.3: recordings. Before eth/69 (v1.15): version, difficulty as a number, head, from
// eth/peer.go of those versions. "handshake": p2p/peer.go, while the protocol is being agreed.
// reth: crates/rpc/rpc/src/admin.rs tells only the version, and no snap. erigon: turbo's
// ethbackend client leaves Protocols nil.
std::string Protocols(const Peer& peer, Shape shape) {
  const std::string version = std::to_string(peer.eth_version);
  switch (shape) {
    case Shape::kOldGeth:
      return R"({"eth":{"version":)" + version +
             R"(,"difficulty":58750003716598352816469,"head":")" + BlockHashAt(peer.latest_block) +
             R"("},"snap":{"version":1}})";
    case Shape::kHandshake:
      return R"({"eth":"handshake","snap":"handshake"})";
    case Shape::kErigon:
      return "null";
    case Shape::kReth:
      return R"({"eth":{"version":)" + version + "}}";
    default:
      return R"({"eth":{"version":)" + version + R"(,"earliestBlock":)" +
             std::to_string(peer.seed % 4 == 0 ? 15'537'394 : 0) + R"(,"latestBlock":)" +
             std::to_string(peer.latest_block) + R"(,"latestBlockHash":")" +
             BlockHashAt(peer.latest_block) + R"("},"snap":{"version":1}})";
  }
}

// Besu's API reference (admin_peers): version, name, caps, network without static and trusted,
// port in hex, id with 0x and 128 digits, protocols.eth{difficulty,head,latestBlock,version},
// enode. `inbound` is in its PeerResult though not in the page's example.
std::string BesuJson(const Peer& peer, const PeerStyle& style, const std::string& name,
                     bool inbound) {
  return R"({"version":"0x5","name":)" + name + R"(,"caps":)" + Caps(peer) + R"(,"network":{)" +
         Addresses(peer, style, inbound) + R"(,"inbound":)" + Bool(inbound) + R"(},"port":")" +
         Quantity(Port(peer)) + R"(","id":"0x)" + Key(peer) +
         R"(","protocols":{"eth":{"difficulty":"0xc70d815d562d3cfa955","head":")" +
         BlockHashAt(peer.latest_block) + R"(","latestBlock":)" +
         std::to_string(peer.latest_block) + R"(,"version":)" + std::to_string(peer.eth_version) +
         R"(}},"enode":")" + Enode(peer, style) + R"("})";
}

// Nethermind's PeerInfo.cs of 2025: enode, id, name, caps, network as Geth's, protocols by name.
std::string NethermindJson(const Peer& peer, const PeerStyle& style, const std::string& name,
                           bool inbound) {
  return R"({"enode":")" + Enode(peer, style) + R"(","id":")" + Id(peer) + R"(","name":)" + name +
         R"(,"caps":)" + Caps(peer) + R"(,"network":)" + Network(peer, style, inbound) +
         R"(,"protocols":{"eth":{"version":)" + std::to_string(peer.eth_version) + "}}}";
}

// Nethermind 1.30's documentation (docs.nethermind.io, json-rpc-ns/admin): a flat object.
std::string Nethermind130Json(const Peer& peer, const PeerStyle& style, const std::string& name) {
  return R"({"clientType":"Geth","address":")" + Host(peer, style) + ':' +
         std::to_string(Port(peer)) + R"(","enode":")" + Enode(peer, style) +
         R"(","ethDetails":"eth)" + std::to_string(peer.eth_version) + R"(","host":")" +
         Host(peer, style) + R"(","id":")" + Key(peer) + R"(","isBootnode":false,"isStatic":)" +
         Bool(peer.fixed) + R"(,"isTrusted":)" + Bool(peer.trusted) +
         R"(,"lastSignal":"11/21/2026 06:27:27","name":)" + name + R"(,"port":")" +
         Quantity(Port(peer)) + R"("})";
}

}  // namespace

std::string PeerEnode(const Peer& peer) {
  return Enode(peer, {});
}

std::string PeerJson(const Peer& peer, const PeerStyle& style, std::size_t index) {
  const std::string name = style.evil_names ? EvilName(peer, index) : JsonString(peer.name);
  const bool inbound = peer.inbound && !style.no_inbound;
  switch (style.shape) {
    case Shape::kBesu:
      return BesuJson(peer, style, name, inbound);
    case Shape::kNethermind:
      return NethermindJson(peer, style, name, inbound);
    case Shape::kNethermind130:
      return Nethermind130Json(peer, style, name);
    default:
      break;
  }
  return R"({"enode":")" + Enode(peer, style) + R"(","id":")" + Id(peer) + R"(","name":)" + name +
         R"(,"caps":)" + Caps(peer) + R"(,"network":)" + Network(peer, style, inbound) +
         R"(,"protocols":)" + Protocols(peer, style.shape) + "}";
}

}  // namespace stakewatch::sim
