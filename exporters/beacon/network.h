#pragma once
// Sources network and fork: which chain this is, and when its rules change next.
#include <optional>
#include <string_view>

#include "common/metrics.h"
#include "exporters/beacon/chain.h"

namespace stakewatch::beacon {

struct Network {
  std::string_view name;
  std::string_view genesis_validators_root;
};

// mainnet, sepolia and hoodi; none for another name.
std::optional<Network> KnownNetwork(std::string_view name);

Result<void> ScrapeNetwork(const Client& client, const Deadline& deadline, ChainOf& chain,
                           const std::optional<Network>& expected, double now, Sheet& sheet);
void TellNetwork(const Chain& chain, const std::optional<Network>& expected, double now,
                 Sheet& sheet);

Result<void> ScrapeFork(const Client& client, const Deadline& deadline, ChainOf& chain, double now,
                        Sheet& sheet);
void TellForks(const Chain& chain, double now, Sheet& sheet);

}  // namespace stakewatch::beacon
