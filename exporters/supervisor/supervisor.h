#pragma once
// The sources of one validator supervisor, and the flags that say where it is. Its own
// configuration stays closed, since that holds all RPC keys: what it would say is given by flags.
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "exporters/supervisor/host.h"

namespace stakewatch::supervisor {

struct Settings {
  std::string rpc;  // A path or host:port; empty: not asked.
  std::string user = "exporter";
  std::string key_file;
  std::string rpc_certificate;  // Empty: without TLS.
  std::chrono::milliseconds rpc_interval{15'000};
  std::chrono::milliseconds rpc_timeout{10'000};
  std::vector<std::string> nodes;  // host:port, in the order of config.yaml.
  std::size_t port_base = 13000;
  std::string port_layout = "head";  // Or 2021.
  std::string data_dir, logs_dir;    // Empty: not looked at.
  std::string procfs = "/proc";
  HostSettings host;
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
// Checks the settings, too.
Checked<std::vector<Source>> Sources(const Settings& settings);

}  // namespace stakewatch::supervisor
