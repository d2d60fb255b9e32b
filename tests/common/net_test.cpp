#include "common/net/net.h"

#include <poll.h>
#include <sys/socket.h>

#include <doctest/doctest.h>

#include "tests/common/raw_server.h"

namespace stakewatch::testing {
namespace {

TEST_CASE("url: a slash at the end of a URL does not stand twice in a path") {
  CHECK(ParseUrl("http://node:3500/")->Below("/eth/v1/node/syncing") == "/eth/v1/node/syncing");
  CHECK(ParseUrl("http://node:3500")->Below("/eth/v1/node/syncing") == "/eth/v1/node/syncing");
  CHECK(ParseUrl("http://node:3500/key/")->Below("/eth") == "/key/eth");
  CHECK(ParseUrl("http://node:3500/key")->Below("/eth") == "/key/eth");
  CHECK(ParseUrl("http://node:8545/")->Below("") == "/");
  CHECK(ParseUrl("http://node:8545")->Below("").empty());
}

TEST_CASE("net: addresses") {
  CHECK(ParseHostPort("a.b:80").value().host == "a.b");
  CHECK(ParseHostPort("[::1]:80").value().host == "::1");
  CHECK(ParseHostPort(":9100").value().host == "");
  CHECK(ParseHostPort(":9100").value().port == 9100);
  for (const char* text :
       {"", "a", "a:", "a:x", "a:65536", "a:-1", "a:80x", "::1", "::1:80", "a: 80"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseHostPort(text));
  }
}

TEST_CASE("net: URLs") {
  const Url plain = ParseUrl("http://a").value();
  CHECK(plain.port == 80);
  CHECK(plain.path == "");
  CHECK(plain.HostHeader() == "a");
  CHECK_FALSE(plain.Tls());
  const Url full = ParseUrl("wss://[::1]:8443/x/y?z=1").value();
  CHECK(full.host == "::1");
  CHECK(full.port == 8443);
  CHECK(full.path == "/x/y?z=1");
  CHECK(full.HostHeader() == "[::1]:8443");
  CHECK(full.Tls());
  CHECK(ParseUrl("https://[::1]").value().HostHeader() == "[::1]");
  CHECK(ParseUrl("https://a:443/").value().HostHeader() == "a");
  CHECK(ParseUrl("http://a?x").value().path == "/?x");
  CHECK(ParseUrl("http://a/x@y:z").value().host == "a");
  for (const char* text : {"", "a", "ftp://a", "HTTP://a", "http://", "http:///x", "http://a:0",
                           "http://a:", "http://a:x", "http://u@a", "http://u:p@a", "http://a/#x",
                           "http://a/ b", "http://a\r\nX: y", "http://::1", "http://a\x7f"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseUrl(text));
  }
}

TEST_CASE("net: an error about a URL shows no password") {
  CHECK(ParseUrl("http://user:hunter2@a").error().find("hunter2") == std::string::npos);
}

TEST_CASE("net: connects to names and addresses") {
  const RawServer server([](RawPeer& peer) { peer.AwaitGone(); });
  const std::uint16_t port = ParseHostPort(server.Address()).value().port;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto socket = ConnectTcp(host, port, Deadline(5s));
    REQUIRE(socket);
    CHECK(socket->Open());
  }
  const auto over = ConnectTcp("192.0.2.1", port, Deadline(0ms));
  CHECK_FALSE(over);
}

TEST_CASE("net: one address is had once") {
  const auto first = ListenOn("127.0.0.1", 0);
  REQUIRE(first);
  const std::uint16_t port = ParseHostPort(BoundAddress(first->Fd())).value().port;
  const auto second = ListenOn("127.0.0.1", port);
  REQUIRE_FALSE(second);
  CHECK(second.error() == EADDRINUSE);
  CHECK_FALSE(ListenOn("localhost", 0));
}

TEST_CASE("net: a wait ends by its deadline or its event") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const Socket one(pair[0]);
  Socket other(pair[1]);
  CHECK_FALSE(WaitFor(one.Fd(), POLLIN, Deadline(30ms)));
  CHECK(WaitFor(one.Fd(), POLLOUT, Deadline(5s)));
  other = Socket();
  CHECK(WaitFor(one.Fd(), POLLIN, Deadline(5s)));
}

TEST_CASE("net: a socket is closed once") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  Socket one(pair[0]);
  Socket two(std::move(one));
  CHECK(two.Fd() == pair[0]);
  two = Socket(pair[1]);
  char c = 0;
  CHECK(::recv(two.Fd(), &c, 1, 0) == 0);
  CHECK(two.Release() == pair[1]);
  CHECK_FALSE(two.Open());
  CHECK(::close(pair[1]) == 0);
}

}  // namespace
}  // namespace stakewatch::testing
