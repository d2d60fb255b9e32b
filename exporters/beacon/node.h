#pragma once
// Source node: which client and version answers, and which execution client it says it has.
#include <optional>
#include <string>

#include "common/client_name.h"
#include "common/metrics.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

// "Prysm/v7.1.6-1fc4645 (linux amd64)" -> prysm, 7.1.6; a name that is none of the known clients is
// other.
ClientName ParseBeaconClientName(std::string_view name);

// /eth/v2/node/version.
struct NodeVersionV2 {
  std::optional<ClientName> execution_client;  // None: the node names none.
};

Result<std::string> ParseNodeVersion(const std::string& answer);
Result<NodeVersionV2> ParseNodeVersionV2(const std::string& answer);

Result<void> ScrapeNode(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::beacon
