#include "exporters/supervisor/forwards.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/json.h"
#include "common/parallel.h"
#include "exporters/supervisor/metrics.h"

namespace stakewatch::supervisor {
namespace {

constexpr milliseconds kProbeMax{5'000};
// What the rest of a scrape needs after the last probe has run out of time.
constexpr milliseconds kReserve{250};
constexpr std::size_t kBodyBytesMax = 64 << 10;

}  // namespace

Result<bool> ParseSyncing(const std::string& answer) {
  return Decode(answer, [](JsonValue root) { return Boolean(root["data"]["is_syncing"]); });
}

Probed Probe(const Forward& forward, const Deadline& deadline) {
  const auto start = Deadline::Clock::now();
  const auto answer = AskService(*forward.upstream, forward.service, deadline);
  Probed probed;
  probed.seconds = std::chrono::duration<double>(Deadline::Clock::now() - start).count();
  probed.up = answer || answer.error().reason == Reason::kHttpStatus;
  if (!answer) return probed;
  if (forward.service == Service::kBeacon) {
    const auto syncing = ParseSyncing(*answer);
    if (syncing) probed.syncing = *syncing;
    probed.ready = syncing.has_value();
  } else {
    probed.ready = true;
  }
  return probed;
}

Checked<std::vector<Forward>> MakeForwards(const std::vector<Node>& nodes, PortLayout layout,
                                           std::size_t port_base) {
  std::vector<Forward> forwards;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const Service service : {Service::kBeacon, Service::kLoki}) {
      const std::size_t port = PortOf(layout, port_base, nodes.size(), i, service);
      if (port_base == 0 || std::max(port_base, port) > 65535) {
        return std::unexpected("--supervisor.port-base: there is no port " + std::to_string(port));
      }
      UpstreamOptions options;
      options.body_bytes_max = kBodyBytesMax;
      auto upstream = HttpUpstream("http://127.0.0.1:" + std::to_string(port), options);
      if (!upstream) return std::unexpected(upstream.error());
      forwards.push_back({nodes[i].name, service, std::move(*upstream)});
    }
  }
  return forwards;
}

void ScrapeForwards(const std::vector<Forward>& forwards, const Deadline& deadline, Sheet& sheet) {
  const Deadline probe_deadline =
      deadline.Within(std::min(kProbeMax, std::max(deadline.Left() - kReserve, milliseconds(0))));
  std::vector<Probed> probed(forwards.size());
  InParallel(forwards.size(),
             [&](std::size_t i) { probed[i] = Probe(forwards[i], probe_deadline); });
  for (std::size_t i = 0; i < forwards.size(); ++i) {
    const std::string& node = forwards[i].node;
    const std::string_view service = kServices[static_cast<std::size_t>(forwards[i].service)].name;
    sheet.Set(kForwardUp, probed[i].up ? 1 : 0, node, service);
    sheet.Set(kForwardReady, probed[i].ready ? 1 : 0, node, service);
    if (probed[i].up) sheet.Set(kForwardDuration, probed[i].seconds, node, service);
    if (const auto syncing = probed[i].syncing) {
      sheet.Set(kBeaconSyncing, *syncing ? 1 : 0, node);
    }
  }
}

}  // namespace stakewatch::supervisor
