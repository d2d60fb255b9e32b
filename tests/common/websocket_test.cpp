// The WebSocket client against servers that behave, and servers that do not.
#include "common/websocket/websocket.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "tests/common/fake_websocket.h"

namespace stakewatch {
namespace {

using std::chrono::milliseconds;
using testing::FakeWebSocketServer;
using testing::Heard;
using testing::Peer;

using Clock = std::chrono::steady_clock;

constexpr WebSocketTimes kQuick{.handshake = milliseconds(400),
                                .ping = milliseconds(100),
                                .silence = milliseconds(400),
                                .retry_first = milliseconds(10),
                                .retry_longest = milliseconds(40)};

std::unique_ptr<WebSocket> Open(const std::string& url, Heard& heard,
                                const UpstreamOptions& options = {},
                                const WebSocketTimes& times = kQuick) {
  auto socket = WebSocket::Open(url, options, heard.Handlers(), times);
  REQUIRE_MESSAGE(socket.has_value(), (socket ? "" : socket.error()));
  return std::move(*socket);
}

// The first failure that a client meets at a server that runs `script`.
Error FirstError(const FakeWebSocketServer::Script& script, const UpstreamOptions& options = {}) {
  FakeWebSocketServer server(script);
  Heard heard;
  const auto socket = Open(server.Url(), heard, options);
  const auto error = heard.WaitError();
  REQUIRE(error.has_value());
  return *error;
}

TEST_CASE("a WebSocket sends, hears and is asked for nothing it should not say") {
  std::string request;
  std::string sent;
  Heard heard;
  {
    FakeWebSocketServer server([&](const Peer& peer, int) {
      request = peer.Accept();
      sent = peer.ReadText();
      peer.Text("first");
      peer.Text(std::string(70000, 'x'));
      peer.Stay();
    });
    const auto socket =
        WebSocket::Open(server.Url() + "/path?key=1", {},
                        {.connected = [](WebSocket& to) { CHECK(to.Send("hello")); },
                         .message = heard.Handlers().message,
                         .disconnected = heard.Handlers().disconnected},
                        kQuick);
    REQUIRE(socket.has_value());
    CHECK(heard.WaitMessage(0) == "first");
    CHECK(heard.WaitMessage(1) == std::string(70000, 'x'));
  }
  CHECK(sent == "hello");
  CHECK(request.starts_with("GET /path?key=1 HTTP/1.1\r\n"));
  CHECK(request.contains("Host: 127.0.0.1:"));
  CHECK(!request.contains("Origin"));
  CHECK(!request.contains("Authorization"));
  CHECK(!request.contains("Sec-WebSocket-Protocol"));
  CHECK(!request.contains("Sec-WebSocket-Extensions"));
}

TEST_CASE("a message in fragments is one message") {
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    peer.Write(Peer::FrameBytes(1, "one ", false));
    peer.Write(Peer::FrameBytes(9, "ping between"));
    peer.Write(Peer::FrameBytes(0, "two \xC3", false));  // A character may be cut, too.
    peer.Write(Peer::FrameBytes(0, "\xA9"));
    peer.Text("");
    peer.Text("next");
    peer.Stay();
  });
  Heard heard;
  const auto socket = Open(server.Url(), heard);
  CHECK(heard.WaitMessage(0) == "one two \xC3\xA9");
  CHECK(heard.WaitMessage(1) == "");
  CHECK(heard.WaitMessage(2) == "next");
}

TEST_CASE("a lost connection is made again, and what was lost is told") {
  FakeWebSocketServer server([](Peer& peer, int number) {
    peer.Accept();
    peer.Text("message " + std::to_string(number));
    if (number == 0) return peer.Reset();
    if (number == 1) {
      peer.Write(Peer::FrameBytes(8, std::string("\x03\xE9", 2) + "going away"));
      CHECK(peer.ReadFrame()->opcode == 8);  // The close is answered.
      return;
    }
    peer.Stay();
  });
  Heard heard;
  const auto socket = Open(server.Url(), heard);
  CHECK(heard.WaitMessage(0) == "message 0");
  CHECK(heard.WaitMessage(1) == "message 1");
  CHECK(heard.WaitMessage(2) == "message 2");
  CHECK(heard.WaitConnects(3));
  CHECK(heard.WaitError(0)->reason == Reason::kUnreachable);
  CHECK(heard.WaitError(1)->what.contains("1001"));
}

TEST_CASE("what a failed handshake means") {
  Error error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    peer.Gone();
  });
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 401);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope");
    peer.Gone();
  });
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 403);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>");
  });
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 200);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write(Peer::Upgrade("dGhlIHNhbXBsZSBub25jZQ=="));
    peer.Gone();
  });
  CHECK(error.reason == Reason::kBadAnswer);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("garbage: \xFF\xFE\r\n\r\n");
    peer.Gone();
  });
  CHECK(error.reason == Reason::kBadAnswer);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("\x01\x02garbage\r\n\xFF\xFE\r\n\r\n");
    peer.Gone();
  });
  // libwebsockets takes it for the start of a header that goes on.
  CHECK((error.reason == Reason::kBadAnswer || error.reason == Reason::kTimeout));
  error = FirstError([](Peer& peer, int) {
    peer.ReadRequest();
    peer.Reset();
  });
  CHECK(error.reason == Reason::kUnreachable);
  error = FirstError([](const Peer& peer, int) { peer.Shutdown(); });
  CHECK(error.reason == Reason::kUnreachable);
}

TEST_CASE("a port where nobody listens is unreachable") {
  std::uint16_t port = 0;
  {
    const FakeWebSocketServer server([](const Peer&, int) {});
    port = server.Port();
  }
  Heard heard;
  const auto socket = Open("ws://127.0.0.1:" + std::to_string(port), heard);
  REQUIRE(heard.WaitError(2).has_value());
  CHECK(heard.WaitError(0)->reason == Reason::kUnreachable);
}

TEST_CASE("a redirect is not followed") {
  const FakeWebSocketServer other([](const Peer& peer, int) { peer.Accept(); });
  const Error error = FirstError([&](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:" + std::to_string(other.Port()) +
               "/\r\nContent-Length: 0\r\n\r\n");
    peer.Gone();
  });
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 302);
  CHECK(other.Connections() == 0);
}

TEST_CASE("a handshake has a time-out, whatever drips") {
  Error error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Gone();
  });
  CHECK(error.reason == Reason::kTimeout);
  error = FirstError([](const Peer& peer, int) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 101 Switching Protocols\r\n");
    while (peer.Write("X")) std::this_thread::sleep_for(milliseconds(5));
  });
  CHECK(error.reason == Reason::kTimeout);
}

TEST_CASE("endless headers end") {
  const auto flood = [](const std::string& piece) {
    return FirstError([&](const Peer& peer, int) {
      peer.ReadRequest();
      peer.Write("HTTP/1.1 101 Switching Protocols\r\nX-Long: ");
      const auto until = Clock::now() + testing::kPatience;
      while (peer.Write(piece) && Clock::now() < until) {
      }
    });
  };
  const Error line = flood(std::string(4096, 'x'));
  CHECK((line.reason == Reason::kBadAnswer || line.reason == Reason::kTimeout));
  const Error lines = flood("x\r\nServer: " + std::string(100, 'y') + "\r\nX-Other: ");
  CHECK((lines.reason == Reason::kBadAnswer || lines.reason == Reason::kTimeout));
}

TEST_CASE("a message over the limit is a loss, before it has come") {
  UpstreamOptions options;
  options.body_bytes_max = 1000;
  const auto reason_of = [&](const std::string& bytes) {
    return FirstError(
               [&](const Peer& peer, int) {
                 peer.Accept();
                 peer.Write(bytes);
                 peer.Gone();
               },
               options)
        .reason;
  };
  CHECK(reason_of(Peer::FrameBytes(1, std::string(1001, 'x'))) == Reason::kBadAnswer);
  // Announces 2^62 bytes and sends a few.
  CHECK(reason_of(std::string("\x81\x7F\x40\0\0\0\0\0\0\0", 10) + std::string(70000, 'x')) ==
        Reason::kBadAnswer);
  std::string fragments = Peer::FrameBytes(1, std::string(400, 'x'), false);
  fragments += Peer::FrameBytes(0, std::string(400, 'x'), false);
  fragments += Peer::FrameBytes(0, std::string(201, 'x'), false);
  CHECK(reason_of(fragments) == Reason::kBadAnswer);
  CHECK(reason_of(Peer::FrameBytes(1, "\xC3\x28")) == Reason::kBadAnswer);

  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    peer.Text(std::string(1000, 'x'));
    peer.Stay();
  });
  Heard heard;
  const auto socket = Open(server.Url(), heard, options);
  CHECK(heard.WaitMessage() == std::string(1000, 'x'));
}

TEST_CASE("frames that break the protocol are a loss") {
  for (const std::string& bytes : {
           std::string("\x83\x00", 2),          // A reserved opcode.
           std::string("\xF1\x01x", 3),         // Reserved bits.
           std::string("\x89\x7E\x01\x00", 4),  // A ping of 256 bytes.
           std::string("\x09\x01x", 3),         // A ping in fragments.
           std::string("\x81\x7F\x80\0\0\0\0\0\0\0", 10),
       }) {
    const Error error = FirstError([&](const Peer& peer, int) {
      peer.Accept();
      peer.Write(bytes + std::string(200, '\0'));
      peer.Gone();
    });
    CHECK(error.reason != Reason::kTimeout);
  }
}

TEST_CASE("a peer that answers no ping is lost, one that does is kept") {
  Error error = FirstError([](const Peer& peer, int) {
    peer.Accept();
    CHECK(peer.ReadFrame()->opcode == 9);
    while (peer.ReadFrame()) {
    }
  });
  CHECK(error.reason == Reason::kTimeout);
  // Drips a message of which no end is seen.
  error = FirstError([](const Peer& peer, int) {
    peer.Accept();
    peer.Write(Peer::FrameBytes(1, "x", false).substr(0, 1) + std::string("\x7E\xFF\xFF", 3));
    while (peer.Write("x")) std::this_thread::sleep_for(milliseconds(5));
  });
  CHECK(error.reason == Reason::kTimeout);

  std::atomic<int> pings = 0;
  FakeWebSocketServer server([&](const Peer& peer, int) {
    peer.Accept();
    while (const auto frame = peer.ReadFrame()) {
      if (frame->opcode != 9) continue;
      peer.Write(Peer::FrameBytes(10, frame->payload));
      if (++pings == 8) peer.Text("eight");
    }
  });
  Heard heard;
  const auto socket = Open(server.Url(), heard);
  CHECK(heard.WaitMessage() == "eight");  // 0.8 s, twice the silence allowed.
  CHECK(server.Connections() == 1);
}

TEST_CASE("tries are further and further apart") {
  std::mutex mutex;
  std::vector<Clock::time_point> at;
  FakeWebSocketServer server([&](const Peer& peer, int) {
    const std::lock_guard lock(mutex);
    at.push_back(Clock::now());
    peer.Shutdown();
  });
  Heard heard;
  WebSocketTimes times = kQuick;
  times.retry_first = milliseconds(20);
  times.retry_longest = milliseconds(160);
  const auto socket = Open(server.Url(), heard, {}, times);
  REQUIRE(heard.WaitError(5).has_value());
  const std::lock_guard lock(mutex);
  REQUIRE(at.size() >= 6);
  CHECK(at[1] - at[0] >= milliseconds(20));
  CHECK(at[2] - at[1] >= milliseconds(40));
  CHECK(at[3] - at[2] >= milliseconds(80));
  CHECK(at[4] - at[3] >= milliseconds(160));
  CHECK(at[5] - at[4] >= milliseconds(160));
}

TEST_CASE("Send says no when nothing is connected and when too much waits") {
  std::atomic<bool> read = false;
  std::atomic<std::size_t> bytes = 0;
  FakeWebSocketServer server([&](const Peer& peer, int) {
    peer.Accept();
    const auto until = Clock::now() + testing::kPatience;
    while (!read && Clock::now() < until) std::this_thread::sleep_for(milliseconds(1));
    while (const auto frame = peer.ReadFrame()) {
      if (frame->opcode == 1) bytes += frame->payload.size();
      if (frame->payload == "end") peer.Text("all");
    }
  });
  Heard heard;
  WebSocketTimes times = kQuick;
  times.silence = testing::kPatience;
  const auto socket = Open(server.Url(), heard, {}, times);
  REQUIRE(heard.WaitConnects(1));
  CHECK(!socket->Send(std::string((1U << 20) + 1, 'x')));
  std::size_t taken = 0;
  while (taken < (256U << 20) && socket->Send(std::string(100000, 'x'))) taken += 100000;
  CHECK(taken < (64U << 20));
  read = true;
  const auto until = Clock::now() + testing::kPatience;
  while (!socket->Send("end") && Clock::now() < until) std::this_thread::yield();
  CHECK(heard.WaitMessage() == "all");
  CHECK(bytes == taken + 3);
}

TEST_CASE("the end is quick at any moment, and no handler is called after it") {
  const auto ends_quickly = [](const FakeWebSocketServer::Script& script, bool wait_connect) {
    FakeWebSocketServer server(script);
    Heard heard;
    auto socket = Open(server.Url(), heard, {}, WebSocketTimes());
    if (wait_connect) REQUIRE(heard.WaitConnects(1));
    const auto start = Clock::now();
    socket.reset();
    CHECK(Clock::now() - start < milliseconds(500));
    const auto events = heard.Events();
    std::this_thread::yield();
    CHECK(heard.Events() == events);
  };
  ends_quickly([](const Peer& peer, int) { peer.Gone(); }, false);
  ends_quickly([](const Peer& peer, int) { peer.Shutdown(); }, false);
  ends_quickly(
      [](const Peer& peer, int) {
        peer.Accept();
        while (peer.Text("more")) {
        }
      },
      true);
  for (int i = 0; i < 20; ++i) {
    ends_quickly(
        [](const Peer& peer, int) {
          peer.Accept();
          peer.Text("x");
          peer.Stay();
        },
        i % 2 == 0);
  }
}

TEST_CASE("a proxy of the environment is not used") {
  const FakeWebSocketServer proxy([](const Peer& peer, int) { peer.ReadRequest(); });
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.Port());
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "socks_proxy"}) {
    ::setenv(name, url.c_str(), 1);
  }
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    peer.Text("direct");
    peer.Stay();
  });
  Heard heard;
  const auto socket = Open(server.Url(), heard);
  CHECK(heard.WaitMessage() == "direct");
  CHECK(proxy.Connections() == 0);
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "socks_proxy"}) {
    ::unsetenv(name);
  }
}

TEST_CASE("each address of a name is tried") {
  // localhost is ::1 first on most machines; the server listens on 127.0.0.1 alone.
  FakeWebSocketServer server([](const Peer& peer, int) {
    peer.Accept();
    peer.Text("hello");
    peer.Stay();
  });
  Heard heard;
  const auto socket = Open(server.Url("localhost"), heard);
  CHECK(heard.WaitMessage() == "hello");
}

TEST_CASE("a URL that is none is said to be") {
  for (const char* url : {"http://x", "ws://", "ws://a b", "ws://u@h", "/path", ""}) {
    CHECK(!WebSocket::Open(url, {}, {}).has_value());
  }
  CHECK(!WebSocket::Open("ws://h/" + std::string(5000, 'x'), {}, {}).has_value());
  CHECK(!WebSocket::Open("ws://" + std::string(200, 'x'), {}, {}).has_value());
}

}  // namespace
}  // namespace stakewatch
