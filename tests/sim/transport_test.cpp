// Answers that are right and travel badly, over each face.
#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{300};
constexpr std::size_t kMuch = 3U << 20;

HttpReply Version(const Simulator& simulator, milliseconds bound = std::chrono::seconds(10)) {
  return Post(simulator.HttpPort(), Call("web3_clientVersion"), "/", "application/json", bound);
}

std::string SocketPath() {
  return "/tmp/stakewatch_sim_transport." + std::to_string(getpid()) + ".ipc";
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("answers that travel badly") {
  Simulator simulator({});
  const auto reply = [&](Kind kind, const std::string& value = "") {
    CAPTURE(Info(kind).name);
    simulator.Clear();
    simulator.SetFault({.kind = kind, .value = value});
    return Version(simulator, kShort);
  };
  CHECK(reply(Kind::kHttp500).head.starts_with("HTTP/1.1 500 "));
  CHECK(reply(Kind::kHttp401).head.starts_with("HTTP/1.1 401 "));
  CHECK(Has(reply(Kind::kRedirect).head, "\r\nLocation: /elsewhere\r\n"));
  HttpReply bad = reply(Kind::kDrip, "100ms");
  CHECK_FALSE(bad.complete);
  CHECK(bad.body.size() >= 1);
  CHECK(bad.body.size() <= 4);
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kDrip, .value = "1ms"});
  CHECK(Version(simulator).body.ends_with("}\n"));
  bad = reply(Kind::kLyingLength);
  CHECK_FALSE(bad.complete);
  CHECK(bad.body.ends_with("}\n"));
  CHECK(Has(reply(Kind::kLyingLength, "huge").head, "18446744073709551615"));
  bad = reply(Kind::kReset);
  CHECK(bad.ended == Ended::kReset);
  CHECK_FALSE(bad.body.empty());
  bad = reply(Kind::kClose);
  CHECK(bad.head.empty());
  CHECK(bad.ended != Ended::kNo);
  const auto start = std::chrono::steady_clock::now();
  CHECK(reply(Kind::kSlow, "100ms").complete);
  CHECK(std::chrono::steady_clock::now() - start >= milliseconds(100));
  for (const Kind kind : {Kind::kHttp500, Kind::kSlow}) {
    simulator.Clear();
    simulator.SetFault({.kind = kind, .method = "net_version", .value = ""});
    CHECK(Version(simulator).head.starts_with("HTTP/1.1 200 "));
  }
}

TEST_CASE("answers without end stop when the client goes") {
  Simulator simulator({});
  const auto read = [&](Kind kind, const std::string& value, std::size_t bytes) {
    simulator.Clear();
    simulator.SetFault({.kind = kind, .value = value});
    TestClient client = TestClient::Tcp(simulator.HttpPort());
    const std::string body = Call("eth_chainId");
    client.Send("POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.ReadUntil([&](const std::string& all) { return all.size() >= bytes; });
  };
  const std::string body = read(Kind::kEndlessBody, "", kMuch);
  CHECK(body.size() >= kMuch);
  CHECK(Has(body, "\r\n\r\n{\"jsonrpc\""));
  CHECK(Has(read(Kind::kEndlessBody, "chunked", kMuch), "\r\n400\r\naaaa"));
  const std::string headers = read(Kind::kEndlessHeaders, "", kMuch);
  CHECK(headers.size() >= kMuch);
  CHECK_FALSE(Has(headers, "\r\n\r\n"));
  const std::string line = read(Kind::kEndlessHeaderLine, "", kMuch);
  CHECK_FALSE(Has(line.substr(line.find("X-Endless")), "\r\n"));
  const std::string chunk = read(Kind::kEndlessChunkSize, "", kMuch);
  CHECK(chunk.ends_with("00000000"));
  const std::string drip = read(Kind::kDripHeader, "1ms", 200);
  CHECK(drip.size() >= 200);
  CHECK(drip.size() < 1000);
  CHECK_FALSE(Has(drip.substr(drip.find("X-Drip: ")), "\r\n"));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (simulator.OpenConnections() > 0 && std::chrono::steady_clock::now() < end) {
  }
  CHECK(simulator.OpenConnections() == 0);
}

TEST_CASE("faults over IPC and WebSocket") {
  Simulator simulator({.ipc_path = SocketPath()});
  TestClient ipc = TestClient::Unix(SocketPath());
  simulator.SetFault({.kind = Kind::kNotJson});
  ipc.Send(Call("eth_chainId"));
  CHECK(ipc.Line() == "this is not JSON\n");
  TestClient ws = TestClient::Tcp(simulator.WsPort());
  CHECK(ws.Upgrade().starts_with("HTTP/1.1 101 "));
  ws.SendFrame(Call("eth_chainId"));
  CHECK(ws.Frame() == "this is not JSON\n");
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kHttp500});
  TestClient refused = TestClient::Tcp(simulator.WsPort());
  CHECK(refused.Upgrade().starts_with("HTTP/1.1 500 "));
  ipc.Send(Call("eth_chainId"));
  ipc.ReadUntil([](const std::string&) { return false; });
  CHECK(ipc.How() != Ended::kNo);
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kEndlessBody});
  TestClient endless = TestClient::Unix(SocketPath());
  endless.Send(Call("eth_chainId"));
  CHECK(endless.ReadUntil([](const std::string& all) { return all.size() > 1'000'000; }).size() >
        1'000'000);
}

}  // namespace stakewatch::sim
