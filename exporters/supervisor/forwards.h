#pragma once
// Source forwards: HTTP through the tunnels' local ports. A tunnel whose links are silent looks
// alive to the daemon for 20 minutes, and to ssh for ever; this is what finds it.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/upstream/upstream.h"
#include "exporters/supervisor/client.h"
#include "exporters/supervisor/nodes.h"

namespace stakewatch::supervisor {

struct Forward {
  std::string node;
  Service service;
  std::shared_ptr<const Upstream> upstream;  // The local port.
};

// What one answer, or none, says of a forward.
struct Probed {
  bool up = false;     // HTTP was answered.
  bool ready = false;  // As by a service that works.
  std::optional<bool> syncing;
  double seconds = 0;
};
// `data.is_syncing` of the Beacon API.
Result<bool> ParseSyncing(const std::string& answer);
Probed Probe(const Forward& forward, const Deadline& deadline);

Checked<std::vector<Forward>> MakeForwards(const std::vector<Node>& nodes, PortLayout layout,
                                           std::size_t port_base);
// All at the same time, each for 5 s at most.
void ScrapeForwards(const std::vector<Forward>& forwards, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::supervisor
