#include "exporters/geth/node.h"

#include <algorithm>
#include <cctype>

#include "exporters/geth/metrics.h"

namespace stakewatch::geth {
namespace {

bool Digit(char c) {
  return c >= '0' && c <= '9';
}

// "v1.17.3-stable" -> "1.17.3"; empty unless it begins with two numbers and a dot between.
std::string_view VersionOf(std::string_view part) {
  if (part.starts_with('v') || part.starts_with('V')) part.remove_prefix(1);
  std::size_t length = 0;
  std::size_t dots = 0;
  while (length < part.size() && (Digit(part[length]) || part[length] == '.')) {
    if (part[length] == '.') {
      const bool between = length > 0 && Digit(part[length - 1]) && length + 1 < part.size() &&
                           Digit(part[length + 1]);
      if (!between) break;
      ++dots;
    }
    ++length;
  }
  return dots >= 1 && dots <= 3 && length <= 24 ? part.substr(0, length) : std::string_view();
}

}  // namespace

ClientName ParseClientName(std::string_view name) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  std::string client(name.substr(0, std::min<std::size_t>(slash, 32)));
  std::ranges::transform(client, client.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  if (client == "nimbus-eth1") client = "nimbus";
  if (std::ranges::find(kKnownClients, client) == kKnownClients.end()) client = "other";
  name.remove_prefix(slash);
  // An identity comes before the version; more than a few parts are not a client's doing.
  for (int part = 0; part < 4 && !name.empty(); ++part) {
    name.remove_prefix(1);
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view version = VersionOf(name.substr(0, end));
    if (!version.empty()) return {client, std::string(version)};
    name.remove_prefix(end);
  }
  return {client, "unknown"};
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
