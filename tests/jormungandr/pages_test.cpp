// Whole pages of recorded nodes and of derived versions, and of nodes that answer badly.
#include <doctest/doctest.h>

#include "tests/jormungandr/node.h"

namespace stakewatch::jormungandr::testing {
namespace {

const std::string kContextError =
    "500 Internal server error: Full REST/RPC context not available yet";
const std::string kStats = R"({"version":"jormungandr 0.13.0","state":"Running","uptime":10,)";

std::string Height(const std::string& height) {
  return Value(PageWith({{"node_stats", kStats + "\"lastBlockHeight\":" + height + "}"}}),
               "jormungandr_tip_height");
}

bool StatsUp(const std::string& page) {
  return Has(page, R"(stakewatch_source_up{source="stats"} 1)");
}

std::string ConditionOn(const std::string& page) {
  std::string on;
  for (const std::string_view one : kConditions) {
    if (Has(page, "jormungandr_condition{condition=\"" + std::string(one) + "\"} 1")) on += one;
  }
  return on;
}

TEST_CASE("jormungandr: each recorded node and derived version gives its expected page") {
  for (const stakewatch::testing::Case& recorded : stakewatch::testing::Cases("jormungandr")) {
    CAPTURE(recorded.name);
    if (recorded.name.ends_with("-derived")) {
      CHECK(recorded.Matches(StatsPage(*recorded.upstream, 1588594000)));
    } else {
      CHECK(recorded.Matches(Watch(recorded.upstream, NowOf(recorded.folder)).Page()));
    }
  }
}

TEST_CASE("jormungandr: dead, hung, bootstrapping and failing are told apart on every version") {
  CHECK(ConditionOn(PageWith({{"node_stats", "dead"}})) == "dead");
  CHECK(ConditionOn(PageWith({{"node_stats", "hung"}})) == "hung");
  CHECK(ConditionOn(PageWith({{"node_stats", "404"}})) == "failing");
  CHECK(ConditionOn(PageWith({{"node_stats", "<html>"}})) == "failing");
  CHECK(ConditionOn(PageWith({{"node_stats", "500 Internal server error: no"}})) == "failing");
  CHECK(ConditionOn(PageWith({{"node_stats", kContextError}})) == "bootstrapping");
  CHECK(ConditionOn(PageWith({{"node_stats", R"({"state":"Bootstrapping"})"}})) == "bootstrapping");
  CHECK(ConditionOn(PageWith({{"node_stats", R"({"state":"StartingWorkers"})"}})) ==
        "bootstrapping");
  CHECK(ConditionOn(PageWith({{"node_stats", R"({"uptime":1,"lastBlockHeight":"4"})"}})) ==
        "running");
  for (const char* const bad : {"dead", "hung", "404", "<html>"}) {
    CAPTURE(bad);
    CHECK_FALSE(StatsUp(PageWith({{"node_stats", bad}})));
  }
  CHECK(StatsUp(PageWith({{"node_stats", kContextError}})));
}

TEST_CASE("jormungandr: a node that bootstraps fails no source") {
  const std::string page = PageWith({}, "0.13.0-bootstrapping");
  CHECK_FALSE(page.contains("stakewatch_source_up{source=\"settings\"} 0"));
  CHECK_FALSE(page.contains("} 0\nstakewatch_source_up"));
  CHECK(Has(page, R"(jormungandr_state{state="Bootstrapping"} 1)"));
  CHECK(Value(page, "jormungandr_tip_height").empty());
}

TEST_CASE("jormungandr: heights are numbers however they are written") {
  CHECK(Height("\"48\"") == "48");
  CHECK(Height("48") == "48");
  CHECK(Height("\"100\"") == "100");
  CHECK(Height("\"18446744073709551615\"") == "18446744073709551616");
  CHECK(Height("18446744073709551615") == "18446744073709551616");
  CHECK(Height("null").empty());
  CHECK(StatsUp(PageWith({{"node_stats", kStats + R"("lastBlockHeight":null})"}})));
  for (const char* const bad : {"-1", "\"-1\"", "\"\"", "\"4x\"", "1.5", "1e400", "[]", "{}",
                                "true", "18446744073709551616", "\"99999999999999999999\""}) {
    CAPTURE(bad);
    const std::string page =
        PageWith({{"node_stats", kStats + "\"lastBlockHeight\":" + std::string(bad) + "}"}});
    CHECK(Value(page, "jormungandr_tip_height").empty());
    CHECK_FALSE(StatsUp(page));
    CHECK(ConditionOn(page) == "failing");
  }
}

TEST_CASE("jormungandr: an unknown state is other, an absent count is not 0") {
  const std::string page = PageWith({{"node_stats", R"({"state":"Dreaming","uptime":3})"}});
  CHECK(Has(page, R"(jormungandr_state{state="other"} 1)"));
  CHECK_FALSE(page.contains("jormungandr_peers{"));
  CHECK(Value(page, "jormungandr_mempool_bytes").empty());
}

TEST_CASE("jormungandr: a bad answer fails its own sources and no other") {
  const std::map<std::string, std::string> sources = {{"network_stats", "network"},
                                                      {"leaders_logs", "leader_logs"},
                                                      {"leaders", "leaders"},
                                                      {"fragment_logs", "fragments"},
                                                      {"rewards_remaining", "rewards"},
                                                      {"stake_pool_" + kPool, "pools"},
                                                      {"account_" + kAccount, "accounts"},
                                                      {"node_stats", "stats"}};
  const std::string bad[] = {"",         " ",
                             "<html>",   "{",
                             "null",     "\"x\"",
                             "1.5e400",  "{\"a\":1}x",
                             "-3",       std::string(100'000, '['),
                             "\xff\xfe", "[{\"status\":1}]",
                             "hung"};
  for (const auto& [call, source] : sources) {
    for (const std::string& answer : bad) {
      CAPTURE(call);
      CAPTURE(answer.substr(0, 50));
      const std::string page = PageWith({{call, answer}});
      for (const std::string other : {"stats", "settings", "network", "leader_logs", "leaders",
                                      "fragments", "pools", "accounts", "rewards"}) {
        CAPTURE(other);
        const bool failed = Has(page, "stakewatch_source_up{source=\"" + other + "\"} 0");
        // Of these an array of objects is sound.
        const bool array = call == "leaders" || call == "network_stats";
        if (array && answer.starts_with("[{")) continue;
        CHECK(failed == (other == source));
      }
    }
  }
}

TEST_CASE("jormungandr: settings that no chain can have are refused") {
  const std::string good =
      R"({"block0Hash":"ab","block0Time":"2026-11-21T06:32:45Z","consensusVersion":"bft",)";
  for (const char* const bad :
       {R"("slotDuration":0,"slotsPerEpoch":60})", R"("slotDuration":-1,"slotsPerEpoch":60})",
        R"("slotDuration":1,"slotsPerEpoch":0})", R"("slotDuration":1e9,"slotsPerEpoch":60})",
        R"("slotDuration":1,"slotsPerEpoch":18446744073709551615})", R"("slotDuration":1})"}) {
    CAPTURE(bad);
    CHECK(
        Has(PageWith({{"settings", good + bad}}), R"(stakewatch_source_up{source="settings"} 0)"));
  }
  CHECK(Has(PageWith({{"settings", good + R"("slotDuration":1,"slotsPerEpoch":60})"}}),
            R"(stakewatch_source_up{source="settings"} 1)"));
}

TEST_CASE("jormungandr: block 0 is compared with the flag") {
  const std::string block0 = "9a7901c46c97d7976f1cbf4e66449225d902c70c35479f2d91ff9fc78314db0e";
  const std::string node = "0.13.0-running-leader";
  CHECK(Value(PageWith({}, node, block0), "jormungandr_block0_as_expected") == "1");
  CHECK(Value(PageWith({}, node, kPool), "jormungandr_block0_as_expected") == "0");
  CHECK(Value(PageWith({}, node), "jormungandr_block0_as_expected").empty());
}

TEST_CASE("jormungandr: a pool and an account that the chain does not have are told as unknown") {
  const std::string page =
      PageWith({{"stake_pool_" + kPool, "404"}, {"account_" + kAccount, "404"}});
  CHECK(Has(page, "jormungandr_pool_known{pool=\"" + kPool + "\"} 0"));
  CHECK(Has(page, "jormungandr_account_known{account=\"" + kAccount + "\"} 0"));
  CHECK(Has(page, R"(stakewatch_source_up{source="pools"} 1)"));
  CHECK_FALSE(page.contains("jormungandr_pool_stake{"));
}

TEST_CASE("jormungandr: the spending counter is one number on every version") {
  const std::string key = "jormungandr_account_spent_transactions{account=\"" + kAccount + "\"}";
  const auto counter = [&](const std::string& answer) {
    return Value(PageWith({{"account_" + kAccount, answer}}), key);
  };
  CHECK(counter(R"({"value":1,"counter":8})") == "8");
  CHECK(counter(R"({"value":1,"counters":[8,536870912,1073741824]})") == "8");
  CHECK(counter(R"({"value":1,"counters":[8,536870914,1073741825]})") == "11");
}

TEST_CASE("jormungandr: foreign text cannot break out of a label") {
  const std::string page =
      PageWith({{"node_stats", "{\"state\":\"x\",\"version\":\"a\\\"} 1\\nevil 1\\u001b[31m" +
                                   std::string(100'000, 'y') + "\"}"}});
  CHECK_FALSE(page.contains("\nevil 1"));
  CHECK(page.size() < 30'000);
  for (const char c : page) CHECK((c == '\n' || static_cast<unsigned char>(c) >= ' '));
}

TEST_CASE("jormungandr: after a change to an older version in mid-run only its own is told") {
  const auto node = std::make_shared<Altered>(Answers{});
  Watch watch(node, NowOf(CaseFolder("0.13.0-running-leader")));
  CHECK(Value(watch.Page(), "jormungandr_blocks_received_total") == "20");
  node->answers = {{"node_stats", stakewatch::testing::ReadFile(
                                      CaseFolder("0.7.0-running-derived") + "/node_stats.json")},
                   {"leaders_logs", "[]"},
                   {"leaders", "[1]"}};
  const std::string page = watch.Page();
  CHECK(StatsUp(page));
  CHECK(Value(page, "jormungandr_blocks_received_total") == "1102");
  CHECK_FALSE(page.contains("jormungandr_peers{"));
  CHECK_FALSE(page.contains("jormungandr_info{"));
  CHECK(Value(page, "jormungandr_leaders") == "1");
  CHECK(Value(page, R"(jormungandr_leader_events_total{status="block",reason="none"})") == "0");
  CHECK(Value(page, "jormungandr_uptime_seconds") == "20032");
}

TEST_CASE("jormungandr: the start time stands while the node runs, and moves when it restarts") {
  StartTime start;
  CHECK(start.Settle(1000.9) == 1000);
  CHECK(start.Settle(1001.8) == 1000);
  CHECK(start.Settle(999.2) == 1000);
  CHECK(start.Settle(1060.2) == 1060);
}

}  // namespace
}  // namespace stakewatch::jormungandr::testing
