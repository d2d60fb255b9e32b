#include "exporters/supervisor/supervisor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "common/net/client_tls.h"
#include "common/upstream/line_link.h"
#include "exporters/supervisor/client.h"
#include "exporters/supervisor/closed_path.h"
#include "exporters/supervisor/forwards.h"
#include "exporters/supervisor/nodes.h"
#include "exporters/supervisor/processes.h"
#include "exporters/supervisor/rpc.h"

namespace stakewatch::supervisor {
namespace {

Checked<Source> RpcSource(const Settings& settings) {
  auto peer = ParseLinePeer(settings.rpc);
  if (!peer) return std::unexpected("--supervisor.rpc: " + peer.error());
  for (const auto& [flag, path] : {std::pair("key-file", settings.key_file),
                                   std::pair("rpc-certificate", settings.rpc_certificate)}) {
    if (const auto checked = CheckNotClosed(path); !checked) {
      return std::unexpected(std::string("--supervisor.") + flag + ": " + checked.error());
    }
  }
  peer->certificate_file = settings.rpc_certificate;
  if (!peer->certificate_file.empty()) {
    if (const auto pinned = PinCertificate(peer->certificate_file); !pinned) {
      return std::unexpected("--supervisor.rpc-certificate: " + pinned.error());
    }
  }
  RpcAccess access{std::move(*peer), settings.user, settings.key_file};
  if (const auto checked = CheckAccess(access); !checked) return std::unexpected(checked.error());
  const auto job =
      std::make_shared<RpcJob>(std::move(access), settings.rpc_interval, settings.rpc_timeout);
  return TellerSource("rpc", job);
}

}  // namespace

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
  flags.Add(
      "supervisor.node", settings.nodes,
      "A bastion, host:port, on the validator host: the daemon's processes and the tunnels are "
      "watched. Repeatable, in the order of config.yaml, which the local ports follow.");
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

std::vector<std::string> SourceNames() {
  std::vector<std::string> names = {"rpc", "processes", "forwards"};
  std::ranges::copy(HostSourceNames(), std::back_inserter(names));
  return names;
}

Checked<std::vector<Source>> Sources(const Settings& settings) {
  std::vector<Source> sources;
  if (!settings.rpc.empty()) {
    auto rpc = RpcSource(settings);
    if (!rpc) return std::unexpected(rpc.error());
    sources.push_back(std::move(*rpc));
  }
  const auto nodes = ParseNodes(settings.nodes);
  if (!nodes) return std::unexpected("--supervisor.node: " + nodes.error());
  auto host = HostSources(settings, *nodes);
  if (!host) return std::unexpected(host.error());
  std::ranges::move(*host, std::back_inserter(sources));
  if (nodes->empty()) return sources;
  sources.push_back(LocalSource("processes", [procfs = settings.procfs, nodes = *nodes](
                                                 const Deadline& deadline, Sheet& sheet) {
    return ScrapeProcesses(procfs, nodes, deadline, sheet);
  }));
  const PortLayout layout = settings.port_layout == "head" ? PortLayout::kHead : PortLayout::k2021;
  const auto forwards = MakeForwards(*nodes, layout, settings.port_base);
  if (!forwards) return std::unexpected(forwards.error());
  sources.push_back(
      LocalSource("forwards", [forwards = *forwards](const Deadline& deadline, Sheet& sheet) {
        ScrapeForwards(forwards, deadline, sheet);
        return Result<void>();
      }));
  return sources;
}

}  // namespace stakewatch::supervisor
