// What computehorde_exporter makes of its answers, without a database or a Redis: those are real in
// tests/e2e/computehorde/.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/page.h"
#include "common/result.h"
#include "exporters/computehorde/celery.h"
#include "exporters/computehorde/computehorde.h"
#include "exporters/computehorde/events.h"
#include "exporters/computehorde/metrics.h"
#include "exporters/computehorde/queries.h"
#include "exporters/computehorde/schema.h"
#include "exporters/computehorde/serving.h"

namespace stakewatch::computehorde {
namespace {

using Cell = std::optional<std::string>;

SqlRows RowsOf(std::vector<std::string> columns, std::vector<std::vector<Cell>> cells) {
  SqlRows rows;
  rows.numeric.assign(columns.size(), false);
  rows.columns = std::move(columns);
  rows.cells = std::move(cells);
  return rows;
}

template <class Read>
std::string PageOf(const Read& read) {
  Sheet sheet(kMetrics);
  read(sheet);
  return WritePage(std::move(sheet).TakeFamilies());
}

bool Has(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("schema: the highest migration decides, in between the table of weight settings") {
  struct Row {
    std::optional<std::int64_t> number;
    bool weight_events;
    Era era;
    const char* state;
  };
  for (const Row& row :
       {Row{std::nullopt, true, Era::kUnknown, "none"}, Row{1, false, Era::k202411, "older"},
        Row{42, true, Era::k202411, "older"}, Row{43, false, Era::k202411, "known"},
        Row{44, false, Era::k202411, "between"}, Row{44, true, Era::k202601, "between"},
        Row{93, false, Era::k202411, "between"}, Row{94, true, Era::k202601, "known"},
        Row{94, false, Era::k202601, "known"}, Row{95, true, Era::k202601, "newer"}}) {
    const Migrations found{
        .number = row.number, .newest = "", .weight_setting_events = row.weight_events};
    CAPTURE(row.number.value_or(-1));
    CHECK(EraOf(found) == row.era);
    CHECK(StateOf(found) == row.state);
  }
}

TEST_CASE("schema: told, followed, and none without migrations") {
  Schema schema;
  CHECK(schema.Now() == Era::kUnknown);
  const std::vector<std::string> columns = {"number", "newest", "weight_setting_events"};
  std::string page = PageOf(
      [&](Sheet& sheet) { schema.Read(RowsOf(columns, {{"43", "0043_seed", "f"}}), sheet); });
  CHECK(schema.Now() == Era::k202411);
  CHECK(Has(page, "computehorde_schema_info{era=\"2024-11\",migration=\"0043_seed\"} 1"));
  CHECK(Has(page, "computehorde_schema_state{state=\"known\"} 1"));
  page = PageOf(
      [&](Sheet& sheet) { schema.Read(RowsOf(columns, {{"120", "0120_new", "t"}}), sheet); });
  CHECK(schema.Now() == Era::k202601);
  CHECK(Has(page, "computehorde_schema_info{era=\"2026-01\",migration=\"0120_new\"} 1"));
  CHECK(Has(page, "computehorde_schema_state{state=\"newer\"} 1"));
  CHECK(Has(page, "computehorde_schema_state{state=\"known\"} 0"));
  page = PageOf([&](Sheet& sheet) {
    schema.Read(RowsOf(columns, {{std::nullopt, std::nullopt, "f"}}), sheet);
  });
  CHECK(schema.Now() == Era::kUnknown);
  CHECK(page.find("schema_info{") == std::string::npos);
  CHECK(Has(page, "computehorde_schema_state{state=\"none\"} 1"));
}

// What the query `events` finds.
SqlRows Found(const std::string& newest, std::vector<std::vector<Cell>> pairs) {
  if (pairs.empty()) pairs = {{std::nullopt, std::nullopt, std::nullopt}};
  for (auto& pair : pairs) pair.insert(pair.begin(), newest);
  return RowsOf({"newest", "type", "subtype", "events"}, std::move(pairs));
}

TEST_CASE("events: from the newest at the start, each span once, one question behind") {
  Events events;
  const auto read = [&](const std::string& newest, std::vector<std::vector<Cell>> pairs) {
    return PageOf([&](Sheet& sheet) { events.Read(Found(newest, std::move(pairs)), sheet); });
  };
  // No id lies in the span before the first answer.
  CHECK(std::stoll(events.After()) > std::stoll(events.Until()));
  CHECK(read("100", {}).empty());
  CHECK(events.After() == "100");
  CHECK(events.Until() == "100");
  CHECK(read("107", {}).empty());
  CHECK(events.After() == "100");
  CHECK(events.Until() == "107");
  // A new pair is 0 first.
  CHECK(Has(read("110", {{"W", "GIVING_UP", "2"}}),
            "computehorde_system_events_total{type=\"W\",subtype=\"GIVING_UP\"} 0"));
  CHECK(events.After() == "107");
  CHECK(Has(read("110", {{"W", "GIVING_UP", "3"}}),
            "computehorde_system_events_total{type=\"W\",subtype=\"GIVING_UP\"} 5"));
  CHECK(events.After() == "110");
  CHECK(
      Has(read("110", {}), "computehorde_system_events_total{type=\"W\",subtype=\"GIVING_UP\"} 5"));
}

TEST_CASE("events: an empty table, one that was emptied, and an answer without its id") {
  Events events;
  const auto read = [&](const std::string& newest, std::vector<std::vector<Cell>> pairs) {
    return PageOf([&](Sheet& sheet) { events.Read(Found(newest, std::move(pairs)), sheet); });
  };
  read("0", {});
  read("2", {});
  CHECK(events.After() == "0");
  CHECK(events.Until() == "2");
  read("2", {{"A", "", "2"}});
  // Restored from a backup: lower than before; what comes then is counted on.
  read("1", {});
  CHECK(events.After() == "1");
  CHECK(events.Until() == "1");
  CHECK(Has(read("9", {}), "computehorde_system_events_total{type=\"A\",subtype=\"\"} 2"));
  CHECK(events.After() == "1");
  CHECK(events.Until() == "9");
  Sheet sheet(kMetrics);
  CHECK_THROWS_AS(events.Read(RowsOf({"newest", "type", "subtype", "events"}, {}), sheet),
                  BadShape);
  CHECK(events.Until() == "9");
}

TEST_CASE("events: many pairs are counted together") {
  Events events;
  PageOf([&](Sheet& sheet) { events.Read(Found("1", {}), sheet); });
  std::vector<std::vector<Cell>> pairs;
  for (int i = 0; i < 400; ++i) pairs.push_back({"type" + std::to_string(i), "s", "1"});
  PageOf([&](Sheet& sheet) { events.Read(Found("2", pairs), sheet); });
  const std::string page = PageOf([&](Sheet& sheet) { events.Read(Found("3", {}), sheet); });
  CHECK(Has(page, "computehorde_system_events_total{type=\"other\",subtype=\"other\"} 100"));
}

TEST_CASE("serving: the two pickles that are known, and nothing else is guessed") {
  CHECK(ServingOf("gAKILg==") == true);
  CHECK(ServingOf("gAKJLg==") == false);
  for (const char* other : {"", "gAKILg", "gAKILg== ", "gASILg==", "true", "gAJLAS4="}) {
    CAPTURE(other);
    CHECK_FALSE(ServingOf(other));
    Sheet sheet(kMetrics);
    CHECK_THROWS_AS(ReadServing(RowsOf({"rows", "value"}, {{"1", other}}), true, sheet), BadShape);
  }
  const auto page = [](std::vector<Cell> row, bool by_default) {
    return PageOf(
        [&](Sheet& sheet) { ReadServing(RowsOf({"rows", "value"}, {row}), by_default, sheet); });
  };
  CHECK(Has(page({"0", std::nullopt}, true), "computehorde_serving 1"));
  CHECK(Has(page({"0", std::nullopt}, false), "computehorde_serving 0"));
  CHECK(Has(page({"1", "gAKJLg=="}, true), "computehorde_serving 0"));
  Sheet sheet(kMetrics);
  CHECK_THROWS_AS(ReadServing(RowsOf({"rows", "value"}, {{"1", std::nullopt}}), true, sheet),
                  BadShape);
}

TEST_CASE("celery: a queue is four lists, and INFO tells only numbers") {
  CHECK(KeysOf("llm") == std::vector<std::string>{"llm", std::string("llm\x06\x16") + "3",
                                                  std::string("llm\x06\x16") + "6",
                                                  std::string("llm\x06\x16") + "9"});
  const std::string page = PageOf([](Sheet& sheet) {
    TellRedis({{"used_memory", "123"}, {"maxmemory", "0"}, {"evicted_keys", "many"}}, sheet);
  });
  CHECK(Has(page, "computehorde_redis_memory_used_bytes 123"));
  CHECK(Has(page, "computehorde_redis_memory_max_bytes 0"));
  CHECK(page.find("evicted") == std::string::npos);
}

TEST_CASE("queries: each of the shipped files has a job for each query, and the era its own") {
  const auto schema = std::make_shared<Schema>();
  const auto parts = Queries(schema, true);
  REQUIRE(parts);
  CHECK(parts->queries.size() == parts->jobs.size());
  const auto asked = [&] {
    std::size_t count = 0;
    for (const SqlJob& job : parts->jobs) count += !job.when || job.when();
    return count;
  };
  const auto now = [&](const char* number) {
    Sheet sheet(kMetrics);
    schema->Read(RowsOf({"number", "newest", "weight_setting_events"}, {{number, "x", "f"}}),
                 sheet);
    return asked();
  };
  CHECK(asked() == 8);
  CHECK(now("43") == 17);
  CHECK(now("94") == 21);
}

TEST_CASE("settings: what is refused at the start") {
  const auto refused = [](const Settings& settings) {
    OwnMetrics own;
    const auto sources = Sources(settings, own);
    return sources ? std::string() : sources.error();
  };
  Settings settings;
  settings.sql.database.dsn = "host=/run/postgresql dbname=validator";
  CHECK(refused(settings).empty());
  settings.redis.url = "redis://h";
  settings.backup.folder = "/backups";
  CHECK(refused(settings).empty());
  settings.queues = {"a", "a"};
  CHECK(refused(settings) == "--computehorde.queue: a stands twice");
  settings.queues = {};
  settings.redis.url = "h:6379";
  CHECK(refused(settings).starts_with("--computehorde.redis…: \"h:6379\""));
  settings.redis.url.clear();
  settings.sql.database.dsn = "host=h password=hush";
  CHECK(refused(settings).starts_with("--computehorde.dsn: "));
  CHECK(refused(settings).find("hush") == std::string::npos);
}

}  // namespace
}  // namespace stakewatch::computehorde
