// restart_hook: flags and wiring.
#include "actions/restart_hook/metrics.h"
#include "actions/restart_hook/settings.h"
#include "common/exporter.h"

int main(int argc, char** argv) {
  namespace hook = stakewatch::restart_hook;
  hook::Settings settings;
  hook::Program program(settings);
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "restart_hook",
       .about = "Takes webhooks of Alertmanager and restarts programs through Supervisor.",
       .port = 19108,
       .metrics = hook::kMetrics,
       .source_names = {},
       .flags = [&](stakewatch::Flags& flags) { hook::DeclareFlags(flags, settings); },
       .sources = [&](stakewatch::OwnMetrics& own) { return program.Check(own); },
       .probe_sources = {},
       .posts = [&] { return program.Posts(); },
       .start = [&] { return program.Start(); }});
}
