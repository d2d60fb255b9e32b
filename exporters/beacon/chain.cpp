#include "exporters/beacon/chain.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace stakewatch::beacon {
namespace {

constexpr std::uint64_t kSlotMsMax = 86400'000;
constexpr std::uint64_t kSlotsPerEpochMax = 1U << 20;
constexpr std::size_t kForksMax = 64;
constexpr std::chrono::minutes kSpecAge{10};
constexpr std::string_view kForkSuffix = "_FORK_EPOCH";

std::vector<std::uint64_t> ReadBlobSchedule(JsonValue value) {
  std::vector<std::uint64_t> epochs;
  for (auto entry : value.get_array()) {
    const std::uint64_t epoch = Decimal(entry.value().get_object().find_field_unordered("EPOCH"));
    if (epochs.size() < kForksMax) epochs.push_back(epoch);
  }
  std::ranges::sort(epochs);
  return epochs;
}

// Clients write dozens of constants, as strings, numbers, arrays; only the known ones are looked
// at.
Spec ReadSpec(JsonValue root) {
  Spec spec;
  std::optional<std::uint64_t> seconds_per_slot;
  for (auto field : root.get_object().find_field_unordered("data").get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "CONFIG_NAME") {
      spec.config_name = std::string_view(value.get_string());
    } else if (key == "SLOT_DURATION_MS") {
      spec.slot_ms = Decimal(value);
    } else if (key == "SECONDS_PER_SLOT") {
      seconds_per_slot = Decimal(value);
    } else if (key == "SLOTS_PER_EPOCH") {
      spec.slots_per_epoch = Decimal(value);
    } else if (key == "EPOCHS_PER_SYNC_COMMITTEE_PERIOD") {
      spec.epochs_per_sync_committee_period = Decimal(value);
    } else if (key == "DEPOSIT_CHAIN_ID") {
      spec.deposit_chain_id = Decimal(value);
    } else if (key == "BLOB_SCHEDULE") {
      spec.blob_schedule_epochs = ReadBlobSchedule(value);
    } else if (key.ends_with(kForkSuffix) && spec.forks.size() < kForksMax) {
      const std::string_view name = key.substr(0, key.size() - kForkSuffix.size());
      spec.forks.push_back({std::string(name), Decimal(value)});
    }
  }
  if (spec.slot_ms == 0 && seconds_per_slot) {
    spec.slot_ms = std::min(*seconds_per_slot, kSlotMsMax) * 1000;
  }
  if (spec.slot_ms == 0 || spec.slot_ms > kSlotMsMax) {
    throw BadShape{"neither SLOT_DURATION_MS nor SECONDS_PER_SLOT is the length of a slot"};
  }
  if (spec.slots_per_epoch == 0 || spec.slots_per_epoch > kSlotsPerEpochMax) {
    throw BadShape{"SLOTS_PER_EPOCH is no number of slots"};
  }
  std::ranges::stable_sort(spec.forks, {}, &Fork::epoch);
  return spec;
}

Genesis ReadGenesis(JsonValue root) {
  JsonObject data = root.get_object().find_field_unordered("data").get_object();
  Genesis genesis;
  const std::uint64_t time = Decimal(data.find_field_unordered("genesis_time"));
  if (time > (std::uint64_t{1} << 40)) throw BadShape{"genesis_time is no time"};
  genesis.time = static_cast<std::int64_t>(time);
  genesis.validators_root =
      std::string_view(data.find_field_unordered("genesis_validators_root").get_string());
  return genesis;
}

}  // namespace

Result<Genesis> ParseGenesis(const std::string& answer) {
  return Decode(answer, ReadGenesis);
}

Result<Spec> ParseSpec(const std::string& answer) {
  return Decode(answer, ReadSpec);
}

std::optional<std::uint64_t> Chain::SlotAt(double now) const {
  const double since = now - static_cast<double>(genesis.time);
  if (since < 0) return std::nullopt;
  return static_cast<std::uint64_t>(std::floor(since / SlotSeconds()));
}

double Chain::StartOf(std::uint64_t slot) const {
  return static_cast<double>(genesis.time) + static_cast<double>(slot) * SlotSeconds();
}

Result<Chain> ChainOf::Ask(const Client& client, const Deadline& deadline) {
  auto genesis = client.Ask(Call::kGenesis, deadline, ParseGenesis);
  if (!genesis) return std::unexpected(genesis.error());
  {
    const std::lock_guard lock(mutex_);
    const bool same = last_ && last_->genesis.time == genesis->time &&
                      last_->genesis.validators_root == genesis->validators_root;
    if (same && Deadline::Clock::now() - asked_at_ < kSpecAge) return *last_;
  }
  auto spec = client.Ask(Call::kConfigSpec, deadline, ParseSpec);
  if (!spec) return std::unexpected(spec.error());
  const std::lock_guard lock(mutex_);
  last_ = Chain{std::move(*genesis), std::make_shared<const Spec>(std::move(*spec))};
  asked_at_ = Deadline::Clock::now();
  return *last_;
}

std::optional<Chain> ChainOf::Last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace stakewatch::beacon
