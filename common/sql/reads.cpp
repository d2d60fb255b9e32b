#include "common/sql/reads.h"

#include <utility>

namespace stakewatch {
namespace {

constexpr std::size_t kRowsMax = 200;

}  // namespace

SqlRead ToldAll(const Metric<3>& metric, std::string query) {
  return [&metric, query = std::move(query)](const SqlRows& rows, Sheet& sheet) {
    if (rows.Count() > kRowsMax) {
      throw BadShape{"more than " + std::to_string(kRowsMax) + " rows"};
    }
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < rows.Count(); ++i) {
      const SqlRow row = rows.Row(i);
      std::string name;
      for (std::size_t c = 0; c < rows.columns.size(); ++c) {
        if (rows.numeric[c]) continue;
        if (!name.empty()) name += ',';
        name += row.Text(rows.columns[c]).value_or("");
      }
      name = CleanLabelValue(name);
      for (std::size_t c = 0; c < rows.columns.size(); ++c) {
        const std::string column = CleanLabelValue(rows.columns[c]);
        if (!rows.numeric[c] || !seen.emplace(column, name).second) continue;
        sheet.Set(metric, row.Number(rows.columns[c]), query, column, name);
      }
    }
  };
}

}  // namespace stakewatch
