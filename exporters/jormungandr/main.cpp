// jormungandr_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/jormungandr/jormungandr.h"
#include "exporters/jormungandr/metrics.h"

int main(int argc, char** argv) {
  namespace jormungandr = stakewatch::jormungandr;
  jormungandr::Settings settings;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "jormungandr_exporter",
       .about = "Prometheus exporter for Jormungandr nodes, by their REST API.",
       .port = 19103,
       .metrics = jormungandr::kMetrics,
       .source_names = jormungandr::SourceNames(),
       .flags = [&](stakewatch::Flags& flags) { jormungandr::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics& own) { return jormungandr::Sources(settings, own); },
       .probe_sources =
           [&](const std::string& target) { return jormungandr::ProbeSources(settings, target); }});
}
