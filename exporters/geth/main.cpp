// geth_exporter: flags and wiring.
#include "common/exporter.h"
#include "exporters/geth/geth.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/peers_command.h"

int main(int argc, char** argv) {
  namespace geth = stakewatch::geth;
  geth::Settings settings;
  geth::PeersCommand peers;
  return stakewatch::RunExporter(
      argc, argv,
      {.name = "geth_exporter",
       .about = "Prometheus exporter for Geth and other execution clients, by their JSON-RPC.",
       .port = 19101,
       .metrics = geth::kMetrics,
       .source_names = geth::SourceNames(),
       .flags =
           [&](stakewatch::Flags& flags) {
             geth::DeclareFlags(flags, settings);
             flags.Command(
                 "peers", "Print the connected peers.",
                 [&](stakewatch::Flags& own) { geth::DeclareFlags(own, peers); },
                 [&] { return geth::RunPeers(settings, peers); });
           },
       .sources = [&](stakewatch::OwnMetrics& own) { return geth::Sources(settings, own); },
       .probe_sources =
           [&](const std::string& target) { return geth::ProbeSources(settings, target); }});
}
