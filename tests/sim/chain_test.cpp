// The chain moves, peers come and go, and heads are announced.
#include <doctest/doctest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

using Json = nlohmann::ordered_json;

Json Result(const Simulator& simulator, std::string_view method, std::string_view params = "[]") {
  const HttpReply reply = Post(simulator.HttpPort(), Call(method, params));
  return Json::parse(reply.body, nullptr, false)["result"];
}

std::string SocketPath() {
  return "/tmp/stakewatch_sim_chain." + std::to_string(getpid()) + ".ipc";
}

}  // namespace

TEST_CASE("a kept connection answers one request after the other") {
  Simulator simulator({});
  TestClient client = TestClient::Tcp(simulator.HttpPort());
  const std::string body = Call("eth_chainId");
  const std::string request =
      "POST / HTTP/1.1\r\ncontent-type: application/json; charset=utf-8\r\n"
      "content-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (int i = 0; i < 3; ++i) {
    CHECK(Ask(client, request).body == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}\n");
  }
  CHECK(client.How() == Ended::kNo);
}

TEST_CASE("a chain that hangs together, moves and starts from the network's genesis") {
  Simulator simulator({});
  const Json first = Result(simulator, "eth_getBlockByNumber", R"(["latest",false])");
  simulator.NewBlock();
  const Json second = Result(simulator, "eth_getBlockByNumber", R"(["latest",true])");
  CHECK(second["parentHash"] == first["hash"]);
  CHECK(second["transactions"].size() > 1);
  CHECK(second["transactions"][0]["blockHash"] == second["hash"]);
  const Json genesis = Result(simulator, "eth_getBlockByNumber", R"(["earliest",false])");
  CHECK(genesis["hash"] == "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
  CHECK(genesis == Result(simulator, "eth_getBlockByNumber", R"(["0x0",false])"));
  const std::string finalized =
      Result(simulator, "eth_getBlockByNumber", R"(["finalized",false])")["number"];
  CHECK(std::stoull(finalized, nullptr, 16) == simulator.Head() - 64);
}

TEST_CASE("blocks come by themselves, and peers come and go") {
  Simulator simulator({.block_interval = 0.02, .churn_interval = 0.02, .peers = 60});
  const std::uint64_t start = simulator.Head();
  const Json before = Result(simulator, "admin_peers");
  std::set<std::string> ids;
  for (const Json& peer : before) ids.insert(peer["id"]);
  CHECK(ids.size() == before.size());
  CHECK(before.size() >= 57);  // Some may have gone by now.
  bool changed = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while ((!changed || simulator.Head() < start + 5) && std::chrono::steady_clock::now() < end) {
    const Json now = Result(simulator, "admin_peers");
    CHECK(now.size() <= 60);
    CHECK(now.size() >= 57);
    // Static peers stay.
    CHECK(now[0]["id"] == before[0]["id"]);
    for (const Json& peer : now) changed = changed || !ids.contains(peer["id"]);
  }
  CHECK(changed);
  CHECK(simulator.Head() >= start + 5);
}

TEST_CASE("newHeads over WebSocket and IPC: heads, reorged heads, gaps") {
  Simulator simulator({.ipc_path = SocketPath()});
  TestClient ipc = TestClient::Unix(SocketPath());
  TestClient ws = TestClient::Tcp(simulator.WsPort());
  ws.Upgrade();
  ws.SendFrame(Call("eth_subscribe", R"(["newHeads"])"));
  const Json subscribed = Json::parse(ws.Frame());
  ipc.Send(Call("eth_subscribe", R"(["newHeads"])"));
  CHECK(Json::parse(ipc.Line())["result"].is_string());
  const auto head = [&] {
    const std::string text = ws.Frame();
    const Json from_ws = Json::parse(text);
    CHECK(from_ws["method"] == "eth_subscription");
    CHECK(from_ws["params"]["subscription"] == subscribed["result"]);
    const Json from_ipc = Json::parse(ipc.Line());
    CHECK(from_ipc["params"]["result"] == from_ws["params"]["result"]);
    return from_ws["params"]["result"];
  };
  std::vector<Json> heads;
  for (int i = 0; i < 3; ++i) {
    simulator.NewBlock();
    heads.push_back(head());
  }
  CHECK(heads[2]["parentHash"] == heads[1]["hash"]);
  CHECK(heads[2]["hash"] ==
        Result(simulator, "eth_getBlockByNumber", R"(["latest",false])")["hash"]);

  simulator.SetFault({.kind = Kind::kReorg, .value = "2"});
  const Json third = head();
  const Json fourth = head();
  CHECK(third["number"] == heads[1]["number"]);
  CHECK(third["hash"] != heads[1]["hash"]);
  CHECK(third["parentHash"] == heads[0]["hash"]);
  CHECK(fourth["number"] == heads[2]["number"]);
  CHECK(fourth["parentHash"] == third["hash"]);
  simulator.NewBlock();
  const Json after = head();
  CHECK(after["parentHash"] == fourth["hash"]);

  simulator.SetFault({.kind = Kind::kGap, .value = "2"});
  for (int i = 0; i < 3; ++i) simulator.NewBlock();
  const std::string next = head()["number"];
  CHECK(std::stoull(next, nullptr, 16) ==
        std::stoull(after["number"].get<std::string>(), nullptr, 16) + 3);

  ws.SendFrame(Call("eth_unsubscribe", "[" + subscribed["result"].dump() + "]"));
  CHECK(Json::parse(ws.Frame())["result"] == true);
  simulator.NewBlock();
  ws.SendFrame("echo", 9);
  CHECK(ws.Frame() == "echo");
  ws.SendFrame("\x03\xe8", 8);
  ws.ReadUntil([](const std::string&) { return false; });
  CHECK(ws.How() == Ended::kClosed);
}

}  // namespace stakewatch::sim
