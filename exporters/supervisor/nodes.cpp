#include "exporters/supervisor/nodes.h"

#include <algorithm>

#include "common/net/net.h"

namespace stakewatch::supervisor {

Checked<std::vector<Node>> ParseNodes(const std::vector<std::string>& nodes) {
  if (nodes.size() > kNodesMax) {
    return std::unexpected("at most " + std::to_string(kNodesMax) + " nodes");
  }
  std::vector<Node> parsed;
  for (const std::string& text : nodes) {
    const auto at = ParseHostPort(text);
    if (!at) return std::unexpected(at.error());
    if (at->host.empty()) return std::unexpected("\"" + text + "\": host:port is right");
    if (std::ranges::find(parsed, text, &Node::name) != parsed.end()) {
      return std::unexpected("\"" + text + "\" stands twice");
    }
    parsed.push_back({text, at->host, std::to_string(at->port)});
  }
  return parsed;
}

std::size_t PortOf(PortLayout layout, std::size_t base, std::size_t nodes, std::size_t index,
                   Service service) {
  const bool beacon = service == Service::kBeacon;
  if (layout == PortLayout::k2021) return base + 4 * index + (beacon ? 2 : 3);
  // Of the three ports of a node that beacon nodes have, the first is Lighthouse's API.
  return base + (beacon ? 3 * index : 3 * nodes + index);
}

}  // namespace stakewatch::supervisor
