// Each fault does what it says, and is over when it is cleared.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr milliseconds kShort{300};

HttpReply Version(const Simulator& simulator, milliseconds bound = std::chrono::seconds(10)) {
  return Post(simulator.HttpPort(), Call("web3_clientVersion"), "/", "application/json", bound);
}

Json Result(const Simulator& simulator, std::string_view method, std::string_view params = "[]") {
  const HttpReply reply = Post(simulator.HttpPort(), Call(method, params));
  return Json::parse(reply.body, nullptr, false)["result"];
}

std::string SocketPath() {
  return "/tmp/stakewatch_sim_faults." + std::to_string(getpid()) + ".ipc";
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("stop refuses, resets and removes the socket; clearing brings all back") {
  Simulator simulator({.ipc_path = SocketPath()});
  struct stat info{};
  REQUIRE(stat(SocketPath().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
  TestClient kept = TestClient::Tcp(simulator.HttpPort());
  TestClient ws = TestClient::Tcp(simulator.WsPort());
  ws.Upgrade();
  // The server has accepted both.
  REQUIRE(simulator.OpenConnections() == 2);
  const std::uint16_t port = simulator.HttpPort();
  simulator.SetFault({.kind = Kind::kStop});
  CHECK_FALSE(TestClient::Tcp(port).Connected());
  CHECK_FALSE(TestClient::Tcp(simulator.WsPort()).Connected());
  CHECK_FALSE(TestClient::Unix(SocketPath()).Connected());
  CHECK(access(SocketPath().c_str(), F_OK) != 0);
  for (TestClient* const client : {&kept, &ws}) {
    client->ReadUntil([](const std::string&) { return false; });
    CHECK(client->How() == Ended::kReset);
  }
  CHECK(Get(simulator.ControlPort(), "/state").complete);
  simulator.NewBlock();
  simulator.Clear();
  CHECK(simulator.HttpPort() == port);
  CHECK(Version(simulator).complete);
  CHECK(TestClient::Unix(SocketPath()).Connected());
  const std::uint64_t before = simulator.Head();
  simulator.NewBlock();
  // The missed one too.
  CHECK(simulator.Head() == before + 2);
}

TEST_CASE("a fault ends by itself") {
  Simulator simulator({});
  simulator.SetFault({.kind = Kind::kNoPeers, .lasting = milliseconds(150)});
  CHECK(Result(simulator, "net_peerCount") == "0x0");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Result(simulator, "net_peerCount") == "0x0" && std::chrono::steady_clock::now() < end) {
  }
  CHECK(Result(simulator, "net_peerCount") == "0x32");
}

TEST_CASE("hang is silent, and answers when it is over") {
  Simulator simulator({.ipc_path = SocketPath()});
  simulator.SetFault({.kind = Kind::kHang});
  TestClient client = TestClient::Tcp(simulator.HttpPort());
  TestClient ipc = TestClient::Unix(SocketPath());
  const std::string body = Call("eth_chainId");
  const std::string request =
      "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  CHECK_FALSE(Ask(client, request, kShort).complete);
  CHECK(client.How() == Ended::kNo);
  ipc.Send(body);
  simulator.Clear();
  CHECK(Has(Ask(client, "").body, "\"0x1\""));
  CHECK(Has(ipc.Line(), "\"0x1\""));
  {
    simulator.SetFault({.kind = Kind::kHang, .method = "eth_gasPrice"});
    CHECK(Version(simulator).complete);
    CHECK_FALSE(
        Post(simulator.HttpPort(), Call("eth_gasPrice"), "/", "application/json", kShort).complete);
  }
  // Those who have given up are let go.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (simulator.OpenConnections() > 2 && std::chrono::steady_clock::now() < end) {
  }
  CHECK(simulator.OpenConnections() == 2);
}

TEST_CASE("one node of many") {
  Simulator simulator({.peers = 3, .nodes = 3});
  const auto ask = [&](const char* path, std::string_view method) {
    return Post(simulator.HttpPort(), Call(method), path, "application/json", kShort);
  };
  CHECK(ask("/", "admin_nodeInfo").body == ask("/node/0", "admin_nodeInfo").body);
  CHECK(ask("/", "admin_nodeInfo").body != ask("/node/1", "admin_nodeInfo").body);
  CHECK(ask("/node/1", "admin_peers").body != ask("/node/2", "admin_peers").body);
  CHECK(Has(ask("/node/3", "eth_chainId").head, " 404 "));
  CHECK(Has(ask("/node/1x", "eth_chainId").head, " 404 "));
  simulator.SetFault({.kind = Kind::kStop, .node = 1});
  simulator.SetFault({.kind = Kind::kHang, .node = 2});
  CHECK(ask("/", "eth_chainId").complete);
  CHECK(ask("/node/1", "eth_chainId").ended == Ended::kReset);
  const HttpReply hung = ask("/node/2", "eth_chainId");
  CHECK_FALSE(hung.complete);
  CHECK(hung.ended == Ended::kNo);
}

TEST_CASE("the node's state") {
  Simulator simulator({.peers = 40});
  const auto with = [&](Kind kind, const std::string& value, auto check) {
    CAPTURE(Info(kind).name);
    simulator.SetFault({.kind = kind, .value = value});
    check();
    simulator.Clear();
  };
  const std::uint64_t head = simulator.Head();
  with(Kind::kStuck, "", [&] {
    simulator.NewBlock();
    CHECK(simulator.Head() == head);
  });
  with(Kind::kSyncing, "5000", [&] {
    const auto block = [&](const char* name) {
      return std::stoull(Result(simulator, "eth_syncing")[name].get<std::string>(), nullptr, 16);
    };
    const std::uint64_t first = block("currentBlock");
    CHECK(block("highestBlock") == head);
    CHECK(block("startingBlock") == head - 5000);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (block("currentBlock") == first && std::chrono::steady_clock::now() < end) {
    }
    CHECK(block("currentBlock") > first);
    CHECK(block("syncedAccounts") > 0);
    CHECK(block("currentBlock") < head - 4000);
    simulator.SetFault({.kind = Kind::kStuck});
    CHECK(block("currentBlock") == head - 5000);
  });
  with(Kind::kNoPeers, "", [&] {
    CHECK(Result(simulator, "admin_peers") == Json::array());
    CHECK(Result(simulator, "net_peerCount") == "0x0");
  });
  with(Kind::kPeers, "5000", [&] { CHECK(Result(simulator, "admin_peers").size() == 5000); });
  CHECK(Result(simulator, "admin_peers").size() == 40);
  with(Kind::kNoInbound, "", [&] {
    for (const Json& peer : Result(simulator, "admin_peers")) {
      CHECK(peer["network"]["inbound"] == false);
    }
  });
  with(Kind::kOneSubnet, "", [&] {
    for (const Json& peer : Result(simulator, "admin_peers")) {
      CHECK(peer["network"]["remoteAddress"].get<std::string>().starts_with("10.77."));
    }
  });
  with(Kind::kWrongNetwork, "", [&] {
    CHECK(Result(simulator, "eth_chainId") == "0xaa36a7");
    CHECK(Result(simulator, "net_version") == "11155111");
    CHECK(Result(simulator, "eth_getBlockByNumber", R"(["earliest",false])")["hash"] ==
          Result(simulator, "admin_nodeInfo")["protocols"]["eth"]["genesis"]);
  });
  with(Kind::kNotListening, "", [&] { CHECK(Result(simulator, "net_listening") == false); });
  with(Kind::kModuleOff, "admin", [&] {
    simulator.SetFault({.kind = Kind::kModuleOff, .value = "txpool"});
    for (const char* const method : {"admin_peers", "txpool_status"}) {
      CHECK(Has(Post(simulator.HttpPort(), Call(method)).body,
                "the method " + std::string(method) + " does not exist/is not available"));
    }
    CHECK_FALSE(Result(simulator, "rpc_modules").contains("admin"));
    CHECK(Result(simulator, "net_listening") == true);
  });
  with(Kind::kNoFinalized, "", [&] {
    CHECK(Has(Post(simulator.HttpPort(), Call("eth_getBlockByNumber", R"(["safe",false])")).body,
              R"({"code":-32000,"message":"safe block not found"})"));
  });
  with(Kind::kNullFinalized, "", [&] {
    CHECK(Result(simulator, "eth_getBlockByNumber", R"(["finalized",false])").is_null());
    CHECK(Result(simulator, "eth_getBlockByNumber", R"(["latest",false])").is_object());
  });
}

TEST_CASE("the shapes of other clients") {
  Simulator simulator({.peers = 20});
  const auto names = [](const Json& object) {
    std::string all;
    for (const auto& [name, value] : object.items()) all += name + ' ';
    return all;
  };
  const auto first_as = [&](const char* client) {
    simulator.SetFault({.kind = Kind::kClient, .value = client});
    return Result(simulator, "admin_peers")[0];
  };
  Json peer = first_as("besu");
  CHECK(names(peer) == "version name caps network port id protocols enode ");
  CHECK(names(peer["network"]) == "localAddress remoteAddress inbound ");
  CHECK(names(peer["protocols"]["eth"]) == "difficulty head latestBlock version ");
  CHECK(peer["id"].get<std::string>().size() == 130);
  CHECK(Result(simulator, "web3_clientVersion").get<std::string>().starts_with("besu/"));
  peer = first_as("nethermind-1.30");
  CHECK(peer["port"].get<std::string>().starts_with("0x"));
  CHECK_FALSE(peer.contains("network"));
  peer = first_as("nethermind");
  CHECK(names(peer["protocols"]["eth"]) == "version ");
  CHECK(first_as("erigon")["protocols"].is_null());
  CHECK(names(first_as("reth")["protocols"]) == "eth ");
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kOldGeth});
  CHECK(names(Result(simulator, "admin_peers")[0]["protocols"]["eth"]) ==
        "version difficulty head ");
  simulator.SetFault({.kind = Kind::kHandshakePeers});
  CHECK(Result(simulator, "admin_peers")[0]["protocols"]["eth"] == "handshake");
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kEvilNames});
  const std::string body = Post(simulator.HttpPort(), Call("admin_peers")).body;
  CHECK(body.size() > 1'000'000);
  for (const char* const part : {"\xff\xfe", "\\u0000", "\\\"} 1\\nevil 1", "\xe2\x80\xae"}) {
    CHECK(Has(body, part));
  }
}

TEST_CASE("answers that are wrong in content") {
  Simulator simulator({});
  const auto body = [&](Kind kind, const std::string& value = "",
                        const char* method = "eth_chainId", const char* only = "") {
    simulator.Clear();
    simulator.SetFault({.kind = kind, .method = only, .value = value});
    return Post(simulator.HttpPort(), Call(method)).body;
  };
  CHECK(body(Kind::kRpcError) ==
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,"
        "\"message\":\"simulated failure\"}}\n");
  CHECK(Has(body(Kind::kRpcError, "-5"), "\"code\":-5,"));
  CHECK(Has(body(Kind::kWrongTypes), "\"result\":12345}"));
  CHECK(Has(body(Kind::kWrongTypes, "array"), "\"result\":[1,2,3]}"));
  CHECK(Has(body(Kind::kHugeNumbers), "\"result\":\"0x1fff"));
  CHECK(Has(body(Kind::kHugeNumbers, "", "net_version"), "\"result\":\"1111111"));
  CHECK(Has(body(Kind::kHugeNumbers, "", "admin_peers"), "e1400"));
  CHECK(Has(body(Kind::kDeepNesting, "5"), "\"result\":[[[[[\"0x1\"]]]]]}"));
  CHECK(body(Kind::kDeepNesting).size() > 200'000);
  CHECK(Has(body(Kind::kDuplicateKeys, "", "txpool_status"),
            "\"result\":null,\"result\":{\"pending\":null,\"pending\":\"0x"));
  CHECK(Has(body(Kind::kInvalidUtf8), "0x1\xff"));
  CHECK(body(Kind::kWrongId).starts_with("{\"jsonrpc\":\"2.0\",\"id\":999999,"));
  CHECK(body(Kind::kNotJson) == "this is not JSON\n");
  CHECK(body(Kind::kEmpty).empty());
  CHECK(body(Kind::kTruncated) == "{\"jsonrpc\":\"2.0\",\"id");
  CHECK(body(Kind::kHtml).starts_with("<!DOCTYPE html>"));
  CHECK(Has(body(Kind::kRpcError, "", "eth_chainId", "net_version"), "\"0x1\""));
}

}  // namespace stakewatch::sim
