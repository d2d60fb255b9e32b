// Upstreams that mean ill or are broken: each ends by the deadline, in bounded memory, with the
// reason that upstream.h and http_link.h promise.
#include <sys/resource.h>

#include <doctest/doctest.h>

#include "common/upstream/upstream.h"
#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";

struct Hostile {
  const char* name;
  Reason reason;
  RawServer::Handler handler;
};

RawServer::Handler Then(const std::string& start, const std::string& forever,
                        milliseconds pause = 0ms) {
  return [=](RawPeer& peer) {
    if (peer.ReadRequest().empty() || !peer.Send(start)) return;
    if (!forever.empty()) peer.SendForever(forever, pause);
  };
}

RawServer::Handler Silent(const std::string& start) {
  return [=](RawPeer& peer) {
    if (!peer.ReadRequest().empty() && peer.Send(start)) peer.AwaitGone();
  };
}

RawServer::Handler ResetAfter(const std::string& start) {
  return [=](RawPeer& peer) {
    peer.ReadRequest();
    peer.Send(start);
    peer.Reset();
  };
}

void CheckAll(const std::vector<Hostile>& peers, milliseconds time) {
  for (const Hostile& hostile : peers) {
    CAPTURE(hostile.name);
    UpstreamOptions options;
    options.body_bytes_max = 1 << 20;
    const RawServer server(hostile.handler);
    const auto upstream = HttpUpstream(server.Url(), options).value();
    const auto started = std::chrono::steady_clock::now();
    const auto answer = upstream->Ask({"name", "", "{}"}, Deadline(time));
    CHECK(std::chrono::steady_clock::now() - started < time + 3s);
    REQUIRE_FALSE(answer);
    CAPTURE(answer.error().what);
    CHECK(Word(answer.error().reason) == Word(hostile.reason));
    CHECK(answer.error().what.size() < 300);
  }
}

TEST_CASE("hostile http: what never ends, slowly, ends by the deadline") {
  CheckAll(
      {
          {"never answers", Reason::kTimeout, Silent("")},
          {"stops in the status line", Reason::kTimeout, Silent("HTTP/1.1 2")},
          {"stops in the headers", Reason::kTimeout, Silent(kHead + "A: b\r\n")},
          {"drips headers", Reason::kTimeout, Then(kHead, "A: b\r\n", 20ms)},
          {"drips a header", Reason::kTimeout, Then(kHead + "A: ", "b", 20ms)},
          {"drips a body", Reason::kTimeout,
           Then(kHead + "Content-Length: 9999\r\n\r\n", "b", 20ms)},
          {"drips until the end", Reason::kTimeout, Then(kHead + "\r\n", "b", 20ms)},
          {"drips chunks", Reason::kTimeout, Then(kChunked, "1\r\na\r\n", 20ms)},
          {"drips a chunk size", Reason::kTimeout, Then(kChunked, "0", 20ms)},
          {"drips trailers", Reason::kTimeout, Then(kChunked + "0\r\n", "a: b\r\n", 20ms)},
          {"drips 100 Continue", Reason::kTimeout, Then("", "HTTP/1.1 100 Continue\r\n\r\n", 20ms)},
          {"half a body", Reason::kTimeout, Silent(kHead + "Content-Length: 10\r\n\r\nabc")},
      },
      400ms);
}

TEST_CASE("hostile http: what never ends, fast, ends by its limit") {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  CheckAll(
      {
          {"endless headers", Reason::kBadAnswer, Then(kHead, "A: b\r\n")},
          {"endless short headers", Reason::kBadAnswer, Then(kHead, "a:\r\n")},
          {"endless header line", Reason::kBadAnswer, Then(kHead + "A: ", "bbbb")},
          {"endless status line", Reason::kBadAnswer, Then("HTTP/1.1 200 ", "O")},
          {"status line of 60 kB", Reason::kBadAnswer,
           Then("HTTP/1.1 200 " + std::string(60000, 'K') + "\r\nContent-Length: 0\r\n\r\n", "")},
          {"second status line of 60 kB", Reason::kBadAnswer,
           Then("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 " + std::string(60000, 'K') + "\r\n",
                "")},
          {"endless 100 Continue", Reason::kBadAnswer, Then("", "HTTP/1.1 100 Continue\r\n\r\n")},
          {"endless chunk size", Reason::kBadAnswer, Then(kChunked, "0")},
          {"endless chunk extension", Reason::kBadAnswer, Then(kChunked + "1;", "x")},
          {"endless trailers", Reason::kBadAnswer, Then(kChunked + "0\r\n", "a: b\r\n")},
          {"endless chunks", Reason::kBadAnswer,
           Then(kChunked, "400\r\n" + std::string(1024, 'x') + "\r\n")},
          {"endless chunks of a byte", Reason::kBadAnswer, Then(kChunked, "1\r\nx\r\n")},
          {"endless body", Reason::kBadAnswer, Then(kHead + "\r\n", "body")},
          {"long length", Reason::kBadAnswer, Then(kHead + "Content-Length: 1048577\r\n\r\n", "x")},
          {"longest length", Reason::kBadAnswer,
           Then(kHead + "Content-Length: 18446744073709551615\r\n\r\n", "x")},
          {"too long a length", Reason::kBadAnswer,
           Then(kHead + "Content-Length: 99999999999999999999999\r\n\r\n", "x")},
          {"one huge chunk", Reason::kBadAnswer, Then(kChunked + "ffffffffffffffff\r\n", "x")},
          {"endless garbage", Reason::kBadAnswer, Then("", std::string("\xff\0garbage", 9))},
      },
      10s);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  // The limit is 1 MiB a body; the rest is what threads and allocators keep.
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 << 10);
}

TEST_CASE("hostile http: what is broken is told from what is not there") {
  CheckAll(
      {
          {"accepts and closes", Reason::kUnreachable, [](RawPeer&) {}},
          {"closes after the question", Reason::kUnreachable, Then("", "")},
          {"reset at once", Reason::kUnreachable, ResetAfter("")},
          {"closed in the status line", Reason::kBadAnswer, Then("HTTP/1.1 2", "")},
          {"closed in the headers", Reason::kBadAnswer, Then(kHead + "A: b\r\n", "")},
          {"closed before the length", Reason::kBadAnswer,
           Then(kHead + "Content-Length: 10\r\n\r\nabc", "")},
          {"closed in a chunk", Reason::kBadAnswer, Then(kChunked + "5\r\nabc", "")},
          {"closed between chunks", Reason::kBadAnswer, Then(kChunked + "3\r\nabc\r\n", "")},
          {"closed before the last line", Reason::kBadAnswer, Then(kChunked + "0\r\n", "")},
          {"a chunk without its end", Reason::kBadAnswer,
           Then(kChunked + "3\r\nabcdef\r\n0\r\n\r\n", "")},
          {"a chunk of words", Reason::kBadAnswer, Then(kChunked + "xyz\r\nabc\r\n0\r\n\r\n", "")},
          {"a negative chunk", Reason::kBadAnswer, Then(kChunked + "-1\r\nabc\r\n0\r\n\r\n", "")},
          {"a length of words", Reason::kBadAnswer,
           Then(kHead + "Content-Length: many\r\n\r\nabc", "")},
          {"a negative length", Reason::kBadAnswer,
           Then(kHead + "Content-Length: -1\r\n\r\nabc", "")},
          {"two lengths", Reason::kBadAnswer,
           Then(kHead + "Content-Length: 3\r\nContent-Length: 2\r\n\r\nabc", "")},
          {"length and chunks", Reason::kBadAnswer,
           Then(kHead + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "")},
          {"unknown coding", Reason::kBadAnswer,
           Then(kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "")},
          {"gzip though not asked", Reason::kBadAnswer,
           Then(kHead + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "")},
          {"HTTP/0.9", Reason::kBadAnswer, Then("<html>hello</html>\r\n", "")},
          {"another version", Reason::kBadAnswer, Then("HTTP/2.0 200 OK\r\n\r\n", "")},
          {"status of words", Reason::kBadAnswer, Then("HTTP/1.1 OK\r\n\r\n", "")},
          {"status of 4 digits", Reason::kBadAnswer, Then("HTTP/1.1 2000 OK\r\n\r\n", "")},
          {"SSH", Reason::kBadAnswer, Then("SSH-2.0-OpenSSH_9.2\r\n", "")},
          {"NUL in the status line", Reason::kBadAnswer,
           Then(std::string("HTTP/1.1 200 O\0K\r\n\r\n", 19), "")},
          {"early hints", Reason::kHttpStatus,
           Then("HTTP/1.1 103 Early Hints\r\n\r\n" + kHead, "")},
          {"not modified", Reason::kHttpStatus, Silent("HTTP/1.1 304 Not Modified\r\n\r\n")},
      },
      10s);
}

TEST_CASE("hostile http: a reset half-way is an end") {
  for (const std::string& start :
       {kHead + "Content-Length: 10\r\n\r\nabc", kChunked + "5\r\nabc", kHead}) {
    CAPTURE(start);
    const RawServer server(ResetAfter(start));
    const auto answer = HttpUpstream(server.Url(), {}).value()->Ask({"a", "", "{}"}, Deadline(10s));
    REQUIRE_FALSE(answer);
    // The reset may overtake what was sent before.
    CHECK((answer.error().reason == Reason::kUnreachable ||
           answer.error().reason == Reason::kBadAnswer));
  }
}

TEST_CASE("hostile http: an upstream that reads nothing does not hold us") {
  const RawServer server([](RawPeer& peer) { peer.AwaitStop(); });
  const auto started = std::chrono::steady_clock::now();
  const auto answer = HttpUpstream(server.Url(), {})
                          .value()
                          ->Ask({"a", "", std::string(32 << 20, 'x')}, Deadline(400ms));
  CHECK(std::chrono::steady_clock::now() - started < 4s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason == Reason::kTimeout);
}

}  // namespace
}  // namespace stakewatch::testing
