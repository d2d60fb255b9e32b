#include "exporters/geth/sync.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

// go-ethereum's ethereum.SyncProgress as eth_syncing writes it, v1.10 to v1.17. Other clients have
// other fields (Erigon and Reth: stages), which are passed over.
constexpr std::array<std::string_view, 18> kProgressFields = {
    "syncedAccounts",         "syncedAccountBytes",     "syncedBytecodes",
    "syncedBytecodeBytes",    "syncedStorage",          "syncedStorageBytes",
    "healedTrienodes",        "healedTrienodeBytes",    "healedBytecodes",
    "healedBytecodeBytes",    "healingTrienodes",       "healingBytecode",
    "txIndexFinishedBlocks",  "txIndexRemainingBlocks", "stateIndexRemaining",
    "trienodeIndexRemaining", "pulledStates",           "knownStates"};

SyncStatus ReadSyncing(JsonValue result) {
  SyncStatus status;
  if (result.type() == simdjson::ondemand::json_type::boolean) {
    status.syncing = result.get_bool();
    return status;
  }
  status.syncing = true;
  for (auto field : result.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "currentBlock") {
      status.current_block = HexQuantityAsDouble(value);
    } else if (key == "highestBlock") {
      status.highest_block = HexQuantityAsDouble(value);
    } else if (key == "startingBlock") {
      status.starting_block = HexQuantityAsDouble(value);
    } else if (const auto known = std::ranges::find(kProgressFields, key);
               known != kProgressFields.end() && !value.is_null()) {
      const auto told = [&](const auto& p) { return p.first == *known; };
      if (std::ranges::none_of(status.progress, told)) {
        status.progress.emplace_back(*known, HexQuantityAsDouble(value));
      }
    }
  }
  if (!status.current_block) throw BadShape{"neither false nor a currentBlock"};
  return status;
}

}  // namespace

Result<SyncStatus> ParseSyncing(const std::string& answer) {
  return DecodeRpc(answer, ReadSyncing);
}

void TellSync(const SyncStatus& status, std::optional<double> speed, Sheet& sheet) {
  sheet.Set(kSyncing, status.syncing ? 1 : 0);
  sheet.Set(kSyncCurrentBlock, status.current_block);
  sheet.Set(kSyncHighestBlock, status.highest_block);
  sheet.Set(kSyncStartingBlock, status.starting_block);
  for (const auto& [field, value] : status.progress) sheet.Set(kSyncProgress, value, field);
  sheet.Set(kSyncSpeed, speed);
  if (!speed || *speed <= 0 || !status.current_block || !status.highest_block) return;
  // currentBlock reaches highestBlock before snap sync has healed its state: then nothing is known.
  const double left = *status.highest_block - *status.current_block;
  if (left > 0) sheet.Set(kSyncEta, left / *speed);
}

Result<void> ScrapeSync(const Client& client, const Deadline& deadline, SyncWindow* window,
                        Sheet& sheet) {
  const auto status = client.Ask(Call::kEthSyncing, deadline, ParseSyncing);
  if (!status) return std::unexpected(status.error());
  std::optional<double> speed;
  if (window != nullptr) {
    if (const auto current = status->current_block; status->syncing && current) {
      const std::chrono::duration<double> now = Deadline::Clock::now().time_since_epoch();
      speed = window->Add(now.count(), *current);
    } else {
      window->Clear();
    }
  }
  TellSync(*status, speed, sheet);
  return {};
}

}  // namespace stakewatch::geth
