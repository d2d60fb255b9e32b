#pragma once
// Source node: which client and version answers (web3_clientVersion); and how client names are
// read, the node's own and its peers'.
#include <array>
#include <string>
#include <string_view>

#include "common/client_name.h"
#include "common/metrics.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

// The execution clients told apart; every other name is "other".
inline constexpr std::array<std::string_view, 9> kKnownClients = {
    "geth",   "nethermind",  "besu",   "erigon",    "reth",
    "nimbus", "nimbus-eth1", "ethrex", "ethereumjs"};

// "Geth/v1.17.3-stable-c6d5e4a1/linux-amd64/go1.26" -> geth, 1.17.3. Names are what the peer says.
ClientName ParseClientName(std::string_view name);

Result<void> ScrapeNode(const Client& client, const Deadline& deadline, Sheet& sheet);
Result<std::string> ParseText(const std::string& answer);  // A result that is a string.

}  // namespace stakewatch::geth
