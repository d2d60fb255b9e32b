#include <doctest/doctest.h>

#include "common/upstream/upstream.h"
#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

std::string Ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Answers each request of each connection with `answer`, then waits.
RawServer::Handler Always(const std::string& answer) {
  return [answer](RawPeer& peer) {
    while (!peer.ReadRequest().empty()) peer.Send(answer);
  };
}

// Answers the first request with `answer` and closes.
RawServer::Handler Once(const std::string& answer) {
  return [answer](RawPeer& peer) {
    if (!peer.ReadRequest().empty()) peer.Send(answer);
  };
}

std::shared_ptr<Upstream> To(const std::string& url, const UpstreamOptions& options = {}) {
  auto upstream = HttpUpstream(url, options);
  REQUIRE(upstream);
  return *upstream;
}

constexpr std::size_t kBodyMax = 1 << 20;

// What one question brings, with a body limit of 1 MiB; fails unless it is over in time.
Result<std::string> AskOf(const RawServer& server, milliseconds time = 5s) {
  UpstreamOptions options;
  options.body_bytes_max = kBodyMax;
  const auto started = std::chrono::steady_clock::now();
  auto answer = To(server.Url(), options)->Ask({"name", "", "{}"}, Deadline(time));
  CHECK(std::chrono::steady_clock::now() - started < time + 3s);
  return answer;
}

Error FailureOf(RawServer::Handler handler, milliseconds time = 5s) {
  const RawServer server(std::move(handler));
  const auto answer = AskOf(server, time);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().what.starts_with("POST " + server.Url() + " name: "));
  CHECK(answer.error().what.find('\n') == std::string::npos);
  return answer.error();
}

bool Says(const Error& error, std::string_view words) {
  CAPTURE(error.what);
  return error.what.find(words) != std::string::npos;
}

TEST_CASE("http: a question is a POST with a body and a GET without") {
  std::mutex mutex;
  std::vector<std::string> requests;
  const RawServer server([&](RawPeer& peer) {
    for (std::string request; !(request = peer.ReadRequest()).empty();) {
      {
        const std::lock_guard lock(mutex);
        requests.push_back(request);
      }
      peer.Send(Ok("[]"));
    }
  });
  const auto upstream = To(server.Url() + "/base");
  CHECK(upstream->Ask({"a", "/x?y=%20", ""}, Deadline(5s)).value() == "[]");
  CHECK(upstream->Ask({"b", "", "{\"z\":1}"}, Deadline(5s)).value() == "[]");
  const std::lock_guard lock(mutex);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].starts_with("GET /base/x?y=%20 HTTP/1.1\r\n"));
  CHECK(requests[1].starts_with("POST /base HTTP/1.1\r\n"));
  CHECK(requests[1].ends_with("\r\n\r\n{\"z\":1}"));
  for (const std::string& header :
       {"Host: " + server.Address(), std::string("User-Agent: stakewatch"),
        std::string("Content-Type: application/json"), std::string("Accept-Encoding: identity"),
        std::string("Connection: keep-alive")}) {
    CAPTURE(header);
    CHECK(requests[1].find("\r\n" + header + "\r\n") != std::string::npos);
  }
  CHECK(server.Connections() == 1);
}

TEST_CASE("http: a body by length, by chunks, until the end, and none") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  CHECK(AskOf(RawServer(Once(Ok("{\"a\":1}")))) == "{\"a\":1}");
  CHECK(AskOf(RawServer(Once(head + "Transfer-Encoding: chunked\r\n\r\n"
                                    "3;x=y\r\nabc\r\n00A\r\n0123456789\r\n0\r\nT: t\r\n\r\n"))) ==
        "abc0123456789");
  CHECK(AskOf(RawServer(Once(head + "\r\nuntil the end"))) == "until the end");
  CHECK(AskOf(RawServer(Once("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"))) == "ok");
  CHECK(AskOf(RawServer(Once("HTTP/1.1 204 No Content\r\n\r\n"))) == "");
  CHECK(AskOf(RawServer(Once("HTTP/1.1 100 Continue\r\n\r\n" + Ok("after all")))) == "after all");
}

TEST_CASE("http: bodies up to the limit come whole, with room for simdjson") {
  for (const std::size_t size : {0UL, 1UL, 15UL, 4096UL, 70000UL, kBodyMax}) {
    CAPTURE(size);
    const std::string body(size, 'x');
    std::string chunks;
    for (std::size_t at = 0; at < size; at += 5000) {
      const std::string piece = body.substr(at, 5000);
      char line[32];
      std::snprintf(line, sizeof line, "%zx\r\n", piece.size());
      chunks += line + piece + "\r\n";
    }
    for (const std::string& answer :
         {Ok(body), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\n" + body}) {
      const auto got = AskOf(RawServer(Once(answer)));
      REQUIRE(got);
      CHECK(*got == body);
      CHECK(got->capacity() >= got->size() + 64);
    }
  }
}

TEST_CASE("http: a connection is kept, and many ask at once") {
  const RawServer server(Always(Ok("{}")));
  const auto upstream = To(server.Url());
  for (int i = 0; i < 20; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(server.Connections() == 1);
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) good += upstream->Ask({"a", "", "{}"}, Deadline(9s)) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 400);
  CHECK(server.Connections() <= 8);
}

TEST_CASE("http: a kept connection that the server closed is made again") {
  std::atomic<bool> close = true;
  const RawServer server([&](RawPeer& peer) {
    while (!peer.ReadRequest().empty() && peer.Send(Ok("{}")) && !close) {
    }
  });
  const auto upstream = To(server.Url());
  for (int i = 0; i < 20; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(server.Connections() == 20);
}

TEST_CASE("http: a kept connection that is closed by the question is tried once more") {
  const RawServer server([](RawPeer& peer) {
    if (peer.ReadRequest().empty()) return;
    peer.Send(Ok("{}"));
    peer.ReadRequest();
  });
  const auto upstream = To(server.Url());
  for (int i = 0; i < 5; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(server.Connections() == 5);
}

TEST_CASE("http: what comes unasked is nobody's answer") {
  std::atomic<int> sent = 0;
  const RawServer server([&](RawPeer& peer) {
    if (peer.ReadRequest().empty()) return;
    peer.Send(Ok("{}"));
    peer.Send(Ok("\"poison\""));
    ++sent;
    peer.AwaitGone();
  });
  const auto upstream = To(server.Url());
  for (int i = 1; i <= 3; ++i) {
    CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)).value() == "{}");
    CHECK(Eventually([&] { return sent == i; }));
  }
  CHECK(server.Connections() == 3);
}

TEST_CASE("http: a connection that may not be kept is not") {
  for (const std::string& answer :
       {std::string("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        Ok("{}", "Connection: close\r\n"), Ok("{}", "connection: Upgrade, Close\r\n")}) {
    const RawServer server(Always(answer));
    const auto upstream = To(server.Url());
    for (int i = 0; i < 3; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
    CHECK(server.Connections() == 3);
  }
}

TEST_CASE("http: a status says what the server said, in one clean line") {
  const std::string text = "busy,\r\n come\x01 back\xFF " + std::string(200, 'z');
  const Error error = FailureOf(Always("HTTP/1.1 503 Service Unavailable\r\nContent-Length: " +
                                       std::to_string(text.size()) + "\r\n\r\n" + text));
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 503);
  CHECK(Says(error, ": HTTP 503: busy,   come? back? zz"));
  CHECK(error.what.size() < 250);
}

TEST_CASE("http: redirects are not followed") {
  const RawServer target(Always(Ok("{}")));
  const Error error = FailureOf(
      Always("HTTP/1.1 302 Found\r\nLocation: " + target.Url() + "/\r\nContent-Length: 0\r\n\r\n"));
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(error.code == 302);
  CHECK(target.Connections() == 0);
}

TEST_CASE("http: the words of a failed status are not waited for") {
  const Error error = FailureOf(
      [](RawPeer& peer) {
        peer.ReadRequest();
        peer.Send("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf");
        peer.AwaitGone();
      },
      20s);
  CHECK(error.reason == Reason::kHttpStatus);
  CHECK(Says(error, "HTTP 500: half"));
}

TEST_CASE("http: no secret of ours is in an error") {
  TestFolder folder;
  UpstreamOptions options;
  options.bearer_token_file = folder.Write("token", "s3cr3t-token\n");
  const RawServer server([](RawPeer& peer) {
    const std::string request = peer.ReadRequest();
    peer.Send("HTTP/1.1 404 No\r\nContent-Length: " + std::to_string(request.size()) + "\r\n\r\n" +
              request);
  });
  const auto answer = To(server.Url() + "/v3/apikey", options)->Ask({"a", "", ""}, Deadline(5s));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason == Reason::kHttpStatus);
  CHECK(answer.error().what.find("GET") != std::string::npos);
  CHECK(answer.error().what.find("s3cr3t") == std::string::npos);
  CHECK(answer.error().what.find("apikey") == std::string::npos);
}

TEST_CASE("http: credentials are sent, and read again when they change") {
  std::mutex mutex;
  std::string last;
  const RawServer server([&](RawPeer& peer) {
    for (std::string request; !(request = peer.ReadRequest()).empty();) {
      {
        const std::lock_guard lock(mutex);
        last = request;
      }
      peer.Send(Ok("{}"));
    }
  });
  const auto sent = [&](std::string_view header) {
    const std::lock_guard lock(mutex);
    return last.find(header) != std::string::npos;
  };
  TestFolder folder;
  UpstreamOptions basic;
  basic.username = "user";
  basic.password_file = folder.Write("password", "pass:word\n");
  CHECK(To(server.Url(), basic)->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(sent("\r\nAuthorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n"));
  UpstreamOptions bearer;
  bearer.bearer_token_file = folder.Write("token", "one");
  const auto upstream = To(server.Url(), bearer);
  CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(sent("\r\nAuthorization: Bearer one\r\n"));
  folder.Write("token", "two");
  CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  CHECK(sent("\r\nAuthorization: Bearer two\r\n"));
  folder.Write("token", "three", 0644);
  const auto refused = upstream->Ask({"a", "", "{}"}, Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(Says(refused.error(), folder.Path("token")));
  CHECK_FALSE(Says(refused.error(), "three"));
}

TEST_CASE("http: over a unix socket") {
  const TestFolder folder;
  std::string seen;
  const RawServer server(RawServer::ListenUnix(folder.Path("a.sock")), [&](RawPeer& peer) {
    seen = peer.ReadRequest();
    peer.Send(Ok("{}"));
  });
  const auto upstream = To("unix://" + folder.Path("a.sock"));
  CHECK(upstream->Ask({"a", "/RPC2", "<x/>", "text/xml"}, Deadline(5s)) == "{}");
  CHECK(seen.starts_with("POST /RPC2 HTTP/1.1\r\n"));
  CHECK(seen.contains("\r\nHost: localhost\r\n"));
  CHECK(seen.contains("\r\nContent-Type: text/xml\r\n"));
  CHECK(seen.ends_with("\r\n\r\n<x/>"));
  const auto refused = To("unix:///none.sock")->Ask({"a", "", ""}, Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kUnreachable);
  CHECK(Says(refused.error(), "GET unix:///none.sock a: "));
  CHECK_FALSE(HttpUpstream("unix://relative.sock", {}));
  CHECK_FALSE(HttpUpstream("unix://", {}));
}

TEST_CASE("http: what is no URL for us is said at once") {
  CHECK_FALSE(HttpUpstream("ws://x", {}));
  CHECK_FALSE(HttpUpstream("x", {}));
  CHECK_FALSE(HttpUpstream("http://user:password@x", {}));
}

TEST_CASE("http: nobody there is unreachable") {
  std::string gone;
  {
    const RawServer server(Always(""));
    gone = server.Url();
  }
  const auto refused = To(gone)->Ask({"a", "", ""}, Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kUnreachable);
  CHECK(Says(refused.error(), "Connection refused"));
  const auto nameless = To("http://no-such-name.invalid")->Ask({"a", "", ""}, Deadline(5s));
  REQUIRE_FALSE(nameless);
  CHECK((nameless.error().reason == Reason::kUnreachable ||
         nameless.error().reason == Reason::kTimeout));
  CHECK(Says(nameless.error(), "no-such-name.invalid"));
}

}  // namespace
}  // namespace stakewatch::testing
