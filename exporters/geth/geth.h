#pragma once
// The sources of one Geth (or Besu, Nethermind, Erigon, Reth: they answer the same calls), and the
// flags that name it.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/upstream/upstream.h"
#include "exporters/geth/network.h"

namespace stakewatch::geth {

struct Settings {
  std::string url = "http://127.0.0.1:8545";
  std::string ws_url;  // Of the heads feed; empty: `url` where that is a WebSocket, else no feed.
  std::string network;
  std::string expected_peers_file;
  UpstreamOptions upstream;
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
// Checks the settings, too. The feed's counters live in `own`, which outlives the sources.
Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own);
// Those that ask the node; the heads feed listens instead. `network` is the one it should be on.
std::vector<Source> NodeSources(std::shared_ptr<const Upstream> node,
                                std::optional<Network> network);
// Of another node, asked once: no feed, no ETA, no expected peers, and none of the credentials.
Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target);

}  // namespace stakewatch::geth
