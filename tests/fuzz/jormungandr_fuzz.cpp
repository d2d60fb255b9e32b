// Whatever a Jormungandr node, or who tells its chain's height, says: an answer or an error, never
// a crash, never a series twice.
#include <cstdint>
#include <string>

#include "common/page.h"
#include "exporters/jormungandr/chain.h"
#include "exporters/jormungandr/external_tip.h"
#include "exporters/jormungandr/fragments.h"
#include "exporters/jormungandr/leaders.h"
#include "exporters/jormungandr/ledger.h"
#include "exporters/jormungandr/metrics.h"
#include "exporters/jormungandr/reference.h"
#include "exporters/jormungandr/stats.h"
#include "tests/fuzz/always.h"

namespace {

namespace jormungandr = stakewatch::jormungandr;

template <class T>
void Explained(const T& result) {
  if (!result && result.error().what.empty()) __builtin_trap();
}

void Statistics(const std::string& text) {
  const Always node(text);
  jormungandr::StartTime start;
  stakewatch::Sheet sheet(jormungandr::kMetrics);
  Explained(jormungandr::ScrapeStats(jormungandr::Client(node),
                                     stakewatch::Deadline(std::chrono::seconds(1)), 1.8e9, start,
                                     sheet));
  stakewatch::WritePage(std::move(sheet).TakeFamilies());
}

void Logs(const std::string& text) {
  const auto slots = jormungandr::ParseLeaderLogs(text);
  Explained(slots);
  if (!slots) return;
  jormungandr::LeaderEvents events;
  events.Count({});
  std::uint64_t counted = 0;
  for (int i = 0; i < 2; ++i) {
    std::uint64_t sum = 0;
    for (const std::uint64_t one : events.Count(*slots)) sum += one;
    if (sum > slots->size() || (i == 1 && sum != counted)) __builtin_trap();
    counted = sum;
  }
  stakewatch::Sheet sheet(jormungandr::kMetrics);
  jormungandr::ChainSettings settings;
  settings.slot_seconds = 2;
  settings.slots_per_epoch = 60;
  jormungandr::TellLeaderSlots(*slots, settings, 1.8e9, sheet);
}

void Settings(const std::string& text) {
  const auto settings = jormungandr::ParseSettings(text);
  Explained(settings);
  if (!settings) return;
  const auto clock = jormungandr::ClockAt(*settings, 1.8e9);
  if (clock && (clock->slot >= settings->slots_per_epoch || clock->slot_progress > 1)) {
    __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Statistics(text);
  Logs(text);
  Settings(text);
  Explained(jormungandr::ParseNetworkStats(text));
  Explained(jormungandr::ParseLeaders(text));
  Explained(jormungandr::ParseFragmentLogs(text));
  Explained(jormungandr::ParsePool(text));
  Explained(jormungandr::ParseAccount(text));
  Explained(jormungandr::ParseRemaining(text));
  Explained(jormungandr::ParseBlock(text));
  const std::size_t line = text.find('\n');
  if (line != std::string::npos) {
    Explained(jormungandr::ParseExternalTip(text.substr(line + 1), text.substr(0, line)));
  }
  jormungandr::ReadTime(text);
  jormungandr::ReadBlockDate(text);
  jormungandr::Id::Of(text);
  return 0;
}
