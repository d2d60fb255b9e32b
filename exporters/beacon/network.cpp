#include "exporters/beacon/network.h"

#include <algorithm>
#include <array>

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

// From the genesis states of github.com/eth-clients.
constexpr std::array<Network, 3> kNetworks = {{
    {"mainnet", "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"},
    {"sepolia", "0xd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078"},
    {"hoodi", "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"},
}};

// The first of them that begins after the slot, if it has a date.
const Fork* NextFork(const Spec& spec, std::uint64_t epoch) {
  const auto next =
      std::ranges::find_if(spec.forks, [&](const Fork& fork) { return fork.epoch > epoch; });
  return next == spec.forks.end() || next->epoch == kFarFutureEpoch ? nullptr : &*next;
}

}  // namespace

std::optional<Network> KnownNetwork(std::string_view name) {
  const auto known = std::ranges::find(kNetworks, name, &Network::name);
  if (known == kNetworks.end()) return std::nullopt;
  return *known;
}

void TellNetwork(const Chain& chain, const std::optional<Network>& expected, double now,
                 Sheet& sheet) {
  const Spec& spec = *chain.spec;
  if (!spec.config_name.empty()) sheet.Set(kNetworkInfo, 1, spec.config_name);
  sheet.Set(kGenesisTimestamp, static_cast<double>(chain.genesis.time));
  sheet.Set(kSlotDuration, chain.SlotSeconds());
  sheet.Set(kSlotsPerEpoch, static_cast<double>(spec.slots_per_epoch));
  if (const auto slot = chain.SlotAt(now)) {
    sheet.Set(kClockEpoch, static_cast<double>(chain.EpochOf(*slot)));
  }
  if (!expected) return;
  const bool same = chain.genesis.validators_root == expected->genesis_validators_root;
  sheet.Set(kNetworkAsExpected, same ? 1 : 0);
}

Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, ChainOf& chain,
                           const std::optional<Network>& expected, double now, Sheet& sheet) {
  const auto asked = chain.Ask(client, deadline);
  if (!asked) return std::unexpected(asked.error());
  TellNetwork(*asked, expected, now, sheet);
  return {};
}

void TellForks(const Chain& chain, double now, Sheet& sheet) {
  const Spec& spec = *chain.spec;
  for (std::size_t i = 0; i < spec.forks.size(); ++i) {
    const Fork& fork = spec.forks[i];
    const auto same = [&](const Fork& other) { return other.name == fork.name; };
    if (fork.epoch == kFarFutureEpoch || std::ranges::find_if(spec.forks, same) !=
                                             spec.forks.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    sheet.Set(kForkEpoch, static_cast<double>(fork.epoch), fork.name);
  }
  const auto slot = chain.SlotAt(now);
  const std::uint64_t epoch = slot ? chain.EpochOf(*slot) : 0;
  const auto begins = [&](std::uint64_t at) {
    return static_cast<double>(chain.genesis.time) + static_cast<double>(at) *
                                                         static_cast<double>(spec.slots_per_epoch) *
                                                         chain.SlotSeconds();
  };
  if (const Fork* next = NextFork(spec, epoch)) {
    sheet.Set(kNextForkEpoch, static_cast<double>(next->epoch), next->name);
    sheet.Set(kNextForkTimestamp, begins(next->epoch), next->name);
  }
  const auto blobs = std::ranges::upper_bound(spec.blob_schedule_epochs, epoch);
  if (blobs != spec.blob_schedule_epochs.end() && *blobs != kFarFutureEpoch) {
    sheet.Set(kNextBlobScheduleEpoch, static_cast<double>(*blobs));
    sheet.Set(kNextBlobScheduleTimestamp, begins(*blobs));
  }
}

Result<void> ScrapeFork(const Client& client, const Deadline& deadline, ChainOf& chain, double now,
                        Sheet& sheet) {
  const auto asked = chain.Ask(client, deadline);
  if (!asked) return std::unexpected(asked.error());
  TellForks(*asked, now, sheet);
  return {};
}

}  // namespace stakewatch::beacon
