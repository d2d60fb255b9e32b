#include "exporters/supervisor/supervisor.h"

#include <algorithm>
#include <iterator>

#include "common/net/net.h"

namespace stakewatch::supervisor {

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Validator supervisor");
  flags.Add("supervisor.rpc", settings.rpc,
            "Its RPC: the path of the socket (rpc.sock of its data folder), or host:port, as on a "
            "bastion. Empty: not asked.");
  flags.Add("supervisor.user", settings.user, "The RPC user, of rpc_users in its config.yaml.");
  flags.Add("supervisor.key-file", settings.key_file,
            "A file with the hex key of that user alone, mode 0600.");
  flags.Add("supervisor.rpc-certificate", settings.rpc_certificate,
            "Speak TLS, and with whom shows just this certificate (PEM; its ssl_cert_file).");
  flags.Add("supervisor.rpc-interval", settings.rpc_interval,
            "From one question to the next: each costs the daemon a line of its log.");
  flags.Add("supervisor.rpc-timeout", settings.rpc_timeout,
            "How long an answer may take before the daemon is called busy.");
  flags.Add("supervisor.node", settings.nodes,
            "A bastion, host:port, on the validator host: its tunnel is watched. Repeatable, in "
            "the order of config.yaml, which the local ports follow.");
  flags.Add("supervisor.port-base", settings.port_base,
            "The first of the local ports of the tunnels: port_range of config.yaml.");
  flags.AddChoice("supervisor.port-layout", settings.port_layout, {"head", "2021"},
                  "How the daemon numbers those ports: as of today, or as in 2021.");
  flags.Add("supervisor.data-dir", settings.data_dir,
            "Its data_dir, on the validator host: backup and exposure are looked at.");
  flags.Add("supervisor.logs-dir", settings.logs_dir,
            "Its logs_dir, on the validator host: supervisor.log is followed.");
  flags.Add("path.procfs", settings.procfs, "Where /proc of the host is mounted.");
  DeclareHostFlags(flags, settings.host);
}

Checked<std::vector<Node>> ParseNodes(const std::vector<std::string>& nodes) {
  if (nodes.size() > kNodesMax) {
    return std::unexpected("at most " + std::to_string(kNodesMax) + " nodes");
  }
  std::vector<Node> parsed;
  for (const std::string& text : nodes) {
    const auto at = ParseHostPort(text);
    if (!at) return std::unexpected(at.error());
    if (at->host.empty()) return std::unexpected("\"" + text + "\": host:port is right");
    if (std::ranges::find(parsed, text, &Node::name) != parsed.end()) {
      return std::unexpected("\"" + text + "\" stands twice");
    }
    parsed.push_back({text, at->host, std::to_string(at->port)});
  }
  return parsed;
}

std::vector<std::string> SourceNames() {
  std::vector<std::string> names = {"rpc", "processes", "forwards"};
  std::ranges::copy(HostSourceNames(), std::back_inserter(names));
  return names;
}

Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own) {
  (void)own;
  const auto nodes = ParseNodes(settings.nodes);
  if (!nodes) return std::unexpected("--supervisor.node: " + nodes.error());
  std::vector<Source> sources;
  auto host = HostSources(settings);
  if (!host) return std::unexpected(host.error());
  std::ranges::move(*host, std::back_inserter(sources));
  return sources;
}

}  // namespace stakewatch::supervisor
