// Lines of a validator supervisor's log, and the kernel's tables that its exporter reads.
#include <cstdint>
#include <string_view>

#include "exporters/supervisor/exposure.h"
#include "exporters/supervisor/log_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace supervisor = stakewatch::supervisor;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  supervisor::ParseWideListeners(text);
  const auto swaps = supervisor::ParseSwaps(text);
  if (!swaps && swaps.error().empty()) __builtin_trap();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto event = supervisor::ParseLogLine(line);
    if (event && !line.contains("validator_supervisor.")) __builtin_trap();
    if (event && !line.contains(event->address)) __builtin_trap();
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
  }
  return 0;
}
