#include "exporters/supervisord/supervisord.h"

#include <utility>

#include "exporters/supervisord/client.h"
#include "exporters/supervisord/processes.h"

namespace stakewatch::supervisord {
namespace {

// 1.3 KB a process, and pugixml takes a few times as much.
constexpr std::size_t kBodyBytesMax = 4U << 20;

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Supervisor");
  flags.Add(
      "supervisord.url", settings.url,
      "Its XML-RPC: unix:///path of the socket, or http://host:port. Who may ask may also stop "
      "processes, so the socket is to be preferred.");
  flags.AddUpstream("supervisord", settings.upstream);
}

std::vector<std::string> SourceNames() {
  return {"version", "state", "processes"};
}

Checked<std::vector<Source>> Sources(const Settings& settings) {
  if (const auto checked = CheckOptions(settings.upstream); !checked) {
    return std::unexpected("--supervisord.…: " + checked.error());
  }
  UpstreamOptions options = settings.upstream;
  options.body_bytes_max = kBodyBytesMax;
  auto upstream = HttpUpstream(settings.url, options);
  if (!upstream) return std::unexpected("--supervisord.url: " + upstream.error());
  return SupervisordSources(std::move(*upstream));
}

std::vector<Source> SupervisordSources(std::shared_ptr<const Upstream> supervisord,
                                       std::function<double()> now) {
  using Scrape = Result<void>(const Client&, const Deadline&, Sheet&);
  const auto source = [&](std::string_view name, std::function<Scrape> scrape) {
    return Source{name, supervisord,
                  [scrape = std::move(scrape)](const Upstream& upstream, const Deadline& deadline,
                                               Sheet& sheet) {
                    return scrape(Client(upstream), deadline, sheet);
                  }};
  };
  return {source("version", ScrapeVersion), source("state", ScrapeState),
          source("processes", [now = std::move(now)](const Client& client, const Deadline& deadline,
                                                     Sheet& sheet) {
            return ScrapeProcesses(client, deadline, now(), sheet);
          })};
}

Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target) {
  UpstreamOptions options;
  options.ca_file = settings.upstream.ca_file;
  options.body_bytes_max = kBodyBytesMax;
  auto upstream = HttpUpstream(target, options);
  if (!upstream) return std::unexpected(upstream.error());
  return SupervisordSources(std::move(*upstream));
}

}  // namespace stakewatch::supervisord
