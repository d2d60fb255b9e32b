#pragma once
// Queries are files that a database's administrator can read and run by psql. Above each stands a
// line that names it and says when it is asked:
//
//   -- @score_drift every=1h within=30s with=uptime_days
//   SELECT … WHERE … $1::int …;
//
// `every` is its interval and `within` its time-out, which the server is told, too. `with` names
// what the exporter puts for $1, $2, …, with commas between.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace stakewatch {

struct SqlQuery {
  std::string name;
  std::chrono::milliseconds every{};
  std::chrono::milliseconds within{};
  std::vector<std::string> with;
  std::string text;  // One statement, without comments and the semicolon at its end.
};

// In the file's order. Refused: what is not SELECT or WITH, two statements in one query, a name
// that is no name of a metric or stands twice, an interval below a second or above a day, a
// time-out above a minute or the interval, a query of more than 16 KiB. An error names the line.
Checked<std::vector<SqlQuery>> ParseQueryFile(std::string_view text);

}  // namespace stakewatch
