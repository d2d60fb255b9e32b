// Cells of rows: as what they are read, and what is no such thing.
#include <doctest/doctest.h>

#include "common/sql/rows.h"

namespace stakewatch {
namespace {

SqlRows OneOf(std::optional<std::string> cell) {
  return {.columns = {"c"}, .numeric = {true}, .cells = {{std::move(cell)}}};
}

TEST_CASE("cells") {
  CHECK(OneOf("text").One().Text("c") == "text");
  CHECK(OneOf("1.5e3").One().Number("c") == 1500);
  CHECK(OneOf("-7").One().Whole("c") == -7);
  CHECK(OneOf("t").One().Flag("c") == true);
  CHECK(OneOf("f").One().Flag("c") == false);
}

TEST_CASE("a NULL, NaN, an infinity and what no double can hold are none") {
  CHECK_FALSE(OneOf(std::nullopt).One().Text("c"));
  CHECK_FALSE(OneOf(std::nullopt).One().Number("c"));
  CHECK_FALSE(OneOf(std::nullopt).One().Whole("c"));
  CHECK_FALSE(OneOf(std::nullopt).One().Flag("c"));
  CHECK_FALSE(OneOf("NaN").One().Number("c"));
  CHECK_FALSE(OneOf("Infinity").One().Number("c"));
  CHECK_FALSE(OneOf("-Infinity").One().Number("c"));
  CHECK_FALSE(OneOf("1e999").One().Number("c"));
}

TEST_CASE("what is not there or of another kind") {
  CHECK_THROWS_AS(OneOf("1").One().Number("d"), BadShape);
  CHECK_THROWS_AS(OneOf("").One().Number("c"), BadShape);
  CHECK_THROWS_AS(OneOf("1 ").One().Number("c"), BadShape);
  CHECK_THROWS_AS(OneOf("1.5").One().Whole("c"), BadShape);
  CHECK_THROWS_AS(OneOf("18446744073709551616").One().Whole("c"), BadShape);
  CHECK_THROWS_AS(OneOf("true").One().Flag("c"), BadShape);
  CHECK_THROWS_AS((SqlRows{.columns = {"c"}, .numeric = {true}, .cells = {}}.One()), BadShape);
}

}  // namespace
}  // namespace stakewatch
