#include "exporters/geth/geth.h"

#include <functional>
#include <memory>
#include <optional>

#include "common/log.h"
#include "exporters/geth/client.h"
#include "exporters/geth/expected_peers.h"
#include "exporters/geth/head.h"
#include "exporters/geth/heads.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/network.h"
#include "exporters/geth/node.h"
#include "exporters/geth/peers.h"
#include "exporters/geth/sync.h"

namespace stakewatch::geth {
namespace {

// What the sources of one node share.
struct Node {
  std::shared_ptr<const Upstream> upstream;
  std::optional<Network> network;
  std::unique_ptr<ExpectedPeersFile> expected_peers;  // Null: none are expected.
  std::unique_ptr<SyncWindow> sync_window;            // Null for a probe.
};

Checked<std::optional<Network>> ExpectedNetwork(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto network = KnownNetwork(name);
  if (!network) {
    return std::unexpected("--geth.network: \"" + name + "\" is none of mainnet, sepolia, hoodi");
  }
  return network;
}

// As the file says now; null when none are expected.
std::shared_ptr<const std::vector<ExpectedPeer>> ExpectedNow(const Node& node, Sheet& sheet) {
  if (node.expected_peers == nullptr) return nullptr;
  const auto file = node.expected_peers->Look();
  if (file.changed && file.error) {
    Log(LogLevel::kWarn, "expected peers are not read again", {{"error", *file.error}});
  } else if (file.changed) {
    Log(LogLevel::kInfo, "expected peers are read again",
        {{"peers", std::to_string(file.value->size())}});
  }
  sheet.Set(kExpectedPeersFileFailed, file.error ? 1 : 0);
  return file.value;
}

std::vector<Source> SourcesOf(const std::shared_ptr<const Node>& node) {
  using Scrape = Result<void>(const Node&, const Client&, const Deadline&, Sheet&);
  const auto source = [&](std::string_view name, std::function<Scrape> scrape) {
    return Source{name, node->upstream,
                  [node, scrape = std::move(scrape)](const Upstream& upstream,
                                                     const Deadline& deadline, Sheet& sheet) {
                    return scrape(*node, Client(upstream), deadline, sheet);
                  }};
  };
  const auto plain = [&](std::string_view name,
                         Result<void> (*scrape)(const Client&, const Deadline&, Sheet&)) {
    return source(name, [scrape](const Node&, const Client& client, const Deadline& deadline,
                                 Sheet& sheet) { return scrape(client, deadline, sheet); });
  };
  return {
      plain("node", ScrapeNode),
      source("peers",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapePeers(client, deadline, ExpectedNow(n, sheet).get(), sheet);
             }),
      plain("head", ScrapeHead),
      source("sync",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapeSync(client, deadline, n.sync_window.get(), sheet);
             }),
      plain("txpool", ScrapeTxpool),
      source("chain", [](const Node& n, const Client& client, const Deadline& deadline,
                         Sheet& sheet) { return ScrapeChain(client, deadline, n.network, sheet); }),
      plain("network", ScrapeNetwork),
      plain("gas_price", ScrapeGasPrice),
  };
}

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Geth");
  flags.Add("geth.url", settings.url,
            "JSON-RPC of the node: http(s)://host:port, ws(s)://host:port, or the path of its IPC "
            "socket, where nothing need be opened for the admin module.");
  flags.Add("geth.ws-url", settings.ws_url,
            "ws(s)://host:port for the feed of new heads; where --geth.url is one, that is taken.");
  flags.Add("geth.network", settings.network,
            "mainnet, sepolia or hoodi: tell whether chain id and genesis are its own.");
  flags.Add("geth.expected-peers", settings.expected_peers_file,
            "File of enodes, one a line and each with a label if you like, that should be "
            "connected.");
  flags.AddUpstream("geth", settings.upstream);
}

std::vector<std::string> SourceNames() {
  return {"node", "peers", "head", "sync", "txpool", "chain", "network", "gas_price", "heads"};
}

Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own) {
  if (const auto checked = CheckOptions(settings.upstream); !checked) {
    return std::unexpected("--geth.…: " + checked.error());
  }
  const auto node = std::make_shared<Node>();
  const auto network = ExpectedNetwork(settings.network);
  if (!network) return std::unexpected(network.error());
  node->network = *network;
  if (!settings.expected_peers_file.empty()) {
    auto peers = OpenExpectedPeers(settings.expected_peers_file);
    if (!peers) return std::unexpected("--geth.expected-peers: " + peers.error());
    node->expected_peers = std::move(*peers);
  }
  auto upstream = RpcUpstream(settings.url, settings.upstream);
  if (!upstream) return std::unexpected("--geth.url: " + upstream.error());
  node->upstream = std::move(*upstream);
  node->sync_window = std::make_unique<SyncWindow>();
  auto sources = SourcesOf(node);
  const bool websocket = settings.url.starts_with("ws://") || settings.url.starts_with("wss://");
  const std::string feed_url =
      settings.ws_url.empty() && websocket ? settings.url : settings.ws_url;
  if (feed_url.empty()) return sources;
  auto feed = HeadsFeed::Make(feed_url, settings.upstream, own);
  if (!feed) return std::unexpected("--geth.ws-url: " + feed.error());
  sources.push_back(TellerSource<HeadsFeed>("heads", std::move(*feed)));
  return sources;
}

std::vector<Source> NodeSources(std::shared_ptr<const Upstream> node,
                                std::optional<Network> network) {
  const auto shared = std::make_shared<Node>();
  shared->upstream = std::move(node);
  shared->network = network;
  return SourcesOf(shared);
}

Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target) {
  const auto network = ExpectedNetwork(settings.network);
  if (!network) return std::unexpected(network.error());
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  auto upstream = RpcUpstream(target, options);
  if (!upstream) return std::unexpected(upstream.error());
  return NodeSources(std::move(*upstream), *network);
}

}  // namespace stakewatch::geth
