#pragma once
// What the beacon chain's network is: names, forks, and the constants of the presets.
#include <cstdint>
#include <string>
#include <string_view>

namespace stakewatch::sim {

inline constexpr std::uint64_t kFarFuture = UINT64_MAX;  // "Never", as the chain writes it.

struct BeaconNetwork {
  std::string_view name;          // Of CONFIG_NAME.
  std::string_view genesis_root;  // Of the validators.
  std::uint64_t chain_id = 0;
  std::uint32_t genesis_version = 0, altair_version = 0;
  std::uint32_t version_step = 0;  // From there on from one fork's version to the next one's.
};

// The beacon side of mainnet, sepolia, hoodi or dev; dev's for any other name.
BeaconNetwork BeaconNetworkOf(std::string_view name);

struct SpecSettings {
  double slot_seconds = 12;
  std::uint64_t slots_per_epoch = 32;
  std::uint64_t next_fork_epoch = kFarFuture;  // Of Gloas; all forks before are at epoch 0.
};

// The members of "data", without braces; preset minimal for 8 slots an epoch, else mainnet.
std::string SpecJson(const BeaconNetwork& network, const SpecSettings& settings);
// The array of /eth/v1/config/fork_schedule.
std::string ForkScheduleJson(const BeaconNetwork& network, const SpecSettings& settings);
// 0x and eight digits; `fork` 0 is genesis, 6 is Fulu.
std::string ForkVersion(const BeaconNetwork& network, std::uint32_t fork);
inline constexpr std::uint32_t kFulu = 6;

}  // namespace stakewatch::sim
