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
       .sources = [&](stakewatch::OwnMetrics& own)
           -> stakewatch::Checked<std::vector<stakewatch::Source>> {
         auto made = beacon::Sources(settings, own);
         if (!made) return std::unexpected(made.error());
         restart_window = std::move(made->restart_window);
         return std::move(made->sources);
       },
       .probe_sources =
           [&](const std::string& target) { return beacon::ProbeSources(settings, target); },
       .pages =
           [&] {
             std::map<std::string, stakewatch::WebHandler> pages;
             if (restart_window != nullptr) {
               pages["/restart-window"] = [&](const stakewatch::WebRequest& request) {
                 return restart_window->Answer(request);
               };
             }
             return pages;
           }});
}
