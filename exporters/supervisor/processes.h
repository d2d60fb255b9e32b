#pragma once
// Source processes: the daemon and what it has started, by their command lines in /proc.
#include <optional>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "common/result.h"
#include "exporters/supervisor/nodes.h"
#include "exporters/supervisor/proc_table.h"

namespace stakewatch::supervisor {

// The daemon's family; what is missing does not run.
struct Family {
  std::optional<Process> daemon, validator;
  // In the order of the nodes.
  std::vector<std::optional<Process>> tunnels, log_shippers;
  // Tunnels, validators and log shippers that no daemon is an ancestor of.
  int orphans = 0;
};

// `python -m validator_supervisor daemon …`, or its script.
bool IsDaemon(const Process& process);
// `ssh … -p PORT … USER@HOST`, with ports forwarded both ways.
bool IsTunnel(const Process& process, const Node& node);
bool IsValidator(const Process& process);
bool IsLogShipper(const Process& process, const Node& node);

Family FindFamily(const Processes& processes, const std::vector<Node>& nodes);
void TellFamily(const Family& family, const std::vector<Node>& nodes, Sheet& sheet);

Result<void> ScrapeProcesses(const std::string& procfs, const std::vector<Node>& nodes,
                             const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::supervisor
