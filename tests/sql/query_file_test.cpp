// Query files: what is read, and what is refused with the line that is wrong.
#include <string>

#include <doctest/doctest.h>

#include "common/sql/query_file.h"

namespace stakewatch {
namespace {

std::string Refusal(std::string_view text) {
  const auto queries = ParseQueryFile(text);
  return queries ? "accepted" : queries.error();
}

TEST_CASE("a file of two queries") {
  const auto queries = ParseQueryFile(
      "-- What this file is for.\n\n"
      "-- @last_batch every=30s within=5s\n"
      "-- Why it is asked.\n"
      "SELECT id\n  FROM bot_logs -- the batches\n ORDER BY id;\n\n"
      "-- @score_drift every=1h within=30s with=days,role\r\n"
      "WITH a AS (SELECT $1::int) SELECT * FROM a WHERE x = $2;\n");
  REQUIRE(queries);
  REQUIRE(queries->size() == 2);
  const SqlQuery& first = queries->front();
  CHECK(first.name == "last_batch");
  CHECK(first.every == std::chrono::seconds(30));
  CHECK(first.within == std::chrono::seconds(5));
  CHECK(first.with.empty());
  CHECK(first.text == "SELECT id\nFROM bot_logs -- the batches\nORDER BY id");
  CHECK(queries->back().with == std::vector<std::string>{"days", "role"});
}

TEST_CASE("what is refused") {
  CHECK(Refusal("SELECT 1") == "line 1: above the first \"-- @\" line only comments can stand");
  CHECK(Refusal("-- @") ==
        "line 1: a name of small letters, digits and _ is expected behind \"-- @\"");
  CHECK(Refusal("-- @A every=1s within=1s\nSELECT 1").starts_with("line 1: a name"));
  CHECK(Refusal("-- @a every=1s\nSELECT 1") ==
        "line 1: every=<duration> and within=<duration> are expected");
  CHECK(Refusal("-- @a every=1s within=1s when=never\nSELECT 1") ==
        "line 1: \"when=never\": every=, within= and with= are what can stand there");
  CHECK(Refusal("-- @a every=soon within=1s\nSELECT 1").starts_with("line 1: every: \"soon\""));
  CHECK(Refusal("-- @a every=2d within=1s\nSELECT 1") == "line 1: every=2d is not from 1s to 1d");
  CHECK(Refusal("-- @a every=1h within=61s\nSELECT 1") ==
        "line 1: within=61s is not from 1ms to 1m");
  CHECK(Refusal("-- @a every=1s within=2s\nSELECT 1") == "line 1: within= is longer than every=");
  CHECK(Refusal("\n-- @a every=1s within=1s\n") == "line 2: a: a query begins with SELECT or WITH");
  CHECK(Refusal("-- @a every=1s within=1s\nDELETE FROM x") ==
        "line 1: a: a query begins with SELECT or WITH");
  CHECK(Refusal("-- @a every=1s within=1s\nSELECT 1; SELECT 2") ==
        "line 1: a: a second statement, or a ; within the query");
  CHECK(Refusal("-- @a every=1s within=1s\nSELECT 1;\n-- @a every=1s within=1s\nSELECT 2") ==
        "line 3: a second query a");
  CHECK(Refusal("-- @a every=1s within=1s\nSELECT '" + std::string(17000, 'x') + "'") ==
        "line 1: a: a query of more than 16 KiB");
}

TEST_CASE("a file without a query has none") {
  const auto queries = ParseQueryFile("-- nothing yet\n");
  REQUIRE(queries);
  CHECK(queries->empty());
}

}  // namespace
}  // namespace stakewatch
