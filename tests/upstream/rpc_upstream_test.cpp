#include "common/upstream/rpc_upstream.h"

#include <doctest/doctest.h>

#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

TEST_CASE("rpc: the envelope") {
  CHECK(RpcQuestion({"a", "eth_chainId", ""}, 7) ==
        R"({"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]})");
  CHECK(RpcQuestion({"a", "eth_x", "[1,true]"}, 8) ==
        R"({"jsonrpc":"2.0","id":8,"method":"eth_x","params":[1,true]})");
}

TEST_CASE("rpc: whose answer it is") {
  CHECK(RpcIdIs(R"({"jsonrpc":"2.0","id":7,"result":1})", 7));
  CHECK(RpcIdIs(R"({"jsonrpc":"2.0","result":{"id":8},"id":7})", 7));
  CHECK(RpcIdIs(R"( { "id" : 7 } )", 7));
  CHECK(RpcIdIs(R"({"id":null,"error":{}})", 7));
  CHECK_FALSE(RpcIdIs(R"({"jsonrpc":"2.0","id":77,"result":1})", 7));
  CHECK_FALSE(RpcIdIs(R"({"jsonrpc":"2.0","id":"7","result":1})", 7));
  CHECK_FALSE(RpcIdIs(R"({"jsonrpc":"2.0","result":{"id":7}})", 7));
  CHECK_FALSE(RpcIdIs(R"([{"id":7}])", 7));
  CHECK_FALSE(RpcIdIs("", 7));
}

TEST_CASE("rpc: the URL says the transport") {
  const RawServer http([](RawPeer& peer) {
    for (std::string request; !(request = peer.ReadRequest()).empty();) {
      const bool right =
          request.starts_with("POST /key HTTP/1.1\r\n") &&
          request.find("\r\nContent-Type: application/json\r\n") != std::string::npos &&
          request.ends_with(R"("method":"eth_x","params":[2]})");
      peer.Send(right ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"
                      : "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
    }
  });
  CHECK(RpcUpstream(http.Url() + "/key", {})
            .value()
            ->Ask({"a", "eth_x", "[2]"}, Deadline(5s))
            .value() == "true");
  const TestFolder folder;
  const std::string path = folder.Path("node.ipc");
  const RawServer ipc(RawServer::ListenUnix(path), [](RawPeer& peer) {
    if (!peer.ReadLine().empty()) peer.Send(R"({"id":1})");
    peer.AwaitGone();
  });
  for (const std::string& url : {path, "unix:" + path}) {
    CHECK(RpcUpstream(url, {}).value()->Ask({"a", "eth_x", ""}, Deadline(5s)) == R"({"id":1})");
  }
  for (const std::string url :
       {"", "unix:", "unix:http://x", "ftp://x", "localhost:8545", "http://"}) {
    CAPTURE(url);
    const auto wrong = RpcUpstream(url, {});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().find("is right") != std::string::npos);
  }
}

TEST_CASE("rpc: recorded answers are files") {
  const TestFolder folder;
  folder.Write("a.json", R"({"result":1})");
  const auto upstream = RecordedUpstream(folder.Path(""));
  CHECK(upstream->Ask({"a", "", ""}, Deadline(5s)) == R"({"result":1})");
  const auto missing = upstream->Ask({"b", "", ""}, Deadline(5s));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().reason == Reason::kUnreachable);
}

}  // namespace
}  // namespace stakewatch::testing
