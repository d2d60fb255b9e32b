// The healthy simulator against recordings of Geth v1.17.3: members, forms, bytes, headers.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"
#include "tests/sim/test_shapes.h"

namespace stakewatch::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string Recording(const std::string& name) {
  std::ifstream file(std::string(SIM_RECORDINGS) + "/" + name);
  REQUIRE_MESSAGE(file, name);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool IsHex(const std::string& text) {
  return text.starts_with("0x") &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
}

// What two strings of the same meaning have in common.
std::string Form(const std::string& text) {
  if (text.starts_with("enode://")) return "enode of " + std::to_string(text.find('@'));
  if (text.starts_with("enr:")) return "enr";
  if (IsHex(text) && text.size() > 18) return "bytes";
  if (IsHex(text) && text.size() == 18 && text[2] == '0') return "nonce";
  if (IsHex(text))
    return text.size() > 2 && (text[2] != '0' || text.size() == 3) ? "quantity" : "0x";
  if (text.size() == 64 && IsHex("0x" + text)) return "id";
  return "text";
}

// Its length, too, where it has one.
std::string FormAt(const std::string& where, const std::string& text) {
  const std::string form = Form(text);
  const bool sized = form == "bytes" && where != "result.extraData";
  return sized ? form + " of " + std::to_string(text.size()) : form;
}

// "" or what differs, and where.
std::string Differs(const Json& recorded, const Json& ours, const std::string& where) {
  return Difference(recorded, ours, where, FormAt);
}

// The names of the headers, in their order.
std::vector<std::string> HeaderNames(const std::string& head) {
  std::vector<std::string> names;
  std::size_t start = head.find("\r\n");
  while (start != std::string::npos && start + 2 < head.size()) {
    const std::size_t colon = head.find(':', start);
    if (colon == std::string::npos) break;
    names.push_back(head.substr(start + 2, colon - start - 2));
    start = head.find("\r\n", colon);
  }
  return names;
}

void SameHead(const std::string& recording, const std::string& head) {
  const std::string recorded = Recording(recording + ".headers");
  CHECK(recorded.substr(0, recorded.find("\r\n")) == head.substr(0, head.find("\r\n")));
  CHECK(HeaderNames(recorded) == HeaderNames(head));
}

struct Method {
  const char* name;
  const char* params;
  const char* recording;
};
constexpr Method kMethods[] = {
    {"admin_nodeInfo", "[]", "admin_nodeInfo"},
    {"admin_peers", "[]", "admin_peers"},
    {"eth_getBlockByNumber", R"(["latest",false])", "block_latest"},
    {"eth_getBlockByNumber", R"(["safe",false])", "block_safe"},
    {"eth_getBlockByNumber", R"(["finalized",false])", "block_finalized"},
    {"eth_blockNumber", "[]", "eth_blockNumber"},
    {"eth_chainId", "[]", "eth_chainId"},
    {"eth_gasPrice", "[]", "eth_gasPrice"},
    {"eth_syncing", "[]", "eth_syncing"},
    {"net_listening", "[]", "net_listening"},
    {"net_peerCount", "[]", "net_peerCount"},
    {"net_version", "[]", "net_version"},
    {"txpool_status", "[]", "txpool_status"},
    {"web3_clientVersion", "[]", "web3_clientVersion"},
    {"rpc_modules", "[]", "rpc_modules"},
};

Json Result(const Simulator& simulator, std::string_view method, std::string_view params = "[]") {
  const HttpReply reply = Post(simulator.HttpPort(), Call(method, params));
  return Json::parse(reply.body, nullptr, false)["result"];
}

std::string SocketPath() {
  return "/tmp/stakewatch_sim_test." + std::to_string(getpid()) + ".ipc";
}

}  // namespace

TEST_CASE("each answer has the members, order and forms of the recording") {
  Simulator simulator({.network = "dev"});
  REQUIRE(simulator.Error() == "");
  for (const Method& method : kMethods) {
    CAPTURE(method.name);
    CAPTURE(method.params);
    const HttpReply reply = Post(simulator.HttpPort(), Call(method.name, method.params));
    const std::string recorded = Recording(std::string(method.recording) + ".json");
    CHECK(reply.body.back() == '\n');
    CHECK(std::count(reply.body.begin(), reply.body.end(), '\n') == 1);
    CHECK(Differs(Json::parse(recorded), Json::parse(reply.body), "") == "");
    const bool big = reply.body.size() > 2048;
    if (!big && reply.head.find("chunked") == std::string::npos && method.recording[0] != 'r') {
      SameHead(method.recording, reply.head);
    }
    // As Go does it: recorded for /debug/metrics.
    CHECK((reply.head.find("Transfer-Encoding: chunked") != std::string::npos) == big);
  }
}

TEST_CASE("the same answers over IPC and WebSocket") {
  Simulator simulator({.ipc_path = SocketPath(), .network = "dev"});
  REQUIRE(simulator.Error() == "");
  TestClient ipc = TestClient::Unix(SocketPath());
  TestClient ws = TestClient::Tcp(simulator.WsPort());
  REQUIRE(ipc.Connected());
  const std::string head = ws.Upgrade();
  CHECK(head.starts_with("HTTP/1.1 101 "));
  CHECK(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  for (const Method& method : kMethods) {
    CAPTURE(method.name);
    const std::string call = Call(method.name, method.params);
    const std::string expected = Post(simulator.HttpPort(), call).body;
    ipc.Send(call);
    CHECK(ipc.Line() == expected);
    ws.SendFrame(call);
    CHECK(ws.Frame() == expected);
  }
  // Two values at once, one of them in two parts.
  ipc.Send(Call("net_version") + R"({"jsonrpc":"2.0","id":"}\"{","method":)");
  ipc.Send(R"("net_listening"})");
  CHECK(ipc.Line() == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"1337\"}\n");
  CHECK(ipc.Line() == "{\"jsonrpc\":\"2.0\",\"id\":\"}\\\"{\",\"result\":true}\n");
}

TEST_CASE("errors are Geth's, byte for byte") {
  Simulator simulator({.network = "dev"});
  const std::uint16_t port = simulator.HttpPort();
  HttpReply reply = Post(port, Call("eth_nope"));
  CHECK(reply.body == Recording("eth_nope.json"));
  reply = Post(port, "{not json");
  CHECK(reply.body == Recording("notjson.json"));
  SameHead("notjson", reply.head);
  reply = Post(port, Call("eth_chainId"), "/", "text/plain");
  CHECK(reply.body == Recording("noctype.json"));
  SameHead("noctype", reply.head);
  reply = Get(port, "/");
  CHECK(reply.body == Recording("get.json"));
  SameHead("get", reply.head);
  simulator.SetFault({.kind = Kind::kNeverSynced});
  const auto block = [&](const char* params) {
    return Post(port, Call("eth_getBlockByNumber", params)).body;
  };
  CHECK(block(R"(["finalized",false])") == Recording("never_synced_block_finalized.json"));
  CHECK(block(R"(["safe",false])") == Recording("never_synced_block_safe.json"));
  CHECK(Post(port, Call("eth_syncing")).body == Recording("never_synced_eth_syncing.json"));
}

TEST_CASE("batches, notifications and calls that are none") {
  Simulator simulator({.peers = 2, .network = "dev"});
  const std::uint16_t port = simulator.HttpPort();
  const std::string batch = Post(port, R"([{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"},)"
                                       R"({"jsonrpc":"2.0","method":"eth_chainId"},)"
                                       R"({"jsonrpc":"2.0","id":2,"method":"net_peerCount"}])")
                                .body;
  CHECK(Differs(Json::parse(Recording("batch.json")), Json::parse(batch), "") == "");
  CHECK(Json::parse(batch)[1]["id"] == 2);
  CHECK(Post(port, "[]").body.find("-32600") != std::string::npos);
  CHECK(Post(port, "7").body.find("-32600") != std::string::npos);
  CHECK(Post(port, R"({"method":"eth_chainId"})").body.empty());
  CHECK(Post(port, Call("eth_subscribe", R"(["newHeads"])")).body.find("-32001") !=
        std::string::npos);
  CHECK(Post(port, Call("eth_getBlockByNumber")).body.find("-32602") != std::string::npos);
  CHECK(Result(simulator, "eth_getBlockByNumber", R"(["0xffffffff",false])").is_null());
  CHECK(simulator.Calls("net_peerCount") == 1);
}

}  // namespace stakewatch::sim
