#pragma once
// What metrics are made of the rows of a query.
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "common/sql/rows.h"

namespace stakewatch {

// Tells what rows say; throws BadShape. Called on the watch's thread, once for each time a query
// was asked, so that it may count up, too.
using SqlRead = std::function<void(const SqlRows&, Sheet&)>;

// Each row's `column` as `metric`, labelled by the columns that are named for its labels, a NULL
// there being "". Of rows with the same labels the first counts.
template <std::size_t N, class... C>
  requires(sizeof...(C) == N)
SqlRead Told(const Metric<N>& metric, std::string_view column, C... label_columns) {
  return [&metric, column, label_columns...](const SqlRows& rows, Sheet& sheet) {
    std::set<std::vector<std::string>> seen;
    for (std::size_t i = 0; i < rows.Count(); ++i) {
      const SqlRow row = rows.Row(i);
      const auto value = row.Number(column);
      std::vector<std::string> labels{CleanLabelValue(row.Text(label_columns).value_or(""))...};
      if (!seen.insert(std::move(labels)).second) continue;
      sheet.Set(metric, value, row.Text(label_columns).value_or("")...);
    }
  };
}

// Of a query that we know nothing of: each number of each row, labelled by the query, the column
// and the row's other columns with commas between. At most 200 rows.
SqlRead ToldAll(const Metric<3>& metric, std::string query);

}  // namespace stakewatch
