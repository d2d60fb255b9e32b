// supervisord_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/supervisord/metrics.h"
#include "exporters/supervisord/supervisord.h"

int main(int argc, char** argv) {
  namespace supervisord = stakewatch::supervisord;
  supervisord::Settings settings;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "supervisord_exporter",
       .about = "Prometheus exporter for Supervisor and its processes, by its XML-RPC.",
       .port = 19105,
       .metrics = supervisord::kMetrics,
       .source_names = supervisord::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { supervisord::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics&) { return supervisord::Sources(settings); },
       .probe_sources =
           [&](const std::string& target) { return supervisord::ProbeSources(settings, target); }});
}
