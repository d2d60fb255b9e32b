// What is told of rows: results, classes of errors, scores up to a limit; and what flags may say.
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/own_metrics.h"
#include "common/page.h"
#include "exporters/mina/metrics.h"
#include "exporters/mina/mina.h"
#include "exporters/mina/nodes.h"
#include "exporters/mina/submissions.h"
#include "tests/mina/rows.h"

namespace stakewatch::mina {
namespace {

// Lines of the page without its comments.
std::string PageOf(void (*tell)(const SqlRows&, Sheet&), const SqlRows& rows) {
  Sheet sheet(kMetrics);
  tell(rows, sheet);
  const std::string page = WritePage(std::move(sheet).TakeFamilies());
  std::string lines;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = page.find('\n', at) + 1;
    if (page[at] != '#') lines += page.substr(at, end - at);
    at = end;
  }
  return lines;
}

SqlRows ByResult(const std::string& covered) {
  return Rows({"valid", "verified_with_error", "invalid", "pending", "covered"},
              {{"11", "0", "1", "2", covered}});
}

TEST_CASE("submissions by result, when the newest ones cover the batch") {
  CHECK(PageOf(TellByResult, ByResult("t")) ==
        "mina_uptime_last_batch_submissions_by_result{result=\"valid\"} 11\n"
        "mina_uptime_last_batch_submissions_by_result{result=\"invalid\"} 1\n"
        "mina_uptime_last_batch_submissions_by_result{result=\"verified_with_error\"} 0\n"
        "mina_uptime_last_batch_submissions_by_result{result=\"pending\"} 2\n"
        "mina_uptime_last_batch_submissions_covered 1\n");
  CHECK(PageOf(TellByResult, ByResult("f")) == "mina_uptime_last_batch_submissions_covered 0\n");
  CHECK(PageOf(TellByResult, Rows({"valid"}, {})).empty());  // No batch.
}

TEST_CASE("errors become one of the known classes, or other") {
  const auto page = [](std::vector<SqlCells> cells) {
    return PageOf(TellErrors, Rows({"error", "submissions", "in_all"}, std::move(cells)));
  };
  // in_all has more than the rows: the query gives a hundred texts at most.
  CHECK(page({{"Invalid_proof", "7", "20"},
              {"No block found in the S3 bucket", "3", "20"},
              {"Invalid_proof: of block 3N", "1", "20"},
              {"x\"y\n", "2", "20"}}) ==
        "mina_uptime_validation_errors{class=\"invalid_proof\"} 8\n"
        "mina_uptime_validation_errors{class=\"no_block_found\"} 3\n"
        "mina_uptime_validation_errors{class=\"other\"} 9\n");
  CHECK(page({}) ==
        "mina_uptime_validation_errors{class=\"invalid_proof\"} 0\n"
        "mina_uptime_validation_errors{class=\"no_block_found\"} 0\n"
        "mina_uptime_validation_errors{class=\"other\"} 0\n");
}

TEST_CASE("scores: what the limit leaves out is counted, a key that stands twice is told once") {
  const std::vector<std::string> columns = {"block_producer_key", "score", "ratio", "in_all"};
  CHECK(PageOf(TellScores, Rows(columns, {{"a", "9", "1", "5"},
                                          {"a", "8", "0.5", "5"},
                                          {"b", std::nullopt, std::nullopt, "5"}})) ==
        "mina_uptime_score_ratio{block_producer=\"a\"} 1\n"
        "mina_uptime_score_points{block_producer=\"a\"} 9\n"
        "mina_uptime_scores_truncated 2\n");
  CHECK(PageOf(TellScores, Rows(columns, {})) == "mina_uptime_scores_truncated 0\n");
}

std::string Wrong(const Settings& settings) {
  OwnMetrics own;
  const auto sources = Sources(settings, own);
  return sources ? "" : sources.error();
}

Settings Given() {
  Settings settings;
  settings.sql.database.dsn = "host=/run/postgresql dbname=mina user=mina_ro";
  return settings;
}

TEST_CASE("every query has its job and its values, and none is connected to before the start") {
  CHECK(Wrong(Given()).empty());
  Settings disabled = Given();
  disabled.sql.disabled = {"rollbacks", "nodes"};
  CHECK(Wrong(disabled).empty());
  disabled.sql.disabled = {"no_such_query"};
  CHECK(Wrong(disabled).find("no_such_query") != std::string::npos);
}

TEST_CASE("the limits are told whether or not there is a database") {
  OwnMetrics own;
  REQUIRE(Sources(Given(), own));
  CHECK(own.GaugeOf(kInterval).Value() == 1200);
  CHECK(own.GaugeOf(kProcessingLimit, "min").Value() == 1);
  CHECK(own.GaugeOf(kProcessingLimit, "max").Value() == 900);
  CHECK(own.GaugeOf(kRetention).Value() == 97 * 86400);
}

TEST_CASE("flags that cannot be are refused") {
  using namespace std::chrono_literals;
  const auto with = [](auto change) {
    Settings settings = Given();
    change(settings);
    return Wrong(settings);
  };
  CHECK(with([](Settings& s) { s.interval = 999ms; }).starts_with("--mina.interval"));
  CHECK(with([](Settings& s) { s.processing_max = 999ms; }).starts_with("--mina.processing-max"));
  CHECK(with([](Settings& s) { s.uptime_days = 0; }).starts_with("--mina.uptime-days"));
  CHECK(with([](Settings& s) { s.retention_days = 3651; }).starts_with("--mina.retention-days"));
  CHECK(with([](Settings& s) {
          s.per_producer_limit = 10001;
        }).starts_with("--mina.per-producer-limit"));
  CHECK(with([](Settings& s) { s.per_producer_limit = 10000; }).empty());
  CHECK(with([](Settings& s) { s.coordinator_role = ""; }).starts_with("--mina.coordinator-role"));
  CHECK(with([](Settings& s) { s.sql.database.dsn = "password=x"; }) != "");
}

}  // namespace
}  // namespace stakewatch::mina
