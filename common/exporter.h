#pragma once
// All of a daemon that is not about its source: flags, log, HTTP, deadline, signals, --describe.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.h"
#include "common/metrics.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/web/web.h"

namespace stakewatch {

// What an exporter brings; the rest is the same for all.
struct Exporter {
  std::string_view name;   // "geth_exporter".
  std::string_view about;  // One sentence for --help and the landing page.
  std::uint16_t port = 0;  // Of --web.listen-address, on loopback.
  std::span<const MetricRow> metrics;
  std::vector<std::string> source_names;  // All there are, for --source.disable.
  // Declares the exporter's own flags.
  std::function<void(Flags&)> flags;
  // The sources of the target given by flags. Called once, after Parse; what it checks is also what
  // --check-config checks.
  std::function<Checked<std::vector<Source>>(OwnMetrics&)> sources;
  // The sources of a /probe target, given as the URL that was asked for.
  std::function<Checked<std::vector<Source>>(const std::string& target)> probe_sources;
  // Pages of its own, by path; may be empty. Called once, after `sources`.
  std::function<std::map<std::string, WebHandler>()> pages = {};
  // What it takes by POST, by path: of a program that acts, none of an exporter.
  std::function<std::map<std::string, WebPost>()> posts = {};
  // Starts what is not a source, and gives what ends when serving has ended. Called once, with
  // signals blocked, before anything is served; an error is bad usage. May be empty.
  std::function<Checked<std::shared_ptr<void>>()> start = {};
};

// Serves until SIGTERM or SIGINT. The exit status of main: 0 stopped, 2 bad usage, 3 port taken.
int RunExporter(int argc, char** argv, const Exporter& exporter);

}  // namespace stakewatch
