// JSON-RPC calls that share one WebSocket.
#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/websocket/websocket.h"
#include "tests/common/fake_websocket.h"

namespace stakewatch {
namespace {

using std::chrono::milliseconds;
using testing::FakeWebSocketServer;
using testing::Peer;

using Clock = std::chrono::steady_clock;

std::string IdIn(const std::string& call) {
  const auto at = call.find("\"id\":");
  if (at == std::string::npos) return "";
  return call.substr(at + 5, call.find_first_not_of("0123456789", at + 5) - at - 5);
}

std::string Answer(const std::string& id, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + result + "}";
}

std::shared_ptr<Upstream> Rpc(const std::string& url) {
  auto upstream = WebSocketRpcUpstream(url, {});
  REQUIRE_MESSAGE(upstream.has_value(), (upstream ? "" : upstream.error()));
  return *upstream;
}

Result<std::string> Ask(const Upstream& upstream, const std::string& method,
                        milliseconds patience = testing::kPatience) {
  return upstream.Ask({.name = "call", .path = method, .body = "[]"}, Deadline(patience));
}

TEST_CASE("a call gives the whole envelope") {
  std::string call;
  {
    FakeWebSocketServer server([&](const Peer& peer, int) {
      peer.Accept();
      call = peer.ReadText();
      peer.Text(Answer(IdIn(call), R"("0x1")"));
      peer.Stay();
    });
    const auto rpc = Rpc(server.Url());
    const auto answer = rpc->Ask({.name = "n", .path = "eth_call", .body = R"(["a",1])"},
                                 Deadline(testing::kPatience));
    REQUIRE(answer.has_value());
    CHECK(answer->ends_with(R"(,"result":"0x1"})"));
    CHECK(!rpc->CertificateNotAfter().has_value());
  }
  CHECK(call.contains(R"("jsonrpc":"2.0")"));
  CHECK(call.contains(R"("method":"eth_call","params":["a",1])"));
}

TEST_CASE("calls from many threads get their own answers, in whatever order") {
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    std::vector<std::string> calls;
    while (true) {
      const std::string call = peer.ReadText();
      if (call.empty()) return;
      calls.push_back(call);
      if (calls.size() < 8) continue;
      while (!calls.empty()) {  // The last one first.
        const std::string& last = calls.back();
        const auto at = last.find("\"method\":") + 9;
        peer.Text(Answer(IdIn(last), last.substr(at, last.find(',', at) - at)));
        calls.pop_back();
      }
    }
  });
  const auto rpc = Rpc(server.Url());
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        const std::string method = "m" + std::to_string(i) + "_" + std::to_string(k);
        const auto answer = Ask(*rpc, method);
        if (answer && answer->ends_with("\"result\":\"" + method + "\"}")) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 160);
}

TEST_CASE("what is no answer of ours is ignored") {
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    const std::string id = IdIn(peer.ReadText());
    for (const std::string& junk :
         {std::string("<html>"), std::string(""), std::string("{\"id\":"), std::string("[1,2]"),
          Answer("999999", "1"), Answer("-1", "1"), Answer("\"" + id + "\"", "1"),
          Answer("null", "1"), Answer("1e400", "1"), Answer("18446744073709551616", "1"),
          std::string(200000, '['), std::string(R"({"method":"eth_subscription","params":{}})")}) {
      peer.Text(junk);
    }
    peer.Text(R"({"result":{"id":[7]},"id":)" + id + "}");
    peer.Stay();
  });
  const auto rpc = Rpc(server.Url());
  const auto answer = Ask(*rpc, "x");
  REQUIRE(answer.has_value());
  CHECK(answer->starts_with(R"({"result":{"id":[7]})"));
}

TEST_CASE("a call that is not answered ends at its deadline, and a late answer harms nobody") {
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    const std::string first = IdIn(peer.ReadText());
    const std::string second = IdIn(peer.ReadText());
    peer.Text(Answer(first, "1"));
    peer.Text(Answer(second, "2"));
    peer.Stay();
  });
  const auto rpc = Rpc(server.Url());
  const auto start = Clock::now();
  // Long enough to connect, also on a machine that is busy.
  const auto first = Ask(*rpc, "first", milliseconds(500));
  REQUIRE(!first.has_value());
  CHECK(first.error().reason == Reason::kTimeout);
  CHECK(Clock::now() - start < milliseconds(2000));
  const auto second = Ask(*rpc, "second");
  REQUIRE(second.has_value());
  CHECK(second->ends_with("\"result\":2}"));
}

TEST_CASE("a lost connection fails the calls that wait, and later ones wait for the next") {
  FakeWebSocketServer server([](Peer& peer, int number) {
    peer.Accept();
    const std::string id = IdIn(peer.ReadText());
    if (number == 0) return peer.Reset();
    peer.Text(Answer(id, "true"));
    peer.Stay();
  });
  const auto rpc = Rpc(server.Url());
  const auto first = Ask(*rpc, "first");
  REQUIRE(!first.has_value());
  CHECK(first.error().reason == Reason::kUnreachable);
  CHECK(Ask(*rpc, "second").has_value());
}

TEST_CASE("a call while the connection is down says why it is down") {
  std::uint16_t port = 0;
  {
    const FakeWebSocketServer gone([](const Peer&, int) {});
    port = gone.Port();
  }
  const auto down = Rpc("ws://127.0.0.1:" + std::to_string(port));
  auto answer = Ask(*down, "x", milliseconds(300));
  REQUIRE(!answer.has_value());
  CHECK(answer.error().reason == Reason::kUnreachable);

  FakeWebSocketServer refusing([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    peer.Gone();
  });
  answer = Ask(*Rpc(refusing.Url()), "x", milliseconds(300));
  REQUIRE(!answer.has_value());
  CHECK(answer.error().reason == Reason::kHttpStatus);
  CHECK(answer.error().code == 403);

  FakeWebSocketServer silent([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Gone();
  });
  answer = Ask(*Rpc(silent.Url()), "x", milliseconds(100));
  REQUIRE(!answer.has_value());
  CHECK(answer.error().reason == Reason::kTimeout);
}

TEST_CASE("no call waits for a backoff") {
  std::atomic<bool> up = false;
  FakeWebSocketServer server([&](Peer& peer, int) {
    if (!up) {
      peer.ReadRequest();
      return peer.Shutdown();
    }
    peer.Accept();
    peer.Text(Answer(IdIn(peer.ReadText()), "true"));
    peer.Stay();
  });
  const auto rpc = Rpc(server.Url());
  // So many tries would be 10 s apart, one after the other.
  const auto start = Clock::now();
  for (int i = 0; i < 10; ++i) {
    const auto answer = Ask(*rpc, "down");
    REQUIRE(!answer.has_value());
    CHECK(answer.error().reason == Reason::kUnreachable);
  }
  up = true;
  CHECK(Ask(*rpc, "up").has_value());
  CHECK(Clock::now() - start < milliseconds(6000));
}

TEST_CASE("a big answer comes whole") {
  const std::string big(3000000, 'x');
  FakeWebSocketServer server([&](const Peer& peer, int) {
    peer.Accept();
    peer.Text(Answer(IdIn(peer.ReadText()), "\"" + big + "\""));
    peer.Stay();
  });
  const auto answer = Ask(*Rpc(server.Url()), "x");
  REQUIRE(answer.has_value());
  CHECK(answer->size() > big.size());
  CHECK(answer->ends_with("x\"}"));
}

}  // namespace
}  // namespace stakewatch
