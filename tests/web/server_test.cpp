// What the server does for well-behaved clients, and how it starts and stops.
#include <zlib.h>

#include <atomic>
#include <future>
#include <latch>
#include <vector>

#include "common/web/answer.h"
#include "tests/web/testing.h"

namespace stakewatch::testing {
namespace {

std::string Gunzip(std::string_view zipped) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  stream.avail_in = static_cast<uInt>(zipped.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST_CASE("web: a page is answered and the connection closed") {
  TestServer test;
  const Reply reply = Fetch(test.address, Get("/metrics"));
  CHECK(reply.status == 200);
  CHECK(reply.body == TestServer::Page());
  CHECK(reply.Header("Content-Type") == kPageContentType);
  CHECK(reply.Header("Content-Length") == std::to_string(reply.body.size()));
  CHECK(reply.Header("Connection") == "close");
  CHECK(reply.Header("X-Content-Type-Options") == "nosniff");
  CHECK(reply.headers.count("Content-Encoding") == 0);
  CHECK(reply.headers.count("Content-Type") == 1);
  CHECK(test.Counted("200") == 1);
}

TEST_CASE("web: code 200 is counted from zero on") {
  TestServer test;
  const auto families = test.own.Collect();
  const auto page = WritePage(families);
  CHECK(page.find("stakewatch_web_requests_total{code=\"200\"} 0\n") != std::string::npos);
  CHECK(page.find("stakewatch_web_config_reload_failures_total 0\n") != std::string::npos);
}

TEST_CASE("web: HEAD has the headers of GET and no body") {
  TestServer test;
  for (const std::string more : {"", "Accept-Encoding: gzip\r\n"}) {
    const Reply got = Fetch(test.address, Get("/metrics", more));
    const Reply head = Fetch(test.address, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.headers == got.headers);
  }
}

TEST_CASE("web: gzip once, when asked for") {
  TestServer test;
  const Reply reply = Fetch(test.address, Get("/metrics", "Accept-Encoding: br, gzip\r\n"));
  CHECK(reply.headers.count("Content-Encoding") == 1);
  CHECK(reply.Header("Content-Encoding") == "gzip");
  CHECK(reply.Header("Vary") == "Accept-Encoding");
  CHECK(reply.body.size() < 10000);
  CHECK(Gunzip(reply.body) == TestServer::Page());
  const Reply plain = Fetch(test.address, Get("/metrics", "Accept-Encoding: br, gzip;q=0\r\n"));
  CHECK(plain.headers.count("Content-Encoding") == 0);
  CHECK(plain.Header("Vary") == "Accept-Encoding");
  CHECK(plain.body == TestServer::Page());
  // Neither brotli nor gzip by httplib's own hand, which likes any text.
  const Reply html = Fetch(test.address, Get("/", "Accept-Encoding: br, gzip\r\n"));
  CHECK(html.headers.count("Content-Encoding") == 0);
  CHECK(html.body == "<p>hello");
}

TEST_CASE("web: what Accept-Encoding allows") {
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=1.0", "gzip ; q=0.001", "*",
                          "br;q=1.0, *;q=0.5", " gzip", "identity;q=0,gzip"}) {
    CHECK_MESSAGE(AcceptsGzip(yes), yes);
  }
  for (const char* no :
       {"", "gzip;q=0", "gzip;q=0.000", "gzip; Q=0", "identity", "br", "*;q=1,gzip;q=0",
        "gzip;q=", "gzip;q=-1", "gzip;q=x", "gzippo", "*;q=0", ";;;,,,"}) {
    CHECK_MESSAGE(!AcceptsGzip(no), no);
  }
}

TEST_CASE("web: the query is decoded") {
  TestServer test;
  const Reply reply =
      Fetch(test.address, Get("/echo?target=http%3A%2F%2Fa%3A1%2Fx%3Fy%3D1%26z&module=a+b&module=c",
                              "X-Prometheus-Scrape-Timeout-Seconds: 9.5\r\n"));
  CHECK(reply.body == "module=a b\nmodule=c\ntarget=http://a:1/x?y=1&z\ntimeout=9.5\n");
}

TEST_CASE("web: HTML brings a strict policy") {
  TestServer test;
  const Reply reply = Fetch(test.address, Get("/"));
  CHECK(reply.Header("Content-Security-Policy").starts_with("default-src 'none'"));
  CHECK(reply.headers.count("Content-Security-Policy") == 1);
}

TEST_CASE("web: other methods and paths are refused") {
  TestServer test;
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const Reply reply = Fetch(test.address, method + " /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_MESSAGE(reply.status == 405, method);
    CHECK(reply.Header("Allow") == "GET, HEAD");
  }
  const Reply missing = Fetch(test.address, Get("/nowhere"));
  CHECK(missing.status == 404);
  CHECK(missing.body == "Not found\n");
  CHECK(missing.Header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(test.Counted("405") == 6);
  CHECK(test.Counted("404") == 1);
}

TEST_CASE("web: an exception is a bare 500") {
  TestServer test;
  RawClient client(test.address);
  client.Send(Get("/throws"));
  const std::string all = client.ReadAll();
  CHECK(all.starts_with("HTTP/1.1 500 "));
  CHECK(all.find("secret") == std::string::npos);
  CHECK(ParseReply(all).body.empty());
}

TEST_CASE("web: several addresses, IPv6 too") {
  WebOptions options;
  options.listen_addresses = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0", "localhost:0", ":0"};
  TestServer test(options);
  const auto addresses = test.server->Addresses();
  // localhost is one address or two, as this machine's /etc/hosts says.
  CHECK(addresses.size() >= 6);
  CHECK(addresses[2].starts_with("[::1]:"));
  for (std::string address : addresses) {
    if (address.starts_with("0.0.0.0:")) address.replace(0, 7, "127.0.0.1");
    if (address.starts_with("[::]:")) address.replace(0, 4, "[::1]");
    CHECK(Fetch(address, Get("/")).status == 200);
  }
}

TEST_CASE("web: a taken port names the address and the flag") {
  TestServer first;
  OwnMetrics own;
  WebOptions options;
  options.listen_addresses = {first.address};
  const auto second = WebServer::Start(options, {}, own);
  REQUIRE(!second);
  CHECK(second.error().exit_status == 3);
  CHECK(second.error().what.find(first.address) != std::string::npos);
  CHECK(second.error().what.find("--web.listen-address") != std::string::npos);
}

TEST_CASE("web: bad options end the start with 2") {
  OwnMetrics own;
  const auto status = [&](const WebOptions& given) {
    const auto server = WebServer::Start(given, {}, own);
    return server ? 0 : server.error().exit_status;
  };
  WebOptions options;
  CHECK(status(options) == 2);
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:80"}) {
    options.listen_addresses = {bad};
    CHECK_MESSAGE(status(options) == 2, bad);
  }
  options = OnAnyPort();
  options.max_requests = 0;
  CHECK(status(options) == 2);
  options = OnAnyPort();
  options.config_file = "/nonexistent/web.yml";
  CHECK(status(options) == 2);
  options.config_file.clear();
  options.listen_addresses = {"192.0.2.1:0"};  // Of no machine.
  CHECK(status(options) == 3);
}

TEST_CASE("web: more requests than max_requests wait and are answered") {
  WebOptions options = OnAnyPort();
  options.max_requests = 2;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  TestServer test(options, {{"/blocked", [&, released](const WebRequest&) {
                               const int now = ++inside;
                               if (now > most) most = now;
                               released.wait();
                               --inside;
                               return WebAnswer{};
                             }}});
  std::vector<std::future<Reply>> replies;
  replies.reserve(8);
  for (int i = 0; i < 8; ++i) {
    replies.push_back(
        std::async(std::launch::async, [&] { return Fetch(test.address, Get("/blocked")); }));
  }
  CHECK(Eventually([&] { return inside == 2; }));
  CHECK(replies.back().wait_for(50ms) == std::future_status::timeout);
  release.set_value();
  for (auto& reply : replies) CHECK(reply.get().status == 200);
  CHECK(most == 2);
}

TEST_CASE("web: an idle connection does not delay Stop") {
  WebOptions options = OnAnyPort();
  options.request_timeout = 60s;
  TestServer test(options);
  RawClient silent(test.address);
  RawClient half(test.address);
  half.Send("GET /metrics HTTP/1.1\r\nHo");
  // The server has both once it has answered one that came after them.
  CHECK(Fetch(test.address, Get("/")).status == 200);
  const auto start = std::chrono::steady_clock::now();
  test.server->Stop();
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  test.server->Stop();  // Twice is as good as once.
}

TEST_CASE("web: Stop waits for the answer being made") {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<bool> inside = false;
  TestServer test(OnAnyPort(), {{"/blocked", [&, released](const WebRequest&) {
                                   inside = true;
                                   released.wait();
                                   return WebAnswer{200, "text/plain", "done", false};
                                 }}});
  auto reply = std::async(std::launch::async, [&] { return Fetch(test.address, Get("/blocked")); });
  CHECK(Eventually([&] { return inside.load(); }));
  auto stopped = std::async(std::launch::async, [&] { test.server->Stop(); });
  CHECK(stopped.wait_for(50ms) == std::future_status::timeout);
  release.set_value();
  CHECK(reply.get().body == "done");
  stopped.get();
  // The port is free again.
  OwnMetrics own;
  WebOptions options;
  options.listen_addresses = {test.address};
  CHECK(WebServer::Start(options, {}, own).has_value());
}

TEST_CASE("web: Stop right after Start") {
  for (int i = 0; i < 20; ++i) {
    TestServer test;
    test.server->Stop();
  }
}

}  // namespace
}  // namespace stakewatch::testing
