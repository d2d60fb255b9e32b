#pragma once
// The sources of one beacon node (Prysm, Lighthouse, Teku, Nimbus, Lodestar, Grandine: they serve
// the same Beacon API), and the flags that name it.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/upstream/upstream.h"
#include "exporters/beacon/network.h"
#include "exporters/beacon/own_validators.h"

namespace stakewatch::beacon {

struct Settings {
  std::string url = "http://127.0.0.1:3500";
  std::string execution_url;  // Of the execution client's JSON-RPC; empty: not compared.
  std::string network;
  bool validator_set = false;
  UpstreamOptions upstream;
  UpstreamOptions execution_upstream;
  ValidatorSettings validators;
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
struct BeaconSources {
  std::vector<Source> sources;
  std::shared_ptr<const RestartWindow> restart_window;  // Null without --validators-file.
};
// Checks the settings, too. What grows over the life of the process lives in `own`, which outlives
// the sources.
Checked<BeaconSources> Sources(const Settings& settings, OwnMetrics& own);

// What the sources that ask one node in each scrape need.
struct NodeParts {
  std::shared_ptr<const Upstream> node;
  std::shared_ptr<const Upstream> execution;  // Null: the heads are not compared.
  std::optional<Network> network;             // None: not checked.
  std::function<double()> now;                // Unix seconds.
  bool keep_speed = true;                     // False for a probe, which sees its target once.
};
std::vector<Source> NodeSources(NodeParts parts);
// Of another node, asked once: no feed, no ETA, no validators, and none of the credentials.
Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target);

}  // namespace stakewatch::beacon
