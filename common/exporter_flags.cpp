#include "common/exporter_flags.h"

#include <algorithm>
#include <utility>

namespace stakewatch {
namespace {

void DeclareScrapeFlags(Flags& flags, ExporterSettings& settings) {
  flags.Group("Scraping");
  flags.Add(
      "scrape.timeout", settings.scrape_timeout,
      "The longest a scrape takes. Prometheus's own time-out, less half a second, holds too.");
  flags.Add("source.disable", settings.disabled, "A source that is not asked.");
  flags.Add(
      "probe.allow", settings.probe_allow,
      "A target that /probe may ask, as http://10.0.0.*:8545; * stands for letters, digits, - "
      "and _. Without any, /probe is off.");
}

}  // namespace

void DeclareFlags(Flags& flags, const Exporter& exporter, ExporterSettings& settings) {
  if (!exporter.source_names.empty()) DeclareScrapeFlags(flags, settings);
  flags.Group("Web");
  flags.Add("web.listen-address", settings.web.listen_addresses,
            "Where to serve: host:port, [IPv6]:port, or :port for all addresses.");
  flags.Add("web.telemetry-path", settings.telemetry_path, "Path of the metrics.");
  flags.Add("web.config.file", settings.web.config_file,
            "TLS and basic authentication, in the format of Prometheus's exporter-toolkit.");
  flags.Add("web.max-requests", settings.web.max_requests,
            "Requests answered at the same time; more wait.");
  flags.Group("Log");
  flags.AddChoice("log.level", settings.log_level, {"debug", "info", "warn", "error"},
                  "The least that is logged.");
  flags.AddChoice("log.format", settings.log_format, {"logfmt", "json"}, "How a line looks.");
  flags.Group("Instead of serving");
  flags.Add("check-config", settings.check_config,
            "Check flags and files, and end with status 0 or 2.");
  flags.Add("describe-metrics", settings.describe_metrics, "Print all metrics as JSON, and end.");
  flags.Add("health", settings.health,
            "Ask the exporter that runs with these flags whether it serves, and end with 0 or 1.");
  flags.Add("version", settings.version, "Print the version, and end.");
}

Checked<void> CheckSettings(const Exporter& exporter, const ExporterSettings& settings) {
  for (const std::string& name : settings.disabled) {
    if (std::ranges::find(exporter.source_names, name) != exporter.source_names.end()) continue;
    std::string why = "--source.disable: \"" + name + "\" is no source; there are";
    for (const auto& source : exporter.source_names) why.append(" ").append(source);
    return std::unexpected(std::move(why));
  }
  const std::string& path = settings.telemetry_path;
  if (!path.starts_with('/') || path == "/" || path == "/probe" || path.starts_with("/-/")) {
    return std::unexpected("--web.telemetry-path: \"" + path + "\" is not free; /metrics is right");
  }
  if (settings.web.max_requests == 0 || settings.web.max_requests > 10000) {
    return std::unexpected("--web.max-requests: 1 to 10000 is right");
  }
  if (settings.scrape_timeout < milliseconds(100)) {
    return std::unexpected("--scrape.timeout: 100ms or more is right");
  }
  return CheckWebConfig(settings.web.config_file);
}

}  // namespace stakewatch
