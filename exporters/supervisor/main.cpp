// supervisor_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/supervisor/metrics.h"
#include "exporters/supervisor/supervisor.h"

int main(int argc, char** argv) {
  namespace supervisor = stakewatch::supervisor;
  supervisor::Settings settings;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "supervisor_exporter",
       .about = "Prometheus exporter for the eth-staking validator supervisor, its tunnels and "
                "its backups.",
       .port = 19104,
       .metrics = supervisor::kMetrics,
       .source_names = supervisor::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { supervisor::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics&) { return supervisor::Sources(settings); },
       .probe_sources = {}});
}
