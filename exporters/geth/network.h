#pragma once
// Sources chain, network, txpool and gas_price: answers of one number each.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/metrics.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

struct Network {
  std::string_view name;
  std::uint64_t chain_id;
  std::string_view genesis;  // Hash of block 0.
};

// mainnet, sepolia or hoodi; none for another name. Constants of go-ethereum's params package.
std::optional<Network> KnownNetwork(std::string_view name);

// With `expected`, whether chain id and genesis block are its own.
Result<void> ScrapeChain(const Client& client, const Deadline& deadline,
                         const std::optional<Network>& expected, Sheet& sheet);
Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, Sheet& sheet);
Result<void> ScrapeTxpool(const Client& client, const Deadline& deadline, Sheet& sheet);
Result<void> ScrapeGasPrice(const Client& client, const Deadline& deadline, Sheet& sheet);

struct Txpool {
  double pending = 0;
  double queued = 0;
};

Result<double> ParseQuantity(const std::string& answer);
Result<double> ParseNetVersion(const std::string& answer);  // A decimal number in a string.
Result<bool> ParseBool(const std::string& answer);
Result<Txpool> ParseTxpool(const std::string& answer);

}  // namespace stakewatch::geth
