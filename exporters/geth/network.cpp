#include "exporters/geth/network.h"

#include <algorithm>
#include <array>

#include "common/number.h"
#include "exporters/geth/head.h"
#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

constexpr std::array<Network, 3> kNetworks = {{
    {"mainnet", 1, "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},
    {"sepolia", 11155111, "0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9"},
    {"hoodi", 560048, "0xbbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b"},
}};

double ReadNetVersion(JsonValue result) {
  const std::string_view text = result.get_string();
  const auto number = WholeNumber<std::uint64_t>(text);
  if (!number) throw BadShape{"not a network id: " + std::string(text.substr(0, 40))};
  return static_cast<double>(*number);
}

Txpool ReadTxpool(JsonValue result) {
  JsonObject pool = result.get_object();
  Txpool txpool;
  txpool.pending = HexQuantityAsDouble(pool["pending"]);
  txpool.queued = HexQuantityAsDouble(pool["queued"]);
  return txpool;
}

}  // namespace

std::optional<Network> KnownNetwork(std::string_view name) {
  const auto known = std::ranges::find(kNetworks, name, &Network::name);
  if (known == kNetworks.end()) return std::nullopt;
  return *known;
}

Result<double> ParseQuantity(const std::string& answer) {
  return DecodeRpc(answer, HexQuantityAsDouble);
}

Result<double> ParseNetVersion(const std::string& answer) {
  return DecodeRpc(answer, ReadNetVersion);
}

Result<bool> ParseBool(const std::string& answer) {
  return DecodeRpc(answer, [](JsonValue result) -> bool { return result.get_bool(); });
}

Result<Txpool> ParseTxpool(const std::string& answer) {
  return DecodeRpc(answer, ReadTxpool);
}

Result<void> ScrapeChain(const Client& client, const Deadline& deadline,
                         const std::optional<Network>& expected, Sheet& sheet) {
  const auto chain_id = client.Ask(Call::kEthChainId, deadline, ParseQuantity);
  if (!chain_id) return std::unexpected(chain_id.error());
  sheet.Set(kChainId, *chain_id);
  if (!expected) return {};
  const auto genesis = client.Ask(Call::kBlockGenesis, deadline, ParseBlock);
  if (!genesis) return std::unexpected(genesis.error());
  const bool same =
      *chain_id == static_cast<double>(expected->chain_id) && genesis->hash == expected->genesis;
  sheet.Set(kNetworkExpected, same ? 1 : 0);
  return {};
}

Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto version = client.Ask(Call::kNetVersion, deadline, ParseNetVersion);
  if (!version) return std::unexpected(version.error());
  const auto listening = client.Ask(Call::kNetListening, deadline, ParseBool);
  if (!listening) return std::unexpected(listening.error());
  const auto peers = client.Ask(Call::kNetPeerCount, deadline, ParseQuantity);
  if (!peers) return std::unexpected(peers.error());
  sheet.Set(kNetworkId, *version);
  sheet.Set(kListening, *listening ? 1 : 0);
  sheet.Set(kNetPeers, *peers);
  return {};
}

Result<void> ScrapeTxpool(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto txpool = client.Ask(Call::kTxpoolStatus, deadline, ParseTxpool);
  if (!txpool) return std::unexpected(txpool.error());
  sheet.Set(kTxpoolPending, txpool->pending);
  sheet.Set(kTxpoolQueued, txpool->queued);
  return {};
}

Result<void> ScrapeGasPrice(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto price = client.Ask(Call::kEthGasPrice, deadline, ParseQuantity);
  if (!price) return std::unexpected(price.error());
  sheet.Set(kGasPrice, *price);
  return {};
}

}  // namespace stakewatch::geth
