#include "exporters/computehorde/events.h"

#include <algorithm>

#include "common/result.h"
#include "exporters/computehorde/metrics.h"

namespace stakewatch::computehorde {
namespace {

// The validator knows some 15 types and 60 subtypes, of which few go together.
constexpr std::size_t kPairsMax = 300;
constexpr const char* kOther = "other";

}  // namespace

void Events::Read(const SqlRows& rows, Sheet& sheet) {
  if (rows.Count() == 0) throw BadShape{"no row"};
  const auto newest = rows.Row(0).Whole("newest");
  if (!newest) throw BadShape{"no newest id"};
  for (auto& [pair, count] : counts_) count.told += std::exchange(count.waits, 0);
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    const SqlRow row = rows.Row(i);
    const auto events = row.Whole("events");
    if (!events) continue;  // None in the span.
    std::pair pair(CleanLabelValue(row.Text("type").value_or("")),
                   CleanLabelValue(row.Text("subtype").value_or("")));
    if (counts_.size() >= kPairsMax && !counts_.contains(pair)) pair = {kOther, kOther};
    const auto [at, fresh] = counts_.try_emplace(pair);
    (fresh || at->second.waits > 0 ? at->second.waits : at->second.told) +=
        static_cast<std::uint64_t>(*events);
  }
  const bool began = until_ >= 0 && *newest >= until_;
  after_ = began ? until_ : *newest;
  until_ = *newest;
  for (const auto& [pair, count] : counts_) {
    sheet.Set(kEvents, static_cast<double>(count.told), pair.first, pair.second);
  }
}

}  // namespace stakewatch::computehorde
