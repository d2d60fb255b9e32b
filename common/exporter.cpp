#include "common/exporter.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "common/describe.h"
#include "common/exporter_flags.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/page.h"
#include "common/process.h"
#include "common/scrape/probe.h"
#include "common/systemd.h"
#include "common/web/health.h"
#include "common/web/landing.h"

namespace stakewatch {
namespace {

constexpr auto kBuildInfo =
    Gauge("stakewatch_build_info", "1, with what is running.", "exporter", "version", "revision");
constexpr auto kBuildMetrics = Table(kBuildInfo);
constexpr const char* kVersion = STAKEWATCH_VERSION;
constexpr const char* kRevision = STAKEWATCH_REVISION;

// The declared metrics of the exporter and of all that it shares.
std::vector<MetricRow> AllMetrics(const Exporter& exporter) {
  std::vector<MetricRow> all(exporter.metrics.begin(), exporter.metrics.end());
  const auto add = [&](const auto& table) { all.insert(all.end(), table.begin(), table.end()); };
  if (!exporter.source_names.empty()) {
    add(kSourceMetrics);
    add(kSourceCounters);
  }
  add(kWebMetrics);
  add(kBuildMetrics);
  add(kProcessMetrics);
  return all;
}

// Thousands of probe targets need more descriptors than the soft limit of old days.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// One running exporter: what its handlers share.
class Serving {
 public:
  Serving(const Exporter& exporter, const ExporterSettings& settings, OwnMetrics& own,
          std::vector<Source> sources)
      : exporter_(exporter),
        settings_(settings),
        own_(own),
        crew_(std::clamp<std::size_t>(settings.web.max_requests * 8, 16, 2048)),
        scraper_(std::move(sources), exporter.metrics, crew_, &own),
        targets_([this](const std::string& target) { return ProbeSources(target); },
                 exporter.metrics, crew_) {}

  std::map<std::string, WebHandler> Handlers() {
    std::map<std::string, WebHandler> handlers;
    if (exporter_.pages) handlers = exporter_.pages();
    const auto plain = [&](std::string_view text) {
      return [text](const WebRequest&) { return WebAnswer{.body = std::string(text)}; };
    };
    handlers["/-/healthy"] = plain("Healthy\n");
    handlers["/-/ready"] = plain("Ready\n");
    handlers["/"] = [this](const WebRequest&) { return LandingAnswer(); };
    handlers["/probe"] = [this](const WebRequest& request) { return Probe(request); };
    handlers[settings_.telemetry_path] = [this](const WebRequest& r) { return MetricsPage(r); };
    return handlers;
  }
  void Start() { scraper_.Start(); }

 private:
  WebAnswer MetricsPage(const WebRequest& request) {
    Families page = scraper_.Scrape(DeadlineOf(request));
    const auto add = [&](Families more) { std::ranges::move(more, std::back_inserter(page)); };
    add(own_.Collect());
    Sheet build(kBuildMetrics);
    build.Set(kBuildInfo, 1, exporter_.name, kVersion, kRevision);
    add(std::move(build).TakeFamilies());
    add(ProcessFamilies());
    return {
        .content_type = std::string(kPageContentType), .body = WritePage(page), .compress = true};
  }

  WebAnswer Probe(const WebRequest& request) {
    if (settings_.probe_allow.empty() || !exporter_.probe_sources) {
      return {.status = 404, .body = "/probe is off: --probe.allow names what it may ask\n"};
    }
    if (request.query.count("target") != 1) {
      return {.status = 400, .body = "one parameter is right: /probe?target=<url>\n"};
    }
    const std::string& target = request.query.find("target")->second;
    if (!ProbeAllowed(target, settings_.probe_allow)) {
      return {.status = 403, .body = "no --probe.allow pattern allows this target\n"};
    }
    const auto scraper = targets_.Of(target);
    if (!scraper) return {.status = 400, .body = scraper.error() + "\n"};
    return {.content_type = std::string(kPageContentType),
            .body = WritePage((*scraper)->Scrape(DeadlineOf(request))),
            .compress = true};
  }

  WebAnswer LandingAnswer() const {
    return {
        .content_type = "text/html; charset=utf-8",
        .body = LandingPage(
            {exporter_.name, exporter_.about, kVersion, settings_.telemetry_path,
             exporter_.probe_sources ? std::optional(!settings_.probe_allow.empty()) : std::nullopt,
             scraper_.States()},
            std::time(nullptr))};
  }

  // The lesser of --scrape.timeout and what Prometheus says, less half a second (half of it, if it
  // is less than that) for the way back.
  Deadline DeadlineOf(const WebRequest& request) const {
    double seconds = 0;
    const std::string& text = request.scrape_timeout;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || !(seconds > 0 && seconds < 86400)) {
      return Deadline(settings_.scrape_timeout);
    }
    const double less = std::max(seconds - 0.5, seconds / 2);
    return Deadline(
        std::min(settings_.scrape_timeout, milliseconds(static_cast<std::int64_t>(less * 1e3))));
  }

  Checked<std::vector<Source>> ProbeSources(const std::string& target) const {
    auto sources = exporter_.probe_sources(target);
    if (sources) Disable(*sources, settings_);
    return sources;
  }

 public:
  static void Disable(std::vector<Source>& sources, const ExporterSettings& settings) {
    std::erase_if(sources, [&](const Source& source) {
      return std::ranges::find(settings.disabled, source.name) != settings.disabled.end();
    });
  }

 private:
  const Exporter& exporter_;
  const ExporterSettings& settings_;
  OwnMetrics& own_;
  Crew crew_;
  Scraper scraper_;
  ProbeTargets targets_;
};

int WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  do {
    sigwait(&signals, &signal);
  } while (signal == SIGHUP);  // Files are read again when they change; there is nothing to do.
  return signal;
}

int Serve(const Exporter& exporter, const ExporterSettings& settings, OwnMetrics& own,
          std::vector<Source> sources) {
  // Blocked before any thread starts, so that all threads leave them to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  ShareOneHeap();

  Serving serving(exporter, settings, own, std::move(sources));
  const auto failed = [&](const std::string& what, int exit_status) {
    std::fprintf(stderr, "%s: %s\n", std::string(exporter.name).c_str(), what.c_str());
    return exit_status;
  };
  const auto started = exporter.start ? exporter.start() : Checked<std::shared_ptr<void>>(nullptr);
  if (!started) return failed(started.error(), 2);
  serving.Start();
  auto server =
      WebServer::Start(settings.web, serving.Handlers(), own,
                       exporter.posts ? exporter.posts() : std::map<std::string, WebPost>());
  if (!server) return failed(server.error().what, server.error().exit_status);
  for (const std::string& address : (*server)->Addresses()) {
    Log(LogLevel::kInfo, "serving",
        {{"exporter", std::string(exporter.name)}, {"version", kVersion}, {"address", address}});
  }
  ForgetStartUp();
  NotifySystemd("READY=1");
  const int signal = WaitForSignal(signals);
  NotifySystemd("STOPPING=1");
  Log(LogLevel::kInfo, "stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  (*server)->Stop();
  return 0;
}

}  // namespace

int RunExporter(int argc, char** argv, const Exporter& exporter) {
  ExporterSettings settings;
  settings.web.listen_addresses = {"127.0.0.1:" + std::to_string(exporter.port)};
  Flags flags(exporter.name, exporter.about);
  exporter.flags(flags);
  DeclareFlags(flags, exporter, settings);
  if (const auto parsed = flags.Parse(argc, argv); !parsed) return parsed.error();
  if (settings.version) {
    std::printf("%s %s (%s)\n", std::string(exporter.name).c_str(), kVersion, kRevision);
    return 0;
  }
  if (settings.describe_metrics) {
    std::fputs(DescribeMetrics(AllMetrics(exporter)).c_str(), stdout);
    return 0;
  }
  if (settings.health) {
    const auto healthy = CheckHealth(settings.web);
    if (!healthy) std::fprintf(stderr, "not healthy: %s\n", healthy.error().c_str());
    return healthy ? 0 : 1;
  }
  StartLog(settings.log_level, settings.log_format);
  if (flags.Chosen()) return flags.Chosen()();
  OwnMetrics own;
  auto checked = CheckSettings(exporter, settings);
  auto sources = checked ? exporter.sources(own) : std::unexpected(checked.error());
  if (!sources) {
    std::fprintf(stderr, "%s: %s\n", std::string(exporter.name).c_str(), sources.error().c_str());
    return 2;
  }
  if (settings.check_config) {
    std::puts("The configuration is good.");
    return 0;
  }
  Serving::Disable(*sources, settings);
  return Serve(exporter, settings, own, std::move(*sources));
}

}  // namespace stakewatch
