#include "exporters/geth/node.h"

#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
ClientName ParseClientName(std::string_view name) {
  constexpr std::string_view kNimbus = "nimbus-eth1";  // Beside nimbus-eth2, the consensus client.
  ClientName parsed = stakewatch::ParseClientName(name, kKnownClients);
  if (parsed.client == kNimbus) parsed.client = "nimbus";
  return parsed;
}

Result<std::string> ParseText(const std::string& answer) {
  return DecodeRpc(
      answer, [](JsonValue result) { return std::string(std::string_view(result.get_string())); });
}

Result<void> ScrapeNode(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto name = client.Ask(Call::kWeb3ClientVersion, deadline, ParseText);
  if (!name) return std::unexpected(name.error());
  const ClientName parsed = ParseClientName(*name);
  sheet.Set(kNodeInfo, 1, parsed.client, parsed.version);
  return {};
}

}  // namespace stakewatch::geth
