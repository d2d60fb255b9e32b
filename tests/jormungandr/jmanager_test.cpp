// What jmanager, the watcher that people had, got wrong: one case each. Those about alerts are
// cases of tests/rules/jormungandr_test.yml (a best tip that never falls, two leaders at once,
// heights compared as texts), that about a hanging external tip is one of
// tests/e2e/test_jormungandr.py. It switched leaders and restarted nodes, all at once too; that
// nothing of the kind can be said stands in values_test.cpp.
#include <doctest/doctest.h>

#include "tests/jormungandr/node.h"

namespace stakewatch::jormungandr::testing {
namespace {

constexpr double kNow = 1795242871;

struct Told {
  std::shared_ptr<Altered> node = std::make_shared<Altered>(Answers{});
  Watch watch{node, kNow};
  std::string Page(const std::string& stats) {
    node->answers["node_stats"] = stats;
    return watch.Page();
  }
};

std::string Stats(const std::string& members) {
  return R"({"version":"jormungandr 0.9.1","state":"Running",)" + members + "}";
}

TEST_CASE("jmanager: its best tip froze at 99, 999, …, as texts do") {
  Told told;
  for (const std::string height : {"9", "10", "99", "100", "999", "1000", "99999", "100001"}) {
    CHECK(Value(told.Page(Stats(R"("lastBlockHeight":")" + height + "\"")),
                "jormungandr_tip_height") == height);
  }
}

TEST_CASE("jmanager: its best tip never fell after a rollback") {
  Told told;
  told.Page(Stats(R"("lastBlockHeight":"198")"));
  CHECK(Value(told.Page(Stats(R"("lastBlockHeight":"195")")), "jormungandr_tip_height") == "195");
}

TEST_CASE("jmanager: it dropped the days of durations") {
  Told told;
  const std::string page = told.Page(Stats(R"("uptime":950400)"));  // 11 days.
  CHECK(Value(page, "jormungandr_uptime_seconds") == "950400");
  CHECK(Value(page, "jormungandr_start_time_seconds") == "1794292471");
}

TEST_CASE("jmanager: another error text, or a call that is gone, ended its loop") {
  Told told;
  told.node->answers = {{"leaders", "405 Method Not Allowed"},
                        {"leaders_logs", "500 something new went wrong"},
                        {"fragment_logs", "410"},
                        {"network_stats", "404"}};
  for (int i = 0; i < 2; ++i) {
    const std::string page = told.Page(Stats(R"("lastBlockHeight":"48")"));
    CHECK(Value(page, "jormungandr_tip_height") == "48");
    CHECK(Has(page, R"(stakewatch_source_up{source="settings"} 1)"));
    CHECK(Has(page, R"(stakewatch_source_up{source="leader_logs"} 0)"));
  }
  told.node->answers = {};
  CHECK(Has(told.watch.Page(), R"(stakewatch_source_up{source="leader_logs"} 1)"));
}

TEST_CASE("jmanager: it took the 500 of a bootstrapping node for a dead one") {
  Told told;
  const std::string page =
      told.Page("500 Internal server error: Full REST/RPC context not available yet");
  CHECK(Has(page, R"(jormungandr_condition{condition="bootstrapping"} 1)"));
  CHECK(Has(page, R"(jormungandr_condition{condition="dead"} 0)"));
}

TEST_CASE("jmanager: it did not see a node that ended, nor one that came back") {
  Told told;
  told.Page(Stats(R"("lastBlockHeight":"48")"));
  CHECK(Has(told.Page("dead"), R"(jormungandr_condition{condition="dead"} 1)"));
  const std::string page = told.Page(Stats(R"("lastBlockHeight":"49")"));
  CHECK(Has(page, R"(jormungandr_condition{condition="running"} 1)"));
  CHECK(Has(page, R"(jormungandr_condition{condition="dead"} 0)"));
}

TEST_CASE("jmanager: once it had fallen back to other peers it stayed with them") {
  // What was told of a bad time is forgotten with it.
  Told told;
  const std::string connected = R"(jormungandr_peers{state="connected"})";
  CHECK(Value(told.Page(Stats(R"("peerConnectedCnt":0)")), connected) == "0");
  CHECK(Value(told.Page(Stats(R"("peerConnectedCnt":7)")), connected) == "7");
  CHECK(Value(told.Page(Stats(R"("uptime":1)")), connected).empty());
}

}  // namespace
}  // namespace stakewatch::jormungandr::testing
