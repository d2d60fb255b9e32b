#include "exporters/mina/nodes.h"

#include <cstddef>
#include <set>
#include <string>

#include "exporters/mina/metrics.h"

namespace stakewatch::mina {

void TellScores(const SqlRows& rows, Sheet& sheet) {
  std::set<std::string> told;
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    const SqlRow row = rows.Row(i);
    const std::string key = CleanLabelValue(row.Text("block_producer_key").value_or(""));
    const auto score = row.Number("score"), ratio = row.Number("ratio");
    if (!told.insert(key).second) continue;
    sheet.Set(kScorePoints, score, key);
    sheet.Set(kScoreRatio, ratio, key);
  }
  const double in_all = rows.Count() == 0 ? 0 : rows.Row(0).Number("in_all").value_or(0);
  sheet.Set(kScoresTruncated, in_all - static_cast<double>(rows.Count()));
}

}  // namespace stakewatch::mina
