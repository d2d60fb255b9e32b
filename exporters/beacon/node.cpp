#include "exporters/beacon/node.h"

#include <algorithm>
#include <array>

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

constexpr std::array<std::string_view, 6> kConsensusClients = {"prysm",  "lighthouse", "teku",
                                                               "nimbus", "lodestar",   "grandine"};

// Two-letter codes of engine_getClientVersionV1 (ethereum/execution-apis), which go before names:
// these differ between versions ("Geth", "go-ethereum").
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kExecutionCodes = {{
    {"GE", "geth"},
    {"NM", "nethermind"},
    {"BU", "besu"},
    {"EG", "erigon"},
    {"RH", "reth"},
    {"NB", "nimbus"},
    {"EX", "ethrex"},
    {"EJ", "ethereumjs"},
}};

ClientName ReadClient(JsonObject client) {
  ClientName read{"other", "unknown"};
  for (auto field : client) {
    const std::string_view key = field.unescaped_key();
    if (key == "code") {
      const std::string_view code = field.value().get_string();
      const auto known =
          std::ranges::find(kExecutionCodes, code, [](const auto& pair) { return pair.first; });
      if (known != kExecutionCodes.end()) read.client = known->second;
    } else if (key == "version") {
      const std::string_view version = VersionOf(field.value().get_string());
      if (!version.empty()) read.version = version;
    }
  }
  return read;
}

}  // namespace

ClientName ParseBeaconClientName(std::string_view name) {
  return ParseClientName(name, kConsensusClients);
}

Result<std::string> ParseNodeVersion(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    JsonObject data = root.get_object().find_field_unordered("data").get_object();
    return std::string(std::string_view(data.find_field_unordered("version").get_string()));
  });
}

Result<NodeVersionV2> ParseNodeVersionV2(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    NodeVersionV2 version;
    bool beacon_node = false;
    for (auto field : root.get_object().find_field_unordered("data").get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "beacon_node") beacon_node = true;
      if (key == "execution_client" && !value.is_null()) {
        version.execution_client = ReadClient(value.get_object());
      }
    }
    if (!beacon_node) throw BadShape{"no beacon_node"};
    return version;
  });
}

Result<void> ScrapeNode(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto name = client.Ask(Call::kNodeVersion, deadline, ParseNodeVersion);
  if (!name) return std::unexpected(name.error());
  const ClientName own = ParseBeaconClientName(*name);
  sheet.Set(kNodeInfo, 1, own.client, own.version);
  sheet.Set(kNodeVersionNumber, VersionNumber(own.version), own.client);
  const auto v2 = client.Ask(Call::kNodeVersionV2, deadline, ParseNodeVersionV2);
  if (!v2) {
    // Clients that do not have it yet answer 404, or 400 or 405 for a path they know in part.
    const int code = v2.error().reason == Reason::kHttpStatus ? v2.error().code : 0;
    if (code == 404 || code == 400 || code == 405) return {};
    return std::unexpected(v2.error());
  }
  const auto& execution = v2->execution_client;
  sheet.Set(kExecutionLinkEvidence, execution ? 0 : 1, "client_gone");
  if (execution) sheet.Set(kExecutionClientInfo, 1, execution->client, execution->version);
  return {};
}

}  // namespace stakewatch::beacon
