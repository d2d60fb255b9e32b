// beacon_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/beacon/beacon.h"
#include "exporters/beacon/metrics.h"

int main(int argc, char** argv) {
  namespace beacon = stakewatch::beacon;
  beacon::Settings settings;
  std::shared_ptr<const beacon::RestartWindow> restart_window;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "beacon_exporter",
       .about = "Prometheus exporter for beacon nodes and their validators, by the Beacon API.",
       .port = 19102,
       .metrics = beacon::kMetrics,
       .source_names = beacon::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { beacon::DeclareFlags(flags, settings); },
       .sources =
           [&](stakewatch::OwnMetrics& own) {
             return beacon::Sources(settings, own, restart_window);
           },
       .probe_sources =
           [&](const std::string& target) { return beacon::ProbeSources(settings, target); },
       .pages = [&] { return beacon::Pages(restart_window); }});
}
