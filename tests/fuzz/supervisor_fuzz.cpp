// What the validator supervisor's host tells: a line of the RPC, an answer through a forward, and
// the files of a process; and the page made of them.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/page.h"
#include "common/upstream/line_link.h"
#include "exporters/supervisor/forwards.h"
#include "exporters/supervisor/metrics.h"
#include "exporters/supervisor/processes.h"
#include "exporters/supervisor/rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace supervisor = stakewatch::supervisor;
  const std::string text(reinterpret_cast<const char*>(data), size);
  stakewatch::Sheet sheet(supervisor::kMetrics);
  const auto line = stakewatch::CutLine(text, supervisor::kLineBytesMax);
  if (line && *line) {
    if ((*line)->size() >= supervisor::kLineBytesMax || (*line)->contains('\n')) __builtin_trap();
    const std::string answer(**line);
    if (const auto health = supervisor::ParseHealth(answer, 3)) {
      if (health->connected.value_or(false) && answer.find("connected_node") == std::string::npos &&
          answer.find('\\') == std::string::npos) {
        __builtin_trap();
      }
      TellHealth(*health, sheet);
    }
    (void)supervisor::ParseText(answer, 1);
  }
  (void)supervisor::ParseSyncing(text);
  supervisor::Process process;
  process.pid = 70;
  (void)supervisor::ParseStat(text, 1e9, process);
  process.argv = supervisor::ParseCommandLine(text);
  const std::vector<supervisor::Node> nodes = {{"10.77.1.2:2222", "10.77.1.2", "2222"}};
  TellFamily(supervisor::FindFamily({{process.pid, process}}, nodes), nodes, sheet);
  if (stakewatch::WritePage(std::move(sheet).TakeFamilies()).empty()) __builtin_trap();
  return 0;
}
