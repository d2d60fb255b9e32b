#pragma once
// The sources of the host besides the daemon itself, and their flags: backup, log, exposure and
// interchange. Each is there when a flag says where to look.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/unix_time.h"
#include "exporters/supervisor/nodes.h"

namespace stakewatch::supervisor {

struct Settings;

struct HostSettings {
  std::string backup_names = "supervisor-backup*";
  std::string remote_backups;              // A folder; empty: not looked at.
  std::vector<std::string> reverse_ports;  // Numbers.
  std::vector<std::string> interchanges;   // Paths.
  std::string certificate;                 // A path; empty: not looked at.
  std::string shared_memory = "/dev/shm";
  std::string sysfs = "/sys";
};

void DeclareHostFlags(Flags& flags, HostSettings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> HostSourceNames();
// Checks the settings, too. `now` in Unix seconds.
Checked<std::vector<Source>> HostSources(const Settings& settings, const std::vector<Node>& nodes,
                                         std::function<double()> now = UnixNow);

}  // namespace stakewatch::supervisor
