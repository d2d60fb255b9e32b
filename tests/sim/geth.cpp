// The methods of one node.
#include "tests/sim/geth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/sim/node_info.h"

namespace stakewatch::sim {
namespace {

using nlohmann::json;

// Blocks a second that a syncing node imports.
constexpr double kSyncRate = 20;
constexpr std::uint64_t kSyncBehind = 10'000;
constexpr std::size_t kEntries = 24;  // Of BlockTexts.
constexpr std::uint64_t kSafeDistance = 32, kFinalizedDistance = 64;

constexpr std::array<std::string_view, 10> kModules = {
    "admin", "debug", "engine", "eth", "miner", "net", "rpc", "testing", "txpool", "web3"};

Outcome Text(std::string text) {
  return {.text = std::move(text)};
}
Outcome Quoted(const std::string& text) {
  return {.text = '"' + text + '"'};
}
Outcome Failed(int code, std::string message) {
  return {.text = std::move(message), .error_code = code};
}

Outcome NoMethod(std::string_view method) {
  return Failed(-32601, "the method " + std::string(method) + " does not exist/is not available");
}

}  // namespace

SharedText BlockTexts::Get(const Network& network, const Block& block, bool full) {
  for (const Entry& entry : entries_) {
    if (entry.number == block.number && entry.fork == block.fork &&
        entry.timestamp == block.timestamp && entry.chain_id == network.chain_id &&
        entry.full == full) {
      return entry.text;
    }
  }
  Entry entry{network.chain_id, block.number, block.fork,
              block.timestamp,  full,         Share(BlockJson(network, block, full))};
  if (entries_.size() < kEntries) {
    entries_.push_back(entry);
  } else {
    entries_[oldest_++ % kEntries] = entry;
  }
  return entry.text;
}

Geth::Geth(const Setup& setup, const FaultSet& faults, BlockTexts& texts)
    : index_(setup.index),
      network_(setup.network),
      other_network_(NetworkOrMainnet(setup.network.name == "sepolia" ? "mainnet" : "sepolia")),
      interval_(setup.interval > 0 ? setup.interval : 12),
      peer_target_(setup.peers),
      seed_(Mix(setup.seed, static_cast<std::uint64_t>(setup.index))),
      faults_(faults),
      texts_(texts),
      chain_(setup.network, setup.now, setup.interval),
      peers_(seed_, setup.peers, chain_.Head()) {}

void Geth::AnnounceHead(const Block& block, const Announce& announce) {
  if (gap_ > 0) {
    --gap_;
  } else {
    announce(Net(), block);
  }
}

void Geth::Follow(std::uint64_t target, double now, const Announce& announce) {
  // A stopped or frozen process imports nothing; it catches up afterwards, block by block.
  for (const Kind kind :
       {Kind::kStuck, Kind::kSyncing, Kind::kNeverSynced, Kind::kStop, Kind::kHang}) {
    const Fault* fault = faults_.Find(kind, index_);
    if (fault != nullptr && fault->method.empty()) return;
  }
  while (chain_.Head() < target) {
    const auto behind = static_cast<double>(target - chain_.Head() - 1);
    chain_.Append(now - behind * interval_);
    AnnounceHead(chain_.At(chain_.Head()), announce);
  }
}

void Geth::Reorg(std::uint64_t depth, double now, const Announce& announce) {
  for (std::uint64_t number = chain_.Reorg(depth, now); number <= chain_.Head(); ++number) {
    AnnounceHead(chain_.At(number), announce);
  }
}

void Geth::Churn() {
  const Fault* const fault = faults_.Find(Kind::kPeers, index_);
  if (fault == nullptr) peers_.Churn(peer_target_, chain_.Head());
}

void Geth::Refresh(double now) {
  const Fault* const fault = faults_.Find(Kind::kPeers, index_);
  // At most 100,000 peers: 60 MB of JSON.
  if (fault != nullptr) {
    peers_.Resize(std::min<std::uint64_t>(ValueOf(*fault, 3), 100'000), chain_.Head());
  } else if (peers_.Count() + peers_.Count() / 20 < peer_target_ || peers_.Count() > peer_target_) {
    peers_.Resize(peer_target_, chain_.Head());
  }
  if (!Has(Kind::kSyncing)) {
    sync_started_ = 0;
  } else if (sync_started_ == 0) {
    sync_started_ = now;
  }
}

std::string Geth::HashOf(std::uint64_t number) const {
  return BlockHash(network_, number <= chain_.Head() ? chain_.At(number) : Block{.number = number});
}

std::size_t Geth::PeerCount() const {
  return Has(Kind::kNoPeers) ? 0 : peers_.Count();
}

std::uint64_t Geth::ShownHead(double now) const {
  if (Has(Kind::kNeverSynced)) return 0;
  const Fault* const fault = faults_.Find(Kind::kSyncing, index_);
  if (fault == nullptr) return chain_.Head();
  const std::uint64_t head = chain_.Head();
  const std::uint64_t first = head - std::min(head, ValueOf(*fault, kSyncBehind));
  const bool stands = sync_started_ == 0 || Has(Kind::kStuck) || Has(Kind::kNoPeers);
  const double done = stands ? 0 : (now - sync_started_) * kSyncRate;
  return std::min(head > 0 ? head - 1 : 0, first + static_cast<std::uint64_t>(std::max(done, 0.)));
}

std::string Geth::Syncing(double now) const {
  const bool never = Has(Kind::kNeverSynced);
  const Fault* const fault = faults_.Find(Kind::kSyncing, index_);
  if (!never && fault == nullptr) return "false";
  SyncProgress progress;
  if (!never) {
    progress.highest = chain_.Head();
    progress.starting = progress.highest - std::min(progress.highest, ValueOf(*fault, kSyncBehind));
    progress.current = ShownHead(now);
  }
  return SyncingJson(progress);
}

std::string Geth::ClientVersion() const {
  const Fault* const fault = faults_.Find(Kind::kClient, index_);
  return std::string(VersionOf(fault == nullptr ? "geth" : fault->value));
}

PeerStyle Geth::Style() const {
  PeerStyle style{.no_inbound = Has(Kind::kNoInbound),
                  .one_subnet = Has(Kind::kOneSubnet),
                  .evil_names = Has(Kind::kEvilNames)};
  const Fault* const fault = faults_.Find(Kind::kClient, index_);
  if (Has(Kind::kOldGeth)) style.shape = Shape::kOldGeth;
  if (Has(Kind::kHandshakePeers)) style.shape = Shape::kHandshake;
  if (fault != nullptr) {
    style.shape = fault->value == "besu"              ? Shape::kBesu
                  : fault->value == "nethermind"      ? Shape::kNethermind
                  : fault->value == "nethermind-1.30" ? Shape::kNethermind130
                  : fault->value == "erigon"          ? Shape::kErigon
                  : fault->value == "reth"            ? Shape::kReth
                                                      : style.shape;
  }
  return style;
}

bool Geth::ModuleOff(std::string_view module) const {
  if (!Has(Kind::kModuleOff)) return false;
  const auto off = faults_.ModulesOff(index_);
  return std::find(off.begin(), off.end(), module) != off.end();
}

std::string Geth::Modules() const {
  std::string out = "{";
  for (const std::string_view module : kModules) {
    if (ModuleOff(module)) continue;
    if (out.size() > 1) out += ',';
    out += '"' + std::string(module) + "\":\"1.0\"";
  }
  return out + "}";
}

std::string Geth::NodeInfo(double now) const {
  return NodeInfoJson(Net(), {.key = HexDigits(Mix(seed_, 7), 128),
                              .id = HexDigits(Mix(seed_, 8), 64),
                              .name = ClientVersion(),
                              .head = BlockHash(Net(), chain_.At(ShownHead(now)))});
}

Outcome Geth::BlockByNumber(const json& params, double now) const {
  if (!params.is_array() || params.empty()) {
    return Failed(-32602, "missing value for required argument 0");
  }
  if (params.size() < 2) return Failed(-32602, "missing value for required argument 1");
  if (!params[0].is_string() || !params[1].is_boolean()) {
    return Failed(-32602, "invalid argument 0: json: cannot unmarshal into Go value");
  }
  const auto& tag = params[0].get_ref<const std::string&>();
  const std::uint64_t head = ShownHead(now);
  std::uint64_t number = head;
  if (tag == "safe" || tag == "finalized") {
    const std::uint64_t distance = tag == "safe" ? kSafeDistance : kFinalizedDistance;
    if (Has(Kind::kNullFinalized)) return Text("null");
    if (Has(Kind::kNoFinalized) || head < distance) return Failed(-32000, tag + " block not found");
    number = head - distance;
  } else if (tag == "earliest") {
    number = 0;
  } else if (tag != "latest" && tag != "pending") {
    const char* const end = tag.data() + tag.size();
    if (!tag.starts_with("0x")) {
      return Failed(-32602, "invalid argument 0: hex string without 0x prefix");
    }
    const auto parsed = std::from_chars(tag.data() + 2, end, number, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return Failed(-32602, "invalid argument 0: invalid hex string");
    }
    if (number > head) return Text("null");
  }
  return {.shared = texts_.Get(Net(), chain_.At(number), params[1].get<bool>())};
}

std::optional<Outcome> Geth::Simple(std::string_view method, double now) {
  if (method == "eth_blockNumber") return Quoted(Quantity(ShownHead(now)));
  if (method == "eth_chainId") return Quoted(Quantity(Net().chain_id));
  if (method == "eth_syncing") return Text(Syncing(now));
  if (method == "eth_gasPrice") return Quoted(Quantity(450'000'000 + Mix(Head()) % 100'000'000));
  if (method == "net_version") return Quoted(std::to_string(Net().chain_id));
  if (method == "net_listening") return Text(Has(Kind::kNotListening) ? "false" : "true");
  if (method == "net_peerCount") return Quoted(Quantity(PeerCount()));
  if (method == "web3_clientVersion") return Quoted(ClientVersion());
  if (method == "rpc_modules") return Text(Modules());
  if (method == "admin_nodeInfo") return Text(NodeInfo(now));
  if (method == "admin_peers") {
    if (Has(Kind::kNoPeers)) return Text("[]");
    return Outcome{.shared = peers_.Json(Style())};
  }
  if (method == "txpool_status") {
    const std::uint64_t seed = Mix(seed_, Head());
    return Text("{\"pending\":\"" + Quantity(3'000 + seed % 2'000) + "\",\"queued\":\"" +
                Quantity(400 + Mix(seed) % 300) + "\"}");
  }
  return std::nullopt;
}

Outcome Geth::Call(std::string_view method, const json& params, Subscriber* subscriber,
                   double now) {
  if (ModuleOff(method.substr(0, method.find('_')))) return NoMethod(method);
  if (method == "eth_getBlockByNumber") return BlockByNumber(params, now);
  if (method == "eth_subscribe" || method == "eth_unsubscribe") {
    if (subscriber == nullptr) return Failed(-32001, "notifications not supported");
    const bool named = params.is_array() && !params.empty() && params[0].is_string();
    if (!named) return Failed(-32602, "missing value for required argument 0");
    const auto& argument = params[0].get_ref<const std::string&>();
    if (method == "eth_unsubscribe") {
      if (!subscriber->Unsubscribe(argument)) return Failed(-32000, "subscription not found");
      return Text("true");
    }
    if (argument != "newHeads") {
      return Failed(-32601, "no \"" + argument + "\" subscription in eth namespace");
    }
    return Quoted(subscriber->Subscribe());
  }
  if (auto simple = Simple(method, now)) return std::move(*simple);
  return NoMethod(method);
}

}  // namespace stakewatch::sim
