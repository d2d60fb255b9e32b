// Whatever a label holds, the page has the lines it should have and each is well-formed.
#include <algorithm>
#include <cstdint>
#include <string>

#include "common/metrics.h"
#include "common/page.h"

namespace {
constexpr auto kPeers = stakewatch::Gauge("try_peers", "Peers by name.", "name", "other");
constexpr auto kMetrics = stakewatch::Table(kPeers);
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  stakewatch::Sheet sheet(kMetrics);
  sheet.Set(kPeers, static_cast<double>(size), text.substr(0, size / 2), text.substr(size / 2));
  const std::string page = stakewatch::WritePage(std::move(sheet).TakeFamilies());
  if (std::count(page.begin(), page.end(), '\n') != 3) __builtin_trap();
  const std::string line = page.substr(page.find("\ntry_peers{") + 1);
  // Outside of an escape only the four quotes of two label values.
  int quotes = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      ++quotes;
    } else if (static_cast<unsigned char>(line[i]) < 0x20 && line[i] != '\n') {
      __builtin_trap();
    }
  }
  if (quotes != 4) __builtin_trap();
  return 0;
}
