// What the server does with peers that send too much, too slowly, nothing, or rubbish. Each of them
// must be over in bounded time and memory, and leave the server in order.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <vector>

#include "tests/web/testing.h"

namespace stakewatch::testing {
namespace {

using Clock = std::chrono::steady_clock;

WebOptions Impatient(milliseconds request_timeout) {
  WebOptions options = OnAnyPort();
  options.request_timeout = request_timeout;
  return options;
}

std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Sends until the server closes or `bytes` are through. True when the server closed first.
bool Flood(RawClient& client, std::string_view piece, std::size_t bytes) {
  std::string block;
  while (block.size() < 64U << 10) block += piece;
  for (std::size_t sent = 0; sent < bytes; sent += block.size()) {
    if (!client.Send(block)) return true;
  }
  return false;
}

void CheckInOrder(TestServer& test) {
  CHECK(Fetch(test.address, Get("/metrics")).status == 200);
}

TEST_CASE("web hostile: a dripping header ends with the request's time") {
  TestServer test(Impatient(300ms));
  RawClient client(test.address);
  client.Send("GET /metrics HTTP/1.1\r\nX: ");
  const auto start = Clock::now();
  std::string got;
  while (Clock::now() - start < 5s && client.Send("a")) {
    if (!WaitFor(client.Fd(), POLLIN, Deadline(20ms))) continue;
    got = client.ReadAll();
    break;
  }
  CHECK(Clock::now() - start < 2s);
  CHECK(ParseReply(got).status == 408);
  CHECK(test.Counted("408") == 1);
  CheckInOrder(test);
}

TEST_CASE("web hostile: half a request, and no request, end with the request's time") {
  TestServer test(Impatient(200ms));
  const auto start = Clock::now();
  RawClient silent(test.address);
  RawClient half(test.address);
  half.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n");
  CHECK(silent.ReadAll().empty());
  CHECK(ParseReply(half.ReadAll()).status == 408);
  CHECK(Clock::now() - start < 2s);
  CheckInOrder(test);
}

TEST_CASE("web hostile: a peer that sends its last byte too soon") {
  TestServer test;
  for (const char* text :
       {"", "G", "GET /metrics HTTP/1.1", "GET /metrics HTTP/1.1\r\nHost: x\r\n"}) {
    RawClient client(test.address);
    client.Send(text);
    client.EndSending();
    const std::string got = client.ReadAll();
    CHECK_MESSAGE((got.empty() || ParseReply(got).status == 400), got);
  }
  CheckInOrder(test);
}

TEST_CASE("web hostile: endless headers and endless lines cost little memory and time") {
  TestServer test;
  CheckInOrder(test);
  const std::size_t before = ResidentBytes();
  const auto start = Clock::now();
  const std::pair<const char*, const char*> floods[] = {
      {"GET /metrics HTTP/1.1\r\n", "X-Filler: abcdefghijklmnopqrstuvwxyz\r\n"},  // Lines.
      {"GET /metrics HTTP/1.1\r\nX: ", "aaaaaaaaaaaaaaaa"},                       // One line.
      {"GET /", "aaaaaaaaaaaaaaaa"},                                              // The target.
      {"GET /metrics?", "a=b&"},
      {"", "\r\n"},
      {"", "AAAAAAAAAAAAAAAA"},
  };
  for (const auto& [first, piece] : floods) {
    RawClient client(test.address);
    client.Send(first);
    CHECK_MESSAGE(Flood(client, piece, 21U << 20), first, piece);
    const std::string got = client.ReadAll();
    const int status = ParseReply(got).status;
    CHECK_MESSAGE((got.empty() || status == 400 || status == 414 || status == 431), got);
  }
  CHECK(Clock::now() - start < 10s);
  CHECK(ResidentBytes() < before + (8U << 20));
  // 0.18.7 has limits of its own, which come before ours.
  CHECK(test.Counted("431") + test.Counted("400") + test.Counted("414") >= 3);
  CheckInOrder(test);
}

TEST_CASE("web hostile: thousands of ranges") {
  TestServer test;
  // Longest line that httplib takes, and more than that.
  for (const int count : {1, 1300, 2000, 8000}) {
    std::string ranges = "Range: bytes=0-0";
    for (int i = 1; i < count; ++i) ranges += ",1-1";
    const auto start = Clock::now();
    const Reply reply = Fetch(test.address, Get("/metrics", ranges + "\r\n"));
    CHECK_MESSAGE((reply.status == 200 || reply.status == 400 || reply.status == 416), count);
    if (reply.status == 200) CHECK(reply.body == TestServer::Page());
    if (count == 1) CHECK(reply.status == 200);
    CHECK(Clock::now() - start < 2s);
  }
  CheckInOrder(test);
}

TEST_CASE("web hostile: a big body is not read") {
  TestServer test;
  const std::size_t before = ResidentBytes();
  const auto start = Clock::now();
  const std::string length = "Content-Length: 22020096\r\n";
  const std::pair<std::string, int> cases[] = {
      {"POST /metrics HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", 405},
      {"POST /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + length + "\r\n", 405},
      {"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 405},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", 200},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
  };
  for (const auto& [head, status] : cases) {
    RawClient client(test.address);
    client.Send(head);
    CHECK_MESSAGE(Flood(client, "body", 21U << 20), head);
    CHECK_MESSAGE(ParseReply(client.ReadAll()).status == status, head);
  }
  CHECK(Clock::now() - start < 10s);
  CHECK(ResidentBytes() < before + (8U << 20));
  CheckInOrder(test);
}

TEST_CASE("web hostile: garbage after a request is not answered") {
  TestServer test;
  for (const std::string& more : {Get("/metrics") + Get("/metrics"), std::string(5000, '\xFF')}) {
    RawClient client(test.address);
    client.Send(Get("/metrics") + more);
    const Reply reply = ParseReply(client.ReadAll());
    CHECK(reply.status == 200);
    CHECK(reply.body == TestServer::Page());
  }
  CHECK(test.Counted("200") == 2);
}

TEST_CASE("web hostile: binary garbage, NUL and odd lines") {
  TestServer test;
  std::string noise;
  for (unsigned i = 0, x = 1; i < 20000; ++i) {
    x = x * 1664525 + 1013904223;
    noise += static_cast<char>(x >> 24);
  }
  using namespace std::string_literals;
  const std::pair<std::string, std::vector<int>> cases[] = {
      {noise + "\r\n\r\n", {0, 400, 414}},
      {"GET /met\0rics HTTP/1.1\r\n\r\n"s, {400}},
      {"GET /metrics%00 HTTP/1.1\r\n\r\n", {404}},
      {"GET /metrics%00.html HTTP/1.1\r\n\r\n", {404}},
      {"GET /metrics HTTP/1.1\r\nX: a\0b\r\n\r\n"s, {200, 400}},
      {"GET /%zz%u12345%%% HTTP/1.1\r\n\r\n", {404}},
      {"GET /metrics HTTP/1.0\r\n\r\n", {200}},
      {"GET /../../etc/passwd HTTP/1.1\r\n\r\n", {404}},
      {"GET  HTTP/1.1\r\n\r\n", {400}},
      {"GET\r\n\r\n", {400}},
      {"GET /metrics HTTP/9.9\r\n\r\n", {400}},
      {"get /metrics HTTP/1.1\r\n\r\n", {400}},
      {"GET http://x/metrics HTTP/1.1\r\n\r\n", {404}},
      {"GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", {200, 400}},
      {"GET /metrics HTTP/1.1\nHost: x\n\n", {0, 200, 400}},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\r\n\r\n"s, {0, 400}},  // A TLS hello.
  };
  for (const auto& [text, allowed] : cases) {
    RawClient client(test.address);
    client.Send(text);
    client.EndSending();
    const int status = ParseReply(client.ReadAll()).status;
    CHECK_MESSAGE(std::ranges::count(allowed, status) == 1, text, " -> ", status);
  }
  CheckInOrder(test);
}

TEST_CASE("web hostile: headers cannot be injected into the answer") {
  TestServer test;
  RawClient client(test.address);
  client.Send(Get("/echo?a=%0d%0aX-Evil:%201%0d%0a%0d%0a"));
  const Reply reply = ParseReply(client.ReadAll());
  CHECK(reply.status == 200);
  CHECK(reply.headers.count("X-Evil") == 0);
}

TEST_CASE("web hostile: a reset in the middle") {
  TestServer test;
  for (const std::string& text : {std::string(), std::string("GET /metr"), Get("/metrics")}) {
    for (int i = 0; i < 20; ++i) {
      RawClient client(test.address);
      client.Send(text);
      const linger reset{1, 0};
      setsockopt(client.Fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
  }
  CheckInOrder(test);
}

TEST_CASE("web hostile: an answer that nobody reads ends with the answer's time") {
  WebOptions options = OnAnyPort();
  options.max_requests = 1;
  options.answer_timeout = 500ms;
  TestServer test(options, {{"/big", [](const WebRequest&) {
                               return WebAnswer{200, "text/plain", std::string(64U << 20, 'x'),
                                                false};
                             }}});
  RawClient client(test.address);
  client.Send(Get("/big"));
  const auto start = Clock::now();
  CheckInOrder(test);  // The only thread is free again.
  CHECK(Clock::now() - start < 5s);
}

TEST_CASE("web hostile: silent and dripping peers do not keep others out") {
  WebOptions options = Impatient(60s);
  options.max_requests = 4;
  TestServer test(options);
  std::vector<RawClient> silent;
  for (int i = 0; i < 20; ++i) {
    silent.emplace_back(test.address);
    if (i % 2 == 1) silent.back().Send("GET /metrics HTTP/1.1\r\nHost");
  }
  const auto start = Clock::now();
  CheckInOrder(test);
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("web hostile: descriptors above 1023 work") {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t old = limit.rlim_cur;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 2000);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(limit.rlim_cur > 1200);
  {
    TestServer test;
    std::vector<Socket> fillers;
    while (fillers.empty() || fillers.back().Fd() < 1100) {
      fillers.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      REQUIRE(fillers.back().Open());
    }
    CheckInOrder(test);
  }
  limit.rlim_cur = old;
  setrlimit(RLIMIT_NOFILE, &limit);
}

milliseconds ProcessorTime() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return std::chrono::duration_cast<milliseconds>(of(used.ru_utime) + of(used.ru_stime));
}

TEST_CASE("web hostile: without free descriptors the server waits, idle, and goes on") {
  TestServer test;
  CheckInOrder(test);
  const auto at = ParseHostPort(test.address);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(at->port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Socket client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = 3;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto processor_before = ProcessorTime();
  const bool connected =
      ::connect(client.Fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const std::string request = Get("/metrics");
  ::send(client.Fd(), request.data(), request.size(), MSG_NOSIGNAL);
  const bool answered = WaitFor(client.Fd(), POLLIN, Deadline(400ms));
  const auto processor_time = ProcessorTime() - processor_before;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &old) == 0);
  CHECK(connected);
  CHECK(!answered);
  CHECK(processor_time < 200ms);
  CHECK(WaitFor(client.Fd(), POLLIN, Deadline(5s)));
  CheckInOrder(test);
}

}  // namespace
}  // namespace stakewatch::testing
