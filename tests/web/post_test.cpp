// Paths that take a body by POST: what is taken, what is refused by which status, and that nothing
// is read of whom it is not allowed, nor more than is allowed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "tests/web/testing.h"

namespace stakewatch::testing {
namespace {

constexpr std::size_t kBytesMax = 100'000;
const std::string kGood = "Authorization: Bearer good\r\nContent-Type: application/json\r\n";

// Takes bodies at /take, and says how long each was and what it began with.
struct PostServer {
  explicit PostServer(const WebOptions& options = OnAnyPort()) {
    std::map<std::string, WebPost> posts;
    posts["/take"] = {
        [](std::string_view authorization) { return authorization == "Bearer good"; }, kBytesMax,
        [this](const WebRequest& request) {
          ++taken;
          return WebAnswer{.body = request.path + " " + std::to_string(request.body.size()) + " " +
                                   request.body.substr(0, 10)};
        }};
    std::map<std::string, WebHandler> handlers;
    handlers["/metrics"] = [](const WebRequest&) { return WebAnswer{.body = "metrics"}; };
    auto started = WebServer::Start(options, std::move(handlers), own, std::move(posts));
    if (!started) FAIL(started.error().what);
    server = *std::move(started);
    address = server->Addresses().front();
  }

  OwnMetrics own;
  std::atomic<int> taken = 0;
  std::unique_ptr<WebServer> server;
  std::string address;
};

std::string Post(const std::string& path, const std::string& headers, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

WebOptions Impatient() {
  WebOptions options = OnAnyPort();
  options.request_timeout = 300ms;
  return options;
}

TEST_CASE("web post: a body is taken as it is, of any length up to the limit") {
  PostServer test;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5000}, kBytesMax}) {
    const Reply reply = Fetch(test.address, Post("/take", kGood, std::string(size, 'b')));
    CHECK(reply.status == 200);
    CHECK(reply.body == "/take " + std::to_string(size) + " " +
                            std::string(std::min<std::size_t>(size, 10), 'b'));
  }
  const std::string binary("\0\xFF\r\n\r\n", 6);
  CHECK(Fetch(test.address, Post("/take", kGood, binary)).body == "/take 6 " + binary);
  CHECK(Fetch(test.address, Post("/take",
                                 "Authorization: Bearer good\r\n"
                                 "Content-Type: Application/JSON ; charset=utf-8\r\n",
                                 "x"))
            .status == 200);
  CHECK(test.taken == 6);
}

TEST_CASE("web post: in pieces, and after a while, and who asks whether to go on") {
  PostServer test;
  RawClient client(test.address);
  client.Send("POST /take HTTP/1.1\r\nExpect: 100-continue\r\n" + kGood +
              "Content-Length: 6\r\n\r\n");
  for (const char* piece : {"ab", "cd", "ef"}) {
    CHECK(!WaitFor(client.Fd(), POLLIN, Deadline(20ms)));  // No answer before its time.
    client.Send(piece);
  }
  CHECK(ParseReply(client.ReadAll()).body == "/take 6 abcdef");
}

TEST_CASE("web post: what is refused, without its body being taken") {
  PostServer test;
  const std::string type = "Content-Type: application/json\r\n";
  const std::string token = "Authorization: Bearer good\r\n";
  const std::string start = "POST /take HTTP/1.1\r\nHost: x\r\n";
  const std::pair<std::string, int> cases[] = {
      {Post("/take", type, "x"), 401},
      {Post("/take", type + "Authorization: Bearer goo\r\n", "x"), 401},
      {Post("/take", type + "Authorization: Basic good\r\n", "x"), 401},
      {Post("/take", token, "x"), 415},
      {Post("/take", token + "Content-Type: text/plain\r\n", "x"), 415},
      {Post("/take", token + "Content-Type: application/jsonp\r\n", "x"), 415},
      {Post("/take", kGood, std::string(kBytesMax + 1, 'b')), 413},
      {start + kGood + "\r\n", 411},
      {start + kGood + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
       411},
      {start + kGood + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 411},
      {start + kGood + "Content-Length: -1\r\n\r\nx", 411},
      {start + kGood + "Content-Length: 0x1\r\n\r\nx", 411},
      {start + kGood + "Content-Length: 99999999999999999999\r\n\r\nx", 411},
      {start + kGood + "Content-Length: 18446744073709551615\r\n\r\nx", 413},
      {Get("/take", kGood), 405},
      {"PUT /take HTTP/1.1\r\n" + kGood + "Content-Length: 1\r\n\r\nx", 405},
      {Post("/metrics", kGood, "x"), 405},
      {Post("/take/", kGood, "x"), 405},
      {Post("/", kGood, "x"), 405},
  };
  for (const auto& [request, status] : cases) {
    const Reply reply = Fetch(test.address, request);
    CHECK_MESSAGE(reply.status == status, request.substr(0, 200));
    if (status == 401) CHECK(reply.Header("WWW-Authenticate").starts_with("Bearer"));
  }
  CHECK(Fetch(test.address, Get("/take")).Header("Allow") == "POST");
  CHECK(Fetch(test.address, Post("/metrics", kGood, "x")).Header("Allow") == "GET, HEAD");
  CHECK(test.taken == 0);
  CHECK(Fetch(test.address, Get("/metrics")).status == 200);
}

TEST_CASE("web post: a body that drips, stops or ends too soon is over in the request's time") {
  PostServer test(Impatient());
  const std::string head = "POST /take HTTP/1.1\r\n" + kGood + "Content-Length: 1000\r\n\r\n";
  const auto begun = std::chrono::steady_clock::now();
  RawClient drips(test.address);
  drips.Send(head);
  while (drips.Send("a") && !WaitFor(drips.Fd(), POLLIN, Deadline(20ms))) {
    REQUIRE(std::chrono::steady_clock::now() - begun < 5s);
  }
  CHECK(ParseReply(drips.ReadAll()).status == 408);
  RawClient stops(test.address);
  stops.Send(head + "half");
  CHECK(ParseReply(stops.ReadAll()).status == 408);
  RawClient ends(test.address);
  ends.Send(head + "half");
  ends.EndSending();
  CHECK(ParseReply(ends.ReadAll()).status == 400);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(test.taken == 0);
  CHECK(Fetch(test.address, Post("/take", kGood, "x")).status == 200);
}

}  // namespace
}  // namespace stakewatch::testing
