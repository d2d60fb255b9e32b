// Blocks with plausible contents, and a chain of them.
#include "tests/sim/chain.h"

#include <algorithm>
#include <array>

namespace stakewatch::sim {
namespace {

// Enough for finalized (head - 64) and the deepest reorg asked for.
constexpr std::size_t kRecentBlocks = 160;
constexpr std::uint64_t kGasLimit = 60'000'000;
constexpr std::string_view kEmptyRoot =
    "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
constexpr std::string_view kEmptyUncles =
    "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
constexpr std::string_view kEmptyRequests =
    "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

constexpr std::array<Network, 4> kNetworks = {{
    {"mainnet", 1, "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
     1'438'269'973, 23'850'000},
    {"sepolia", 11'155'111, "0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9",
     1'633'267'481, 9'650'000},
    {"hoodi", 560'048, "0xbbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b",
     1'742'212'800, 1'650'000},
    {"dev", 1337, "0xf8af21b6c1e4974ff08444d2dad137fc6e350e074d826cfcdcb7270e9bcf67b3",
     1'795'242'140, 1'000},
}};

// What of a block is random; each purpose has its own stream.
struct Contents {
  std::uint64_t seed = 0;
  std::uint64_t base_fee = 0;  // Wei.
  std::uint64_t gas_used = 0;
  std::uint64_t transactions = 0;
  std::uint64_t size = 0;
  std::uint64_t blob_gas = 0;
};

std::uint64_t SeedOf(const Network& network, std::uint64_t number, std::uint64_t fork) {
  return Mix(Mix(network.chain_id, number), fork);
}

Contents ContentsOf(const Network& network, const Block& block) {
  Contents contents{.seed = SeedOf(network, block.number, block.fork)};
  if (block.number == 0) {
    contents.base_fee = 1'000'000'000;
    contents.size = 0x268;
    return contents;
  }
  contents.base_fee = 400'000'000 + Mix(contents.seed, 1) % 200'000'000;
  contents.gas_used = kGasLimit / 4 + Mix(contents.seed, 2) % (kGasLimit / 2);
  contents.transactions = 80 + Mix(contents.seed, 3) % 160;
  contents.size = 0x280 + contents.transactions * 420;
  contents.blob_gas = Mix(contents.seed, 4) % 7 * 131'072;
  return contents;
}

void Member(std::string& out, std::string_view name, std::string_view text) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":\"";
  out += text;
  out += '"';
}

void AddTransactions(std::string& out, const Block& block, const std::string& block_hash,
                     const Contents& contents, bool full) {
  out += ",\"transactions\":[";
  for (std::uint64_t i = 0; i < contents.transactions; ++i) {
    if (i > 0) out += ',';
    const std::uint64_t seed = Mix(contents.seed, 1000 + i);
    if (!full) {
      out += '"' + Hash(seed) + '"';
      continue;
    }
    std::string object = "{";
    Member(object, "blockHash", block_hash);
    Member(object, "blockNumber", Quantity(block.number));
    Member(object, "blockTimestamp", Quantity(block.timestamp));
    Member(object, "from", "0x" + HexDigits(Mix(seed, 1), 40));
    Member(object, "gas", "0x5208");
    Member(object, "gasPrice", Quantity(contents.base_fee + 1000));
    Member(object, "hash", Hash(seed));
    Member(object, "input", "0x");
    Member(object, "nonce", Quantity(Mix(seed, 2) % 5000));
    Member(object, "to", "0x" + HexDigits(Mix(seed, 3), 40));
    Member(object, "transactionIndex", Quantity(i));
    Member(object, "value", Quantity(Mix(seed, 4) % 1'000'000'000'000));
    Member(object, "type", "0x2");
    out += object + "}";
  }
  out += ']';
}

}  // namespace

std::optional<Network> FindNetwork(std::string_view name) {
  const auto* const found =
      std::find_if(kNetworks.begin(), kNetworks.end(),
                   [&](const Network& network) { return network.name == name; });
  if (found == kNetworks.end()) return std::nullopt;
  return *found;
}

Network NetworkOrMainnet(std::string_view name) {
  return FindNetwork(name).value_or(kNetworks.front());
}

std::string BlockHash(const Network& network, const Block& block) {
  if (block.number == 0) return std::string(network.genesis_hash);
  return Hash(SeedOf(network, block.number, block.fork));
}

namespace {

std::string ParentHash(const Network& network, const Block& block) {
  if (block.number == 0) return "0x" + std::string(64, '0');
  return BlockHash(network, {.number = block.number - 1, .fork = block.parent_fork});
}

std::string Bloom() {
  return "0x" + std::string(512, '0');
}

std::string Miner(const Contents& contents) {
  return "0x" + HexDigits(Mix(contents.seed, 5) % 40, 40);
}

}  // namespace

std::string BlockJson(const Network& network, const Block& block, bool full) {
  const Contents contents = ContentsOf(network, block);
  const std::string hash = BlockHash(network, block);
  std::string out = "{";
  Member(out, "baseFeePerGas", Quantity(contents.base_fee));
  Member(out, "blobGasUsed", Quantity(contents.blob_gas));
  Member(out, "difficulty", "0x0");
  Member(out, "excessBlobGas", "0x0");
  Member(out, "extraData", "0xd883011103846765746888676f312e32362e38856c696e7578");
  Member(out, "gasLimit", Quantity(kGasLimit));
  Member(out, "gasUsed", Quantity(contents.gas_used));
  Member(out, "hash", hash);
  Member(out, "logsBloom", Bloom());
  Member(out, "miner", Miner(contents));
  Member(out, "mixHash", Hash(Mix(contents.seed, 6)));
  Member(out, "nonce", "0x0000000000000000");
  Member(out, "number", Quantity(block.number));
  Member(out, "parentBeaconBlockRoot", Hash(Mix(contents.seed, 7)));
  Member(out, "parentHash", ParentHash(network, block));
  Member(out, "receiptsRoot", Hash(Mix(contents.seed, 8)));
  Member(out, "requestsHash", kEmptyRequests);
  Member(out, "sha3Uncles", kEmptyUncles);
  Member(out, "size", Quantity(contents.size));
  Member(out, "stateRoot", Hash(Mix(contents.seed, 9)));
  Member(out, "timestamp", Quantity(block.timestamp));
  AddTransactions(out, block, hash, contents, full);
  Member(out, "transactionsRoot", Hash(Mix(contents.seed, 10)));
  out += ",\"uncles\":[],\"withdrawals\":[]";
  Member(out, "withdrawalsRoot", kEmptyRoot);
  return out + "}";
}

std::string HeaderJson(const Network& network, const Block& block) {
  const Contents contents = ContentsOf(network, block);
  std::string out = "{";
  Member(out, "parentHash", ParentHash(network, block));
  Member(out, "sha3Uncles", kEmptyUncles);
  Member(out, "miner", Miner(contents));
  Member(out, "stateRoot", Hash(Mix(contents.seed, 9)));
  Member(out, "transactionsRoot", Hash(Mix(contents.seed, 10)));
  Member(out, "receiptsRoot", Hash(Mix(contents.seed, 8)));
  Member(out, "logsBloom", Bloom());
  Member(out, "difficulty", "0x0");
  Member(out, "number", Quantity(block.number));
  Member(out, "gasLimit", Quantity(kGasLimit));
  Member(out, "gasUsed", Quantity(contents.gas_used));
  Member(out, "timestamp", Quantity(block.timestamp));
  Member(out, "extraData", "0xd883011103846765746888676f312e32362e38856c696e7578");
  Member(out, "mixHash", Hash(Mix(contents.seed, 6)));
  Member(out, "nonce", "0x0000000000000000");
  Member(out, "baseFeePerGas", Quantity(contents.base_fee));
  Member(out, "withdrawalsRoot", kEmptyRoot);
  Member(out, "blobGasUsed", Quantity(contents.blob_gas));
  Member(out, "excessBlobGas", "0x0");
  Member(out, "parentBeaconBlockRoot", Hash(Mix(contents.seed, 7)));
  Member(out, "requestsHash", kEmptyRequests);
  Member(out, "hash", BlockHash(network, block));
  return out + "}";
}

Chain::Chain(const Network& network, double now, double interval)
    : genesis_time_(network.genesis_time), interval_(interval > 0 ? interval : 12) {
  recent_.push_back({.number = network.start_block,
                     .fork = 0,
                     .parent_fork = 0,
                     .timestamp = static_cast<std::uint64_t>(now)});
}

Block Chain::At(std::uint64_t number) const {
  const Block& first = recent_.front();
  if (number >= first.number) return recent_[number - first.number];
  if (number == 0) return {.timestamp = genesis_time_};
  const auto age = static_cast<double>(first.number - number) * interval_;
  const double time = static_cast<double>(first.timestamp) - age;
  const auto earliest = static_cast<double>(genesis_time_);
  return {.number = number, .timestamp = static_cast<std::uint64_t>(std::max(time, earliest))};
}

void Chain::Append(double now) {
  const Block& head = recent_.back();
  recent_.push_back({.number = head.number + 1,
                     .fork = 0,
                     .parent_fork = head.fork,
                     .timestamp = static_cast<std::uint64_t>(now)});
  if (recent_.size() > kRecentBlocks) recent_.pop_front();
}

std::uint64_t Chain::Reorg(std::uint64_t depth, double now) {
  const std::uint64_t head = Head();
  depth = std::clamp<std::uint64_t>(depth, 1, kRecentBlocks / 2);
  while (recent_.size() <= depth && recent_.front().number > 1) {
    recent_.push_front(At(recent_.front().number - 1));
  }
  depth = std::min<std::uint64_t>(depth, recent_.size() - 1);
  ++forks_;
  for (std::size_t i = recent_.size() - depth; i < recent_.size(); ++i) {
    recent_[i].parent_fork = recent_[i - 1].fork;
    recent_[i].fork = forks_;
    recent_[i].timestamp = std::min(recent_[i].timestamp, static_cast<std::uint64_t>(now));
  }
  return head - depth + 1;
}

}  // namespace stakewatch::sim
