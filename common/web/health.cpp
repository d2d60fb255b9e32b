#include "common/web/health.h"

#include <chrono>
#include <string>

#include "common/net/net.h"
#include "common/upstream/upstream.h"
#include "common/web/config.h"

namespace stakewatch {
namespace {

constexpr std::chrono::seconds kPatience{2};

std::string Reachable(const std::string& host) {
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

}  // namespace

Checked<void> CheckHealth(const WebOptions& options) {
  const std::string& address = options.listen_addresses.front();
  const auto parsed = ParseHostPort(address);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->port == 0) return std::unexpected(address + ": any free port is unknown from here");
  const std::string host = Reachable(parsed->host);
  const Deadline deadline(kPatience);
  if (!options.config_file.empty()) {
    const auto config = ReadWebConfig(options.config_file);
    if (!config) return std::unexpected(config.error());
    if (config->tls) {
      const auto connected = ConnectTcp(host, parsed->port, deadline);
      if (!connected) return std::unexpected(address + ": " + connected.error().what);
      return {};
    }
  }
  Url url;
  url.scheme = "http";
  url.host = host;
  url.port = parsed->port;
  const auto upstream = HttpUpstream("http://" + url.HostHeader(), {});
  if (!upstream) return std::unexpected(upstream.error());
  const auto answer = (*upstream)->Ask({"healthy", "/-/healthy", ""}, deadline);
  if (!answer && answer.error().reason != Reason::kHttpStatus) {
    return std::unexpected(answer.error().what);
  }
  return {};
}

}  // namespace stakewatch
