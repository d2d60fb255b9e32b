// mina_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/mina/metrics.h"
#include "exporters/mina/mina.h"

int main(int argc, char** argv) {
  namespace mina = stakewatch::mina;
  mina::Settings settings;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "mina_exporter",
       .about = "Prometheus exporter for the Mina uptime coordinator, by its PostgreSQL database.",
       .port = 19106,
       .metrics = mina::kMetrics,
       .source_names = mina::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { mina::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics& own) { return mina::Sources(settings, own); },
       .probe_sources = {}});
}
