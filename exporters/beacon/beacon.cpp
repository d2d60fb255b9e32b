#include "exporters/beacon/beacon.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "exporters/beacon/chain.h"
#include "exporters/beacon/client.h"
#include "exporters/beacon/events.h"
#include "exporters/beacon/execution_link.h"
#include "exporters/beacon/finality.h"
#include "exporters/beacon/node.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/participation.h"
#include "exporters/beacon/peers.h"
#include "exporters/beacon/sync.h"
#include "exporters/beacon/validator_set.h"

namespace stakewatch::beacon {
namespace {

// What the sources of one node share.
struct Node {
  NodeParts parts;
  mutable ChainOf chain;
  mutable SyncWindow sync_window;
};

Checked<std::optional<Network>> ExpectedNetwork(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto network = KnownNetwork(name);
  if (!network) {
    return std::unexpected("--beacon.network: \"" + name + "\" is none of mainnet, sepolia, hoodi");
  }
  return network;
}

constexpr std::chrono::seconds kSyncedPatience{10};

// What the feed and the jobs ask of the node between scrapes.
std::function<std::optional<Chain>()> LastChain(const std::shared_ptr<const Node>& node) {
  return [node] { return node->chain.Last(); };
}

Checked<Source> EventsSource(const Settings& settings, const std::shared_ptr<const Node>& node,
                             OwnMetrics& own) {
  const auto counted = std::make_shared<const CountedUpstream>(node->parts.node, &own, "events");
  auto made = EventsFeed::Make(settings.url, settings.upstream, own,
                               {.chain = LastChain(node),
                                .has_block = [counted](std::uint64_t slot, const Deadline& within) {
                                  return AskHasBlock(Client(*counted), slot, within);
                                }});
  if (!made) return std::unexpected(made.error());
  return TellerSource<EventsFeed>("events", std::move(*made));
}

Source ValidatorSetSource(const std::shared_ptr<const Node>& node, OwnMetrics& own) {
  const auto counted =
      std::make_shared<const CountedUpstream>(node->parts.node, &own, "validator_set");
  const auto job = std::make_shared<ValidatorSetJob>(ValidatorSetParts{
      .node = counted, .chain = LastChain(node), .synced = [node, counted] {
        const auto now =
            LookAtNode(Client(*counted), Deadline(kSyncedPatience), node->chain, node->parts.now());
        return now && now->not_synced.empty();
      }});
  return TellerSource("validator_set", job);
}

std::vector<Source> SourcesOf(const std::shared_ptr<const Node>& node) {
  using Scrape = Result<void>(const Node&, const Client&, const Deadline&, Sheet&);
  const auto source = [&](std::string_view name, std::function<Scrape> scrape) {
    return Source{name, node->parts.node,
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
  const auto timed =
      [&](std::string_view name,
          Result<void> (*scrape)(const Client&, const Deadline&, ChainOf&, double, Sheet&)) {
        return source(name, [scrape](const Node& n, const Client& client, const Deadline& deadline,
                                     Sheet& sheet) {
          return scrape(client, deadline, n.chain, n.parts.now(), sheet);
        });
      };
  std::vector<Source> sources = {
      plain("node", ScrapeNode),
      source("sync",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapeSync(client, deadline, n.chain,
                                 n.parts.keep_speed ? &n.sync_window : nullptr, n.parts.now, sheet);
             }),
      plain("peers", ScrapePeers),
      timed("finality", ScrapeFinality),
      source("network",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapeNetwork(client, deadline, n.chain, n.parts.network, n.parts.now(),
                                    sheet);
             }),
      timed("fork", ScrapeFork),
  };
  if (node->parts.execution != nullptr) {
    sources.push_back(source("execution_link", [](const Node& n, const Client& client,
                                                  const Deadline& deadline, Sheet& sheet) {
      return ScrapeExecutionLink(client, *n.parts.execution, deadline, sheet);
    }));
  }
  sources.push_back(plain("participation", ScrapeParticipation));
  return sources;
}

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Beacon node");
  flags.Add(
      "beacon.url", settings.url,
      "The node's Beacon API, http(s)://host:port. The port is 3500 in Prysm, 9596 in Lodestar, "
      "5051 in Teku, 5052 in most others.");
  flags.Add("beacon.execution-url", settings.execution_url,
            "JSON-RPC of its execution client, http(s)://, ws(s):// or the path of an IPC socket: "
            "eth_blockNumber is compared with the payload of the head block.");
  flags.Add("beacon.network", settings.network,
            "mainnet, sepolia or hoodi: tell whether the genesis is its own.");
  flags.Add("beacon.validator-set", settings.validator_set,
            "Once an epoch, count all validators of the network: an answer of 0.5 to 1 GB, which "
            "costs the node seconds of CPU.");
  flags.AddUpstream("beacon", settings.upstream);
  flags.AddUpstream("beacon.execution", settings.execution_upstream);
  DeclareValidatorFlags(flags, settings.validators);
}

std::vector<std::string> SourceNames() {
  std::vector<std::string> names = {"node",           "sync",          "peers",
                                    "finality",       "network",       "fork",
                                    "execution_link", "participation", "events"};
  names.insert(names.end(), kValidatorSourceNames.begin(), kValidatorSourceNames.end());
  names.emplace_back("validator_set");
  return names;
}

std::vector<Source> NodeSources(NodeParts parts) {
  const auto node = std::make_shared<Node>();
  node->parts = std::move(parts);
  return SourcesOf(node);
}

Checked<BeaconSources> Sources(const Settings& settings, OwnMetrics& own) {
  if (const auto checked = CheckOptions(settings.upstream); !checked) {
    return std::unexpected("--beacon.…: " + checked.error());
  }
  if (const auto checked = CheckOptions(settings.execution_upstream); !checked) {
    return std::unexpected("--beacon.execution.…: " + checked.error());
  }
  NodeParts parts;
  parts.now = UnixNow;
  const auto network = ExpectedNetwork(settings.network);
  if (!network) return std::unexpected(network.error());
  parts.network = *network;
  auto node = HttpUpstream(settings.url, settings.upstream);
  if (!node) return std::unexpected("--beacon.url: " + node.error());
  parts.node = std::move(*node);
  if (!settings.execution_url.empty()) {
    auto execution = RpcUpstream(settings.execution_url, settings.execution_upstream);
    if (!execution) return std::unexpected("--beacon.execution-url: " + execution.error());
    parts.execution = std::move(*execution);
  }
  const auto shared = std::make_shared<Node>();
  shared->parts = std::move(parts);
  auto sources = SourcesOf(shared);
  auto events = EventsSource(settings, shared, own);
  if (!events) return std::unexpected("--beacon.url: " + events.error());
  sources.push_back(std::move(*events));
  auto validators = MakeValidatorSources(settings.validators, shared->parts.node, &own);
  if (!validators) return std::unexpected(validators.error());
  std::ranges::move(validators->sources, std::back_inserter(sources));
  if (settings.validator_set) sources.push_back(ValidatorSetSource(shared, own));
  return BeaconSources{std::move(sources), std::move(validators->restart_window)};
}

Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target) {
  const auto network = ExpectedNetwork(settings.network);
  if (!network) return std::unexpected(network.error());
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  auto node = HttpUpstream(target, options);
  if (!node) return std::unexpected(node.error());
  return NodeSources({.node = std::move(*node),
                      .execution = nullptr,
                      .network = *network,
                      .now = UnixNow,
                      .keep_speed = false});
}

}  // namespace stakewatch::beacon
