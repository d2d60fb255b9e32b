#include "common/metrics.h"

#include <doctest/doctest.h>

#include "common/page.h"

namespace stakewatch {
namespace {

constexpr auto kPeers = Gauge("try_peers", "Peers by name.", "name");
constexpr auto kSeen = Counter("try_seen_total", "Seen.");
constexpr auto kMetrics = Table(kPeers, kSeen);

TEST_CASE("metrics: a label value cannot break out of its line") {
  Sheet sheet(kMetrics);
  sheet.Set(kPeers, 1, "a\"} 7\nevil 1\\");
  const auto page = WritePage(std::move(sheet).TakeFamilies());
  CHECK(page ==
        "# HELP try_peers Peers by name.\n# TYPE try_peers gauge\n"
        "try_peers{name=\"a\\\"} 7?evil 1\\\\\"} 1\n");
}

TEST_CASE("metrics: label values are cleaned") {
  CHECK(CleanLabelValue("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(CleanLabelValue("\xC0\xAF\xED\xA0\x80\xF5x") == "??????x");
  CHECK(CleanLabelValue("a\x01\x7F") == "a??");
  CHECK(CleanLabelValue(std::string(1 << 20, 'x')).size() == 128);
  CHECK(CleanLabelValue(std::string(127, 'x') + "\xC3\xA9").size() == 127);
}

TEST_CASE("metrics: a missing value is a missing sample") {
  Sheet sheet(kMetrics);
  sheet.Set(kSeen, std::nullopt);
  CHECK(std::move(sheet).TakeFamilies().empty());
}

TEST_CASE("metrics: sheets merge in the declared order") {
  Sheet one(kMetrics);
  one.Set(kSeen, 3);
  Sheet two(kMetrics);
  two.Set(kPeers, 1, "x");
  const auto merged =
      Merge(kMetrics, {std::move(one).TakeFamilies(), std::move(two).TakeFamilies()});
  REQUIRE(merged.size() == 2);
  CHECK(merged[0].name == "try_peers");
}

}  // namespace
}  // namespace stakewatch
