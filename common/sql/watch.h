#pragma once
// The queries of one database, each asked at its own interval on one thread and one connection. A
// scrape tells what they found last. The source `database`.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics.h"
#include "common/scrape/job.h"
#include "common/scrape/scrape.h"
#include "common/sql/database.h"
#include "common/sql/query_file.h"
#include "common/sql/reads.h"
#include "common/sql/settings.h"

namespace stakewatch {

// What an exporter makes of one of its queries.
struct SqlJob {
  std::string_view query;  // Its name in the file.
  std::vector<SqlRead> reads;
  // Whether it is asked at all just now (another schema, another storage); empty: always.
  std::function<bool()> when = {};
};

// What each exporter declares of its queries.
struct SqlMetrics {
  const Metric<1>& up;            // <…>_query_up{query}, a gauge: of its last run.
  const Metric<1>& last_success;  // <…>_query_last_success_timestamp_seconds{query}, a gauge.
  const Metric<1>& duration;      // <…>_query_duration_seconds{query}, a gauge.
  const Metric<2>& errors;        // <…>_query_errors_total{query,reason}, a counter.
  const Metric<3>& extra;         // <…>_extra{query,column,row}, a gauge: of --sql.extra.
};

struct SqlWatchParts {
  std::vector<SqlQuery> queries;
  std::vector<SqlJob> jobs;  // One for each query.
  // What the files' `with` names.
  std::map<std::string, std::function<std::string()>> values = {};
  std::span<const MetricRow> declared;
  SqlMetrics metrics;
  OwnMetrics* own = nullptr;
};

// While the database does not answer nothing of it is told but how its queries have fared. What a
// query found is told until it is older than twice its interval and its time-out.
class SqlWatch {
 public:
  // Checks the DSN and --sql.extra; a job without a query, a query without a job, and a value that
  // nobody gives are an error, too. Connects to nothing.
  static Checked<std::shared_ptr<SqlWatch>> Make(const SqlSettings& settings, SqlWatchParts parts);
  ~SqlWatch();
  SqlWatch(const SqlWatch&) = delete;
  SqlWatch& operator=(const SqlWatch&) = delete;

  void Start();
  Result<void> Tell(Sheet& sheet) const;
  std::optional<std::int64_t> CertificateNotAfter() const;

 private:
  struct State;
  explicit SqlWatch(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace stakewatch
