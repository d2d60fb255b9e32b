#include "exporters/geth/head.h"

#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

std::optional<double> Quantity(JsonValue value) {
  if (value.is_null()) return std::nullopt;
  return HexQuantityAsDouble(value);
}

Block ReadBlock(JsonValue result) {
  Block block;
  bool number = false;
  bool timestamp = false;
  for (auto field : result.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "number") {
      block.number = HexQuantity(value);
      number = true;
    } else if (key == "hash") {
      block.hash = std::string_view(value.get_string());
    } else if (key == "timestamp") {
      block.timestamp = static_cast<double>(HexQuantity(value));
      timestamp = true;
    } else if (key == "baseFeePerGas") {
      block.base_fee_per_gas = Quantity(value);
    } else if (key == "gasUsed") {
      block.gas_used = Quantity(value);
    } else if (key == "gasLimit") {
      block.gas_limit = Quantity(value);
    } else if (key == "size") {
      block.size = Quantity(value);
    } else if (key == "blobGasUsed") {
      block.blob_gas_used = Quantity(value);
    } else if (key == "excessBlobGas") {
      block.excess_blob_gas = Quantity(value);
    } else if (key == "transactions") {
      block.transactions = static_cast<double>(value.count_elements());
    }
  }
  if (!number || !timestamp) throw BadShape{"a block without number or timestamp"};
  return block;
}

}  // namespace

Result<Block> ParseBlock(const std::string& answer) {
  return DecodeRpc(answer, ReadBlock);
}

void TellBlock(const Block& block, std::string_view tag, Sheet& sheet) {
  sheet.Set(kBlockNumber, static_cast<double>(block.number), tag);
  sheet.Set(kBlockTimestamp, block.timestamp, tag);
}

void TellHead(const Block& latest, Sheet& sheet) {
  TellBlock(latest, "latest", sheet);
  sheet.Set(kHeadBaseFee, latest.base_fee_per_gas);
  sheet.Set(kHeadGasUsed, latest.gas_used);
  sheet.Set(kHeadGasLimit, latest.gas_limit);
  sheet.Set(kHeadTransactions, latest.transactions);
  sheet.Set(kHeadSize, latest.size);
  sheet.Set(kHeadBlobGasUsed, latest.blob_gas_used);
  sheet.Set(kHeadExcessBlobGas, latest.excess_blob_gas);
}

Result<void> ScrapeHead(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto latest = client.Ask(Call::kBlockLatest, deadline, ParseBlock);
  if (!latest) return std::unexpected(latest.error());
  TellHead(*latest, sheet);
  for (const auto& [call, tag] :
       {std::pair(Call::kBlockSafe, "safe"), std::pair(Call::kBlockFinalized, "finalized")}) {
    const auto block = client.Ask(call, deadline, ParseBlock);
    if (block) {
      TellBlock(*block, tag, sheet);
    } else if (!NoSuchBlock(block.error())) {  // A chain that has not finalized yet is no failure.
      return std::unexpected(block.error());
    }
  }
  return {};
}

}  // namespace stakewatch::geth
