#pragma once
// Source node: which client and version answers (web3_clientVersion); and how client names are
// read, the node's own and its peers'.
#include <array>
#include <string>
#include <string_view>

#include "common/metrics.h"
#include "exporters/geth/client.h"

namespace stakewatch::geth {

// The execution clients told apart; every other name is "other".
inline constexpr std::array<std::string_view, 8> kKnownClients = {
    "geth", "nethermind", "besu", "erigon", "reth", "nimbus", "ethrex", "ethereumjs"};

struct ClientName {
  std::string client;   // One of kKnownClients, or other.
  std::string version;  // "1.17.3", or unknown.
};

// "Geth/v1.17.3-stable-c6d5e4a1/linux-amd64/go1.26" -> geth, 1.17.3. Names are what the peer says:
// the parts between slashes are client, an identity if the operator set one, version, platform.
ClientName ParseClientName(std::string_view name);

Result<void> ScrapeNode(const Client& client, const Deadline& deadline, Sheet& sheet);
Result<std::string> ParseText(const std::string& answer);  // A result that is a string.

}  // namespace stakewatch::geth
