#include "exporters/jormungandr/jormungandr.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/net/net.h"
#include "exporters/jormungandr/chain.h"
#include "exporters/jormungandr/external_tip.h"
#include "exporters/jormungandr/fragments.h"
#include "exporters/jormungandr/leaders.h"
#include "exporters/jormungandr/ledger.h"
#include "exporters/jormungandr/stats.h"

namespace stakewatch::jormungandr {
namespace {

// The leader log is the biggest: 400 bytes an entry, and some thousand of them.
constexpr std::size_t kBodyBytesMax = 4U << 20;
constexpr std::size_t kExternalBytesMax = 1U << 20;
// Requests of one scrape.
constexpr std::size_t kIdsMax = 50;
constexpr std::size_t kReferencesMax = 10;

// What the sources of one node share.
struct Node {
  explicit Node(NodeParts given) : parts(std::move(given)), references(parts.references) {}
  NodeParts parts;
  mutable StartTime start;
  mutable LeaderEvents events;
  mutable ReferenceChain references;
};

Checked<std::shared_ptr<Upstream>> UpstreamOf(const std::string& url, UpstreamOptions options,
                                              std::size_t body_bytes_max) {
  if (const auto checked = CheckUrl(url); !checked) return std::unexpected(checked.error());
  options.body_bytes_max = body_bytes_max;
  return HttpUpstream(url, options);
}

Checked<std::vector<Id>> IdsOf(const std::vector<std::string>& texts, std::string_view flag) {
  std::vector<Id> ids;
  for (const std::string& text : texts) {
    const auto id = Id::Of(text);
    if (!id) {
      return std::unexpected(std::string(flag) + ": \"" + text +
                             "\" is not one of 64 hexadecimal digits");
    }
    if (std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  }
  if (ids.size() > kIdsMax) {
    return std::unexpected(std::string(flag) + ": more than " + std::to_string(kIdsMax));
  }
  return ids;
}

// [name=]URL; without a name, host and port.
Checked<std::vector<Reference>> ReferencesOf(const Settings& settings) {
  constexpr std::string_view kFlag = "--jormungandr.reference: ";
  std::vector<Reference> references;
  std::set<std::string> names;
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  for (const std::string& text : settings.references) {
    const std::size_t scheme = std::min(text.find("://"), text.size());
    const std::size_t equals = text.find('=');
    const bool named = equals < scheme;
    const std::string url = named ? text.substr(equals + 1) : text;
    auto upstream = UpstreamOf(url, options, kBodyBytesMax);
    if (!upstream) return std::unexpected(std::string(kFlag) + upstream.error());
    const std::string name =
        CleanLabelValue(named ? text.substr(0, equals) : ParseUrlOrSocket(url)->HostHeader());
    if (!names.insert(name).second) {
      return std::unexpected(std::string(kFlag) + "two of the name " + name +
                             "; name=URL tells them apart");
    }
    references.push_back({name, std::move(*upstream)});
  }
  if (references.size() > kReferencesMax) {
    return std::unexpected(std::string(kFlag) + "more than " + std::to_string(kReferencesMax));
  }
  return references;
}

Checked<std::string> Block0Of(const Settings& settings) {
  if (settings.block0.empty()) return "";
  const auto id = Id::Of(settings.block0);
  if (!id) return std::unexpected("--jormungandr.block0: not a hash of 64 hexadecimal digits");
  return id->Text();
}

// How the node answers is told whatever it answers, so this source asks for itself: what a source
// with an upstream tells is thrown away when it fails. It leaves the time to say so.
Source StatsSource(const std::shared_ptr<const Node>& node) {
  return LocalSource("stats", [node](const Deadline& deadline, Sheet& sheet) {
    OwnMetrics* const own = node->parts.own;
    if (own != nullptr) own->CounterOf(kSourceRequests, "stats").Increment();
    return ScrapeStats(Client(*node->parts.node), deadline.Within(deadline.Left() * 9 / 10),
                       node->parts.now(), node->start, sheet);
  });
}

Checked<Source> ExternalTipSource(const Settings& settings) {
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  auto upstream = UpstreamOf(settings.external_tip_url, options, kExternalBytesMax);
  if (!upstream) return std::unexpected("--jormungandr.external-tip-url: " + upstream.error());
  if (settings.external_tip_path.empty()) {
    return std::unexpected("--jormungandr.external-tip-path: names of members are expected");
  }
  if (settings.external_tip_interval < std::chrono::seconds(1)) {
    return std::unexpected("--jormungandr.external-tip-interval: less than a second");
  }
  const auto tip = std::make_shared<ExternalTip>(ExternalTipParts{
      .upstream = std::move(*upstream),
      .name = CleanLabelValue(ParseUrlOrSocket(settings.external_tip_url)->HostHeader()),
      .path = settings.external_tip_path,
      .interval = settings.external_tip_interval,
      .timeout = settings.external_tip_timeout});
  Source source = LocalSource(
      "external_tip", [tip](const Deadline&, Sheet& sheet) { return tip->Tell(UnixNow(), sheet); });
  source.start = [tip] { tip->Start(); };
  return source;
}

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Jormungandr");
  flags.Add("jormungandr.url", settings.url, "The node's REST API, http(s)://host:port.");
  flags.Add("jormungandr.block0", settings.block0,
            "Hash of block 0: tell whether the node's is the same.");
  flags.Add("jormungandr.pools", settings.pools, "Id of a stake pool to tell of. Repeatable.");
  flags.Add("jormungandr.accounts", settings.accounts,
            "Public key, in hex, of an account to tell of. Repeatable.");
  flags.Add("jormungandr.reference", settings.references,
            "[name=]URL of another node of the chain, to see whether it has our tip. Repeatable; "
            "three of them tell which one is wrong.");
  flags.Add("jormungandr.external-tip-url", settings.external_tip_url,
            "URL of a JSON text with the height of the chain, such as an explorer's statistics.");
  flags.Add("jormungandr.external-tip-path", settings.external_tip_path,
            "Where the height stands in it: names of members with dots between.");
  flags.Add("jormungandr.external-tip-interval", settings.external_tip_interval,
            "How often it is asked.");
  flags.Add("jormungandr.external-tip-timeout", settings.external_tip_timeout,
            "How long it may take.");
  flags.AddUpstream("jormungandr", settings.upstream);
}

std::vector<std::string> SourceNames() {
  return {"stats", "settings", "network", "leader_logs", "leaders",     "fragments",
          "pools", "accounts", "rewards", "reference",   "external_tip"};
}

std::vector<Source> NodeSources(NodeParts parts) {
  using Scrape = Result<void>(const Node&, const Client&, const Deadline&, Sheet&);
  const auto node = std::make_shared<const Node>(std::move(parts));
  const auto source = [&](std::string_view name, std::function<Scrape> scrape) {
    return Source{
        name, node->parts.node,
        [node, scrape = std::move(scrape)](const Upstream& upstream, const Deadline& deadline,
                                           Sheet& sheet) -> Result<void> {
          auto fared = scrape(*node, Client(upstream), deadline, sheet);
          // Nothing is known yet, and nothing is wrong; the condition says so.
          if (!fared && IsBootstrapping(fared.error())) return {};
          return fared;
        }};
  };
  const auto plain = [&](std::string_view name,
                         Result<void> (*scrape)(const Client&, const Deadline&, Sheet&)) {
    return source(name, [scrape](const Node&, const Client& client, const Deadline& deadline,
                                 Sheet& sheet) { return scrape(client, deadline, sheet); });
  };
  std::vector<Source> sources = {
      StatsSource(node),
      source("settings",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapeSettings(client, deadline, n.parts.block0, n.parts.now(), sheet);
             }),
      plain("network", ScrapeNetwork),
      source("leader_logs",
             [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
               return ScrapeLeaderLogs(client, deadline, n.events, n.parts.now(), sheet);
             }),
      plain("leaders", ScrapeLeaders),
      plain("fragments", ScrapeFragments)};
  if (!node->parts.pools.empty()) {
    sources.push_back(source(
        "pools", [](const Node& n, const Client& client, const Deadline& deadline, Sheet& sheet) {
          return ScrapePools(client, deadline, n.parts.pools, sheet);
        }));
  }
  if (!node->parts.accounts.empty()) {
    sources.push_back(source("accounts", [](const Node& n, const Client& client,
                                            const Deadline& deadline, Sheet& sheet) {
      return ScrapeAccounts(client, deadline, n.parts.accounts, sheet);
    }));
  }
  sources.push_back(plain("rewards", ScrapeRewards));
  if (!node->parts.references.empty()) {
    sources.push_back(source(
        "reference", [](const Node& n, const Client& client, const Deadline& deadline,
                        Sheet& sheet) { return n.references.Scrape(client, deadline, sheet); }));
  }
  return sources;
}

Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own) {
  if (const auto checked = CheckOptions(settings.upstream); !checked) {
    return std::unexpected("--jormungandr.…: " + checked.error());
  }
  auto node = UpstreamOf(settings.url, settings.upstream, kBodyBytesMax);
  if (!node) return std::unexpected("--jormungandr.url: " + node.error());
  NodeParts parts;
  parts.node = std::move(*node);
  parts.own = &own;
  auto block0 = Block0Of(settings);
  if (!block0) return std::unexpected(block0.error());
  auto pools = IdsOf(settings.pools, "--jormungandr.pools");
  if (!pools) return std::unexpected(pools.error());
  auto accounts = IdsOf(settings.accounts, "--jormungandr.accounts");
  if (!accounts) return std::unexpected(accounts.error());
  auto references = ReferencesOf(settings);
  if (!references) return std::unexpected(references.error());
  parts.block0 = std::move(*block0);
  parts.pools = std::move(*pools);
  parts.accounts = std::move(*accounts);
  parts.references = std::move(*references);
  auto sources = NodeSources(std::move(parts));
  if (!settings.external_tip_url.empty()) {
    auto tip = ExternalTipSource(settings);
    if (!tip) return std::unexpected(tip.error());
    sources.push_back(std::move(*tip));
  }
  return sources;
}

Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target) {
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  auto node = UpstreamOf(target, options, kBodyBytesMax);
  if (!node) return std::unexpected(node.error());
  auto references = ReferencesOf(settings);
  if (!references) return std::unexpected(references.error());
  auto block0 = Block0Of(settings);
  if (!block0) return std::unexpected(block0.error());
  NodeParts parts;
  parts.node = std::move(*node);
  parts.block0 = std::move(*block0);
  parts.references = std::move(*references);
  return NodeSources(std::move(parts));
}

}  // namespace stakewatch::jormungandr
