// The simulated Jormungandr nodes: their members are those of the recorded one, and each version
// tells what that version does.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

using nlohmann::json;

const std::string kCases = std::string(SIM_RECORDINGS) + "/../../jormungandr/cases/jormungandr-";

json Recorded(const std::string& situation, const std::string& call) {
  std::ifstream file(kCases + situation + "/" + call + ".json");
  REQUIRE_MESSAGE(file, situation);
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

std::string Body(const Simulator& simulator, const std::string& path, int node = 0) {
  return Get(simulator.JormungandrPort(), "/node/" + std::to_string(node) + "/api/v0" + path).body;
}

std::map<std::string, std::string> Shape(const json& object) {
  std::map<std::string, std::string> shape;
  for (const auto& [name, value] : object.items()) {
    shape[name] = value.is_number() ? "number" : value.type_name();
  }
  return shape;
}

std::uint64_t Height(const Simulator& simulator, int node) {
  return std::stoull(
      json::parse(Body(simulator, "/node/stats", node))["lastBlockHeight"].get<std::string>());
}

TEST_CASE("jormungandr: each version has the members of its recorded or derived statistics") {
  Simulator simulator({.jormungandr = Address{}});
  for (const std::string version :
       {"0.5.0", "0.7.0", "0.8.0", "0.8.9", "0.8.18", "0.9.1", "0.11.2", "0.13.0", "0.14.0"}) {
    CAPTURE(version);
    simulator.SetFault({.kind = Kind::kVersion, .node = kJormungandrNode, .value = version});
    auto expected = Shape(Recorded(version + "-running-derived", "node_stats"));
    expected.erase("nodeId");  // Of a few versions, and of no use to anybody.
    CHECK(Shape(json::parse(Body(simulator, "/node/stats"))) == expected);
  }
}

TEST_CASE("jormungandr: logs, settings and peers have the members of the recorded ones") {
  const Simulator simulator({.jormungandr = Address{}});
  const std::string leader = "0.13.0-running-leader";
  const json logs = json::parse(Body(simulator, "/leaders/logs"));
  REQUIRE(logs.size() >= 1);
  for (const auto& [name, type] : Shape(Recorded(leader, "leaders_logs")[0])) {
    CAPTURE(name);
    CHECK(logs[0].contains(name));
  }
  const auto recorded = Shape(Recorded(leader, "settings"));
  for (const auto& [name, type] : Shape(json::parse(Body(simulator, "/settings")))) {
    CAPTURE(name);
    REQUIRE(recorded.contains(name));
    CHECK(recorded.at(name) == type);
  }
  CHECK(Shape(json::parse(Body(simulator, "/network/stats"))[0]).size() ==
        Shape(Recorded(leader, "network_stats")[0]).size());
}

TEST_CASE("jormungandr: while it bootstraps, each version says so in its own way") {
  Simulator simulator({.jormungandr = Address{}});
  simulator.SetFault({.kind = Kind::kBootstrapping, .node = kJormungandrNode});
  const HttpReply newer = Get(simulator.JormungandrPort(), "/api/v0/node/stats");
  CHECK(newer.head.starts_with("HTTP/1.1 500 "));
  CHECK(newer.body.contains("Full REST/RPC context not available yet"));
  CHECK(Body(simulator, "/rewards/remaining") == "99999999999000");
  simulator.SetFault({.kind = Kind::kVersion, .node = kJormungandrNode, .value = "0.8.18"});
  CHECK(Shape(json::parse(Body(simulator, "/node/stats"))) ==
        Shape(Recorded("0.8.18-bootstrapping-derived", "node_stats")));
}

TEST_CASE("jormungandr: a fault befalls the node that it names, or all") {
  Simulator simulator({.jormungandr = Address{}, .slot_seconds = 1000});
  const std::uint64_t height = Height(simulator, 0);
  simulator.SetFault({.kind = Kind::kBehind, .node = kJormungandrNode - 2, .value = "7"});
  CHECK(Height(simulator, 0) == height);
  CHECK(Height(simulator, 1) == height - 7);
  simulator.SetFault({.kind = Kind::kBehind, .node = kJormungandrNode, .value = "9"});
  CHECK(Height(simulator, 0) == height - 9);
  CHECK(Height(simulator, 2) == height - 9);
}

TEST_CASE("jormungandr: the others do not have a fork's blocks, nor it theirs") {
  Simulator simulator({.jormungandr = Address{}, .slot_seconds = 1000});
  simulator.SetFault({.kind = Kind::kFork, .node = kJormungandrNode - 3, .value = "3"});
  const json stats = json::parse(Body(simulator, "/node/stats", 2));
  const std::string path = "/block/" + stats["lastBlockHash"].get<std::string>();
  CHECK(Height(simulator, 2) == Height(simulator, 0) + 3);
  CHECK(Body(simulator, path, 2).size() == 100);
  CHECK(Body(simulator, path, 0).empty());
  const json honest = json::parse(Body(simulator, "/node/stats", 0));
  const std::string common = "/block/" + honest["lastBlockHash"].get<std::string>();
  CHECK(Body(simulator, common, 1).size() == 100);
  CHECK(Body(simulator, common, 2).size() == 100);  // Where it began.
}

TEST_CASE("jormungandr: what is no node of it, and what is not read") {
  const Simulator simulator({.jormungandr = Address{}});
  const std::uint16_t port = simulator.JormungandrPort();
  CHECK(Get(port, "/node/3/api/v0/settings").head.starts_with("HTTP/1.1 404 "));
  CHECK(Get(port, "/node/1x/api/v0/settings").head.starts_with("HTTP/1.1 404 "));
  CHECK(Get(port, "/api/v0/leaders").head.starts_with("HTTP/1.1 404 "));
  CHECK(Post(port, "x", "/api/v0/message").head.starts_with("HTTP/1.1 405 "));
  CHECK(Get(port, "/stats.json").body.contains("majoritymax"));
}

}  // namespace
}  // namespace stakewatch::sim
