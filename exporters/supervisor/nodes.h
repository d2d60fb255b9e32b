#pragma once
// The bastions that the daemon holds tunnels to, and the local ports of those.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "exporters/supervisor/client.h"

namespace stakewatch::supervisor {

struct Node {
  std::string
      name;  // host:port, the label `bastion` of every source: `node` is a label of the target.
  std::string host;
  std::string port;
};

inline constexpr std::size_t kNodesMax = 16;
// Of host:port each, at most kNodesMax, each once.
Checked<std::vector<Node>> ParseNodes(const std::vector<std::string>& nodes);

// How the daemon numbers the local ports of its tunnels, from its port_range on: as of today, or
// that of 2021, which its original README describes.
enum class PortLayout { kHead, k2021 };
// Of the service behind node `index` of `nodes`.
std::size_t PortOf(PortLayout layout, std::size_t base, std::size_t nodes, std::size_t index,
                   Service service);

}  // namespace stakewatch::supervisor
