#pragma once
// The sources of one Jormungandr node, and the flags that name it.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/unix_time.h"
#include "common/upstream/upstream.h"
#include "exporters/jormungandr/client.h"
#include "exporters/jormungandr/reference.h"

namespace stakewatch::jormungandr {

struct Settings {
  std::string url = "http://127.0.0.1:3100";
  std::string block0;                             // Hash that is expected; empty: not compared.
  std::vector<std::string> pools;                 // Ids.
  std::vector<std::string> accounts;              // Public keys.
  std::vector<std::string> references;            // [name=]URL.
  std::string external_tip_url;                   // Empty: none.
  std::string external_tip_path = "majoritymax";  // As pooltool's statistics name it.
  std::chrono::milliseconds external_tip_interval{60000};
  std::chrono::milliseconds external_tip_timeout{5000};
  UpstreamOptions upstream;
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
// Checks the settings, too.
Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own);

// What the sources that ask one node need.
struct NodeParts {
  std::shared_ptr<const Upstream> node;
  std::string block0;
  std::vector<Id> pools, accounts;
  std::vector<Reference> references;
  std::function<double()> now = UnixNow;  // Unix seconds.
  OwnMetrics* own = nullptr;              // Null for a probe, which counts nothing.
};
std::vector<Source> NodeSources(NodeParts parts);
// Of another node, asked with none of the credentials, and without pools, accounts and the external
// tip, which are the same for all nodes.
Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target);

}  // namespace stakewatch::jormungandr
