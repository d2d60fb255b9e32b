#include "exporters/jormungandr/chain.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "exporters/jormungandr/metrics.h"
#include "exporters/jormungandr/values.h"

namespace stakewatch::jormungandr {
namespace {

constexpr double kSlotSecondsMax = 86400;
constexpr std::uint64_t kSlotsPerEpochMax = std::uint64_t{1} << 32;
// Epochs that a page can show exactly.
constexpr double kSlotsMax = 9e15;

ChainSettings ReadSettings(JsonValue root) {
  ChainSettings settings;
  bool time = false;
  for (auto field : root.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "block0Hash") {
      settings.block0_hash = std::string_view(value.get_string());
    } else if (key == "block0Time") {
      const auto block0 = TimeOf(value);
      time = block0.has_value();
      settings.block0_time = block0.value_or(0);
    } else if (key == "consensusVersion") {
      settings.consensus = std::string_view(value.get_string());
    } else if (key == "slotDuration") {
      settings.slot_seconds = NumberOf(value).value_or(0);
    } else if (key == "slotsPerEpoch") {
      settings.slots_per_epoch = CountOf(value).value_or(0);
    }
  }
  if (settings.block0_hash.empty()) throw BadShape{"no block0Hash"};
  if (!time) throw BadShape{"no block0Time"};
  if (!(settings.slot_seconds > 0) || settings.slot_seconds > kSlotSecondsMax) {
    throw BadShape{"slotDuration is not the length of a slot"};
  }
  if (settings.slots_per_epoch == 0 || settings.slots_per_epoch > kSlotsPerEpochMax) {
    throw BadShape{"slotsPerEpoch is no number of slots"};
  }
  return settings;
}

PeerTimes ReadNetworkStats(JsonValue root) {
  PeerTimes newest;
  const auto newer = [](std::optional<double>& of, JsonValue value) {
    const auto time = TimeOf(value);
    if (time && (!of || *time > *of)) of = time;
  };
  for (auto peer : root.get_array()) {
    for (auto field : peer.value().get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "lastBlockReceived") newer(newest.block, value);
      if (key == "lastFragmentReceived") newer(newest.fragment, value);
      if (key == "lastGossipReceived") newer(newest.gossip, value);
    }
  }
  return newest;
}

}  // namespace

Result<ChainSettings> ParseSettings(const std::string& answer) {
  return Decode(answer, ReadSettings);
}

std::optional<SlotClock> ClockAt(const ChainSettings& settings, double now) {
  const double slots = (now - settings.block0_time) / settings.slot_seconds;
  if (slots < 0 || slots > kSlotsMax) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(std::floor(slots));
  return SlotClock{.epoch = whole / settings.slots_per_epoch,
                   .slot = whole % settings.slots_per_epoch,
                   .slot_progress = slots - std::floor(slots)};
}

Result<PeerTimes> ParseNetworkStats(const std::string& answer) {
  return Decode(answer, ReadNetworkStats);
}

Result<void> ScrapeSettings(const Client& client, const Deadline& deadline,
                            const std::string& block0, double now, Sheet& sheet) {
  const auto settings = client.Ask(Call::kSettings, deadline, ParseSettings);
  if (!settings) return std::unexpected(settings.error());
  sheet.Set(kChainInfo, 1, settings->consensus, settings->block0_hash);
  if (!block0.empty()) {
    sheet.Set(kBlock0AsExpected, settings->block0_hash == block0 ? 1 : 0);
  }
  sheet.Set(kBlock0Timestamp, settings->block0_time);
  sheet.Set(kSlotDuration, settings->slot_seconds);
  sheet.Set(kSlotsPerEpoch, static_cast<double>(settings->slots_per_epoch));
  const auto clock = ClockAt(*settings, now);
  if (!clock) return {};
  sheet.Set(kClockEpoch, static_cast<double>(clock->epoch));
  sheet.Set(kClockSlot, static_cast<double>(clock->slot));
  sheet.Set(kEpochProgress, (static_cast<double>(clock->slot) + clock->slot_progress) /
                                static_cast<double>(settings->slots_per_epoch));
  sheet.Set(kSlotProgress, clock->slot_progress);
  return {};
}

Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto newest = client.Ask(Call::kNetworkStats, deadline, ParseNetworkStats);
  if (!newest) return std::unexpected(newest.error());
  sheet.Set(kPeerLastBlock, newest->block);
  sheet.Set(kPeerLastFragment, newest->fragment);
  sheet.Set(kPeerLastGossip, newest->gossip);
  return {};
}

}  // namespace stakewatch::jormungandr
