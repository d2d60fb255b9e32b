#pragma once
// Source head: the latest, safe and finalized block (eth_getBlockByNumber).
#include <cstdint>
#include <optional>
#include <string>

#include "common/metrics.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

// What we keep of a block, in the words of the Ethereum execution API. Optional: what a client or
// an older fork does not have.
struct Block {
  std::uint64_t number = 0;
  std::string hash;
  double timestamp = 0;                    // Unix seconds.
  std::optional<double> base_fee_per_gas;  // Wei.
  std::optional<double> gas_used;
  std::optional<double> gas_limit;
  std::optional<double> transactions;
  std::optional<double> size;  // Bytes.
  std::optional<double> blob_gas_used;
  std::optional<double> excess_blob_gas;
};

Result<void> ScrapeHead(const Client& client, const Deadline& deadline, Sheet& sheet);

Result<Block> ParseBlock(const std::string& answer);
void TellBlock(const Block& block, std::string_view tag, Sheet& sheet);
void TellHead(const Block& latest, Sheet& sheet);

}  // namespace stakewatch::geth
