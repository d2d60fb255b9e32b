// computehorde_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/computehorde/computehorde.h"
#include "exporters/computehorde/metrics.h"

int main(int argc, char** argv) {
  namespace computehorde = stakewatch::computehorde;
  computehorde::Settings settings;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "computehorde_exporter",
       .about = "Prometheus exporter for ComputeHorde validators, by their database, queues and "
                "backups.",
       .port = 19107,
       .metrics = computehorde::kMetrics,
       .source_names = computehorde::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { computehorde::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics& own) { return computehorde::Sources(settings, own); },
       .probe_sources = {}});
}
