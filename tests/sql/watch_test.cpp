// The queries of one database at their intervals, against a real PostgreSQL: what a scrape tells
// while all is well, while one query fails, and while nobody answers.
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "common/own_metrics.h"
#include "common/page.h"
#include "common/sql/watch.h"
#include "tests/sql/private_postgres.h"

namespace stakewatch {
namespace {

using testing::PrivatePostgres;
using testing::TemporaryFolder;
using namespace std::chrono_literals;

constexpr auto kRows = Gauge("test_rows", "Rows by kind.", "kind");
constexpr auto kBroken = Gauge("test_broken", "Of a query that fails.");
constexpr auto kUp = Gauge("test_query_up", "Whether it answered.", "query");
constexpr auto kSuccess =
    Gauge("test_query_last_success_timestamp_seconds", "When it last answered.", "query");
constexpr auto kDuration = Gauge("test_query_duration_seconds", "How long it took.", "query");
constexpr auto kErrors = Counter("test_query_errors_total", "Failures.", "query", "reason");
constexpr auto kExtra =
    Gauge("test_extra", "Of queries of the operator's own.", "query", "column", "row");
constexpr auto kDeclared = Table(kRows, kBroken, kUp, kSuccess, kDuration, kErrors, kExtra);

constexpr std::string_view kFile =
    "-- @rows every=1s within=1s with=limit\n"
    "SELECT 'a' AS kind, $1::int AS n UNION ALL SELECT 'a', 7 UNION ALL SELECT NULL, 2;\n"
    "-- @broken every=1s within=1s\n"
    "SELECT no_such_column FROM pg_class;\n";

Checked<std::shared_ptr<SqlWatch>> Make(
    const SqlSettings& settings, OwnMetrics& own, std::function<void()> when_read = [] {}) {
  auto queries = ParseQueryFile(kFile);
  REQUIRE(queries);
  return SqlWatch::Make(
      settings,
      {.queries = *queries,
       .jobs = {{.query = "rows",
                 .reads = {Told(kRows, "n", "kind"),
                           [read = std::move(when_read)](const SqlRows&, Sheet&) { read(); }}},
                {.query = "broken", .reads = {Told(kBroken, "no_such_column")}}},
       .values = {{"limit", [] { return "5"; }}},
       .declared = kDeclared,
       .metrics = {kUp, kSuccess, kDuration, kErrors, kExtra},
       .own = &own});
}

struct Watched {
  OwnMetrics own;
  std::atomic<int> read{0};
  std::shared_ptr<SqlWatch> watch;

  explicit Watched(const SqlSettings& settings) {
    auto made = Make(settings, own, [this] { ++read; });
    REQUIRE_MESSAGE(made, made.error());
    watch = std::move(*made);
    watch->Start();
  }
  std::string Page(Result<void>* fared = nullptr) const {
    Sheet sheet(kDeclared);
    auto told = watch->Tell(sheet);
    if (fared != nullptr) *fared = told;
    return WritePage(std::move(sheet).TakeFamilies());
  }
};

SqlSettings SettingsOf(const std::string& dsn) {
  SqlSettings settings;
  settings.database.dsn = dsn;
  settings.look = 1s;
  return settings;
}

bool Within(milliseconds patience, const std::function<bool()>& condition) {
  const Deadline end(patience);
  while (!condition()) {
    if (end.Over()) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

bool Has(const std::string& page, std::string_view line) {
  return page.find(line) != std::string::npos;
}

TEST_CASE("one query fails, and the others are told") {
  PrivatePostgres server;
  const Watched watched(SettingsOf(server.Dsn()));
  CHECK(Within(10s, [&] {
    return Has(watched.Page(),
               "test_query_errors_total{query=\"broken\",reason=\"query_error\"} 1");
  }));
  Result<void> fared;
  const std::string page = watched.Page(&fared);
  CHECK(fared);
  // Of the same labels the first; no label is a NULL.
  CHECK(Has(page, "test_rows{kind=\"a\"} 5\ntest_rows{kind=\"\"} 2\n"));
  CHECK(Has(page, "test_query_up{query=\"rows\"} 1\ntest_query_up{query=\"broken\"} 0\n"));
  CHECK(Has(page, "test_query_last_success_timestamp_seconds{query=\"rows\"} "));
  CHECK_FALSE(Has(page, "test_query_last_success_timestamp_seconds{query=\"broken\"} "));
  CHECK_FALSE(Has(page, "test_broken"));
  CHECK(Within(10s, [&] { return watched.read >= 3; }));
}

TEST_CASE("without the database nothing of it is told, and it is found again") {
  PrivatePostgres server;
  const Watched watched(SettingsOf(server.Dsn()));
  CHECK(Within(10s, [&] { return Has(watched.Page(), "test_rows"); }));
  server.Stop();
  Result<void> fared;
  CHECK(Within(10s, [&] { return !Has(watched.Page(&fared), "test_rows"); }));
  REQUIRE_FALSE(fared);
  CHECK(fared.error().reason == Reason::kUnreachable);
  CHECK(Has(watched.Page(), "test_query_last_success_timestamp_seconds{query=\"rows\"} "));
  server.Start();
  CHECK(Within(20s, [&] { return Has(watched.Page(&fared), "test_rows"); }));
  CHECK(fared);
}

TEST_CASE("queries of the operator's own") {
  PrivatePostgres server;
  TemporaryFolder folder;
  SqlSettings settings = SettingsOf(server.Dsn());
  settings.extra_file = folder.Write(
      "extra.sql",
      "-- @mine every=1s within=1s\n"
      "SELECT 'x' AS a, 1 AS n, NULL AS b, 2.5::numeric AS m UNION ALL SELECT 'y', 3, 'z', NULL\n");
  const Watched watched(settings);
  CHECK(Within(10s, [&] {
    return Has(watched.Page(),
               "test_extra{query=\"mine\",column=\"n\",row=\"x,\"} 1\n"
               "test_extra{query=\"mine\",column=\"m\",row=\"x,\"} 2.5\n"
               "test_extra{query=\"mine\",column=\"n\",row=\"y,z\"} 3\n");
  }));
}

TEST_CASE("what is wrong is said before anything is asked") {
  TemporaryFolder folder;
  OwnMetrics own;
  const auto refusal = [&](const SqlSettings& settings) {
    const auto made = Make(settings, own);
    return made ? "accepted" : made.error();
  };
  SqlSettings settings = SettingsOf("host=/x");
  settings.disabled = {"rows", "nobody"};
  CHECK(refusal(settings) == "--sql.disable: no query nobody");
  settings.disabled = {"rows"};
  CHECK(refusal(settings) == "accepted");
  settings.extra_file = "/nonexistent";
  CHECK(refusal(settings).starts_with("--sql.extra: /nonexistent: "));
  settings.extra_file = folder.Write("a.sql", "-- @broken every=1s within=1s\nSELECT 1");
  CHECK(refusal(settings) == "--sql.extra: broken is a query of our own");
  settings.extra_file = folder.Write("b.sql", "-- @b every=1s within=1s with=limit\nSELECT $1");
  CHECK(refusal(settings) == "--sql.extra: b: with= is for our own queries");
  settings.extra_file = folder.Write("c.sql", "-- @c every=1s within=1s\nDROP TABLE x");
  CHECK(refusal(settings).ends_with("line 1: c: a query begins with SELECT or WITH"));
}

}  // namespace
}  // namespace stakewatch
