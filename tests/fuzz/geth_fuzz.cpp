// Any answer to any call is a page: never a crash, never a series twice, never an endless list.
#include <cstdint>
#include <string>

#include "common/page.h"
#include "exporters/geth/geth.h"
#include "exporters/geth/heads.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/peers_command.h"
#include "tests/fuzz/always.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace geth = stakewatch::geth;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The bare result, too: the fuzzer need not find the envelope each time.
  for (const std::string& answer : {text, R"({"jsonrpc":"2.0","id":1,"result":)" + text + "}"}) {
    const auto node = std::make_shared<Always>(answer);
    for (const auto& source : geth::NodeSources(node, geth::KnownNetwork("mainnet"))) {
      stakewatch::Sheet sheet(geth::kMetrics);
      const auto fared = source.scrape(*node, stakewatch::Deadline(std::chrono::seconds(1)), sheet);
      if (!fared && fared.error().what.empty()) __builtin_trap();
      const auto families = std::move(sheet).TakeFamilies();
      std::size_t series = 0;
      for (const auto& family : families) series += family.metric.size();
      if (series > 500) __builtin_trap();
      stakewatch::WritePage(families);
    }
    if (const auto peers = geth::ParsePeers(answer)) {
      geth::PeersTable(*peers);
      geth::PeersJson(*peers);
    }
    (void)geth::ParseHeadMessage(answer);
  }
  return 0;
}
