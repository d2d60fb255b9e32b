// XML-RPC answers of a supervisord: all parsers, and the page made of what they read.
#include <cstdint>
#include <string>

#include "common/page.h"
#include "exporters/supervisord/metrics.h"
#include "exporters/supervisord/processes.h"
#include "tests/fuzz/always.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Always upstream(std::string(reinterpret_cast<const char*>(data), size));
  const stakewatch::supervisord::Client client(upstream);
  const stakewatch::Deadline deadline(std::chrono::seconds(9));
  stakewatch::Sheet sheet(stakewatch::supervisord::kMetrics);
  const bool version = ScrapeVersion(client, deadline, sheet).has_value();
  const bool state = ScrapeState(client, deadline, sheet).has_value();
  const bool processes = ScrapeProcesses(client, deadline, 1e9, sheet).has_value();
  const std::string page = stakewatch::WritePage(std::move(sheet).TakeFamilies());
  if ((version || state || processes) == page.empty()) __builtin_trap();
  return 0;
}
