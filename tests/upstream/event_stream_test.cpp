// The client of server-sent events against servers that behave, and servers that do not.
#include "common/upstream/event_stream.h"

#include <sys/resource.h>

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{20000};
// What a stream brings that never ends, and what it may cost. Sanitizers are slow, and keep 256 MiB
// of what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kEndlessBytes = 2 << 20;
constexpr long kGrowthMaxKib = 512 << 10;
#else
constexpr std::size_t kEndlessBytes = 32 << 20;
constexpr long kGrowthMaxKib = 24 << 10;
#endif
constexpr EventStreamTimes kQuick{
    .connect = 2000ms, .silence = 300ms, .retry_first = 10ms, .retry_longest = 40ms};
constexpr EventStreamTimes kHasty{
    .connect = 2000ms, .silence = 100ms, .retry_first = 10ms, .retry_longest = 40ms};
// As kQuick, for what is to end by something else than silence.
constexpr EventStreamTimes kCalm{
    .connect = 20000ms, .silence = 20000ms, .retry_first = 10ms, .retry_longest = 40ms};

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const std::string kOpen = kHead + "\r\n";
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";

std::string Chunk(const std::string& text) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

// What a stream said, for a test that waits.
class HeardEvents {
 public:
  EventStream::Handlers Handlers() {
    return {
        .connected = [this] { Note([this] { ++connects_; }); },
        .event = [this](ServerEvent e) { Note([&] { events_.push_back(e.type + "|" + e.data); }); },
        .alive = [this] { Note([this] { ++alive_; }); },
        .disconnected = [this](const Error& why) { Note([&] { errors_.push_back(why); }); }};
  }
  std::string WaitEvent(std::size_t i) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return events_.size() > i; });
    return events_.size() > i ? events_[i] : "no such event";
  }
  Error WaitError(std::size_t i = 0) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return errors_.size() > i; });
    return errors_.size() > i ? errors_[i] : Error{Reason::kRpcError, "no such error"};
  }
  bool WaitAlive(int n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return alive_ >= n; });
  }
  std::size_t Events() {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }
  std::size_t Errors() {
    const std::lock_guard lock(mutex_);
    return errors_.size();
  }
  int Alive() {
    const std::lock_guard lock(mutex_);
    return alive_;
  }
  int Connects() {
    const std::lock_guard lock(mutex_);
    return connects_;
  }

 private:
  template <class Change>
  void Note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
  std::vector<Error> errors_;
  int connects_ = 0;
  int alive_ = 0;
};

std::unique_ptr<EventStream> Open(const std::string& url, HeardEvents& heard,
                                  const EventStreamTimes& times = kCalm,
                                  const UpstreamOptions& options = {}) {
  auto stream = EventStream::Open(url, options, heard.Handlers(), times);
  REQUIRE(stream.has_value());
  return std::move(*stream);
}

RawServer::Handler Say(const std::string& text) {
  return [=](RawPeer& peer) {
    if (!peer.ReadRequest().empty() && peer.Send(text)) peer.AwaitGone();
  };
}

RawServer::Handler SayAndGo(const std::string& text) {
  return [=](RawPeer& peer) {
    if (!peer.ReadRequest().empty()) peer.Send(text);
  };
}

// The first loss at a server that runs `handler`, within the time that `times` allow.
Error FirstError(const RawServer::Handler& handler, const EventStreamTimes& times = kCalm,
                 std::size_t events = 0) {
  HeardEvents heard;
  const RawServer server(handler);
  const auto stream = Open(server.Url(), heard, times);
  const Error error = heard.WaitError();
  CHECK(heard.Events() >= events);
  CHECK(error.what.size() < 400);
  CHECK(error.what.starts_with("GET http://127.0.0.1:"));
  return error;
}

TEST_CASE("an event stream asks, hears, and says nothing it should not say") {
  std::string request;
  HeardEvents heard;
  {
    const RawServer server([&](RawPeer& peer) {
      request = peer.ReadRequest();
      peer.Send(kChunked + Chunk(":\n\n"));
      peer.Send(Chunk("event: head\ndata: {\"slot\":\"1\"}\n\n") + Chunk("data: 2\n\n"));
      peer.AwaitGone();
    });
    auto handlers = heard.Handlers();
    handlers.path = [] { return "/eth/v1/events?topics=head,block"; };
    const auto stream = EventStream::Open(server.Url() + "/key", {}, handlers, kCalm);
    REQUIRE(stream.has_value());
    CHECK(heard.WaitEvent(0) == "head|{\"slot\":\"1\"}");
    CHECK(heard.WaitEvent(1) == "message|2");
    CHECK(heard.WaitAlive(1));
    CHECK(heard.Connects() == 1);
    CHECK(heard.Errors() == 0);
    CHECK(!(*stream)->CertificateNotAfter().has_value());
  }
  CHECK(request.starts_with("GET /key/eth/v1/events?topics=head,block HTTP/1.1\r\n"));
  CHECK(request.contains("Accept: text/event-stream\r\n"));
  CHECK(request.contains("Accept-Encoding: identity\r\n"));
  CHECK(!request.contains("Authorization"));
}

TEST_CASE(
    "an event stream comes in chunks, with a length or until it is closed, however it drips") {
  const std::string text = "data: \xE2\x82\xAC 1\r\n\r\n:\n\ndata: 2\n\n";
  std::string chunks;
  for (const char c : text) chunks += Chunk(std::string(1, c));
  const std::string length =
      kHead + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
  for (const std::string& answer : {kChunked + chunks + "0\r\n\r\n", length, kOpen + text}) {
    HeardEvents heard;
    const RawServer server([&](RawPeer& peer) {
      if (peer.ReadRequest().empty()) return;
      // A byte at a time, with pauses inside the characters and the frames.
      for (std::size_t i = 0; i < answer.size(); ++i) {
        if (!peer.Send(std::string_view(answer).substr(i, 1))) return;
        if (i % 7 == 0) std::this_thread::sleep_for(1ms);
      }
    });
    const auto stream = Open(server.Url(), heard);
    CHECK(heard.WaitEvent(0) == "message|\xE2\x82\xAC 1");
    CHECK(heard.WaitEvent(1) == "message|2");
    const Error error = heard.WaitError();
    CHECK(error.reason == Reason::kUnreachable);
    CHECK(error.what.contains("the stream ended"));
    // And it is taken up again.
    CHECK(heard.WaitEvent(2) == "message|\xE2\x82\xAC 1");
    CHECK(heard.Connects() >= 2);
  }
}

TEST_CASE("keep-alive comments keep a stream") {
  HeardEvents heard;
  const RawServer server([](RawPeer& peer) {
    if (peer.ReadRequest().empty() || !peer.Send(kChunked)) return;
    peer.SendForever(Chunk(":\n\n"), 20ms);
  });
  const auto started = Clock::now();
  const auto stream = Open(server.Url(), heard, kQuick);
  while (Clock::now() - started < 3 * kQuick.silence) REQUIRE(heard.WaitAlive(heard.Alive() + 1));
  CHECK(heard.Connects() == 1);
  CHECK(heard.Errors() == 0);
}

TEST_CASE("a stream that stalls is silent, wherever it stops") {
  for (const std::string& text :
       {std::string(), std::string("HTTP/1.1 2"), kHead, kChunked, kOpen, kOpen + "data: 1\n",
        kChunked + "5", kChunked + "5\r\nda", kHead + "Content-Length: 9\r\n\r\ndata"}) {
    CAPTURE(text);
    const Error error = FirstError(Say(text), kHasty);
    CHECK(error.reason == Reason::kTimeout);
    CHECK(error.what.contains("silent for 100 ms"));
  }
  // What drips as a part of a frame is no sign of life.
  const Error drip = FirstError(
      [](RawPeer& peer) {
        if (!peer.ReadRequest().empty() && peer.Send(kChunked)) peer.SendForever("0", 20ms);
      },
      kHasty);
  CHECK(drip.reason == Reason::kTimeout);
}

TEST_CASE("what breaks off is a loss, and the event that was not whole is none") {
  for (const auto& [text, reason] :
       {std::pair(kChunked + Chunk("data: 1\n\ndata: 2\n"), Reason::kUnreachable),
        std::pair(kChunked + Chunk("data: 1\n\n") + "40\r\ndata: 2\n\nda", Reason::kUnreachable),
        std::pair(kOpen + "data: 1\n\ndata: 2\n", Reason::kUnreachable),
        std::pair(kHead + "Content-Length: 99\r\n\r\ndata: 1\n\ndata: 2", Reason::kUnreachable),
        std::pair(kChunked + Chunk("data: 1\n\n") + "zz\r\n", Reason::kBadAnswer),
        std::pair(kChunked + "9\r\ndata: 1\n\nxx", Reason::kBadAnswer)}) {
    CAPTURE(text);
    HeardEvents heard;
    const RawServer server(SayAndGo(text));
    const auto stream = Open(server.Url(), heard);
    CHECK(heard.WaitEvent(0) == "message|1");
    CHECK(heard.WaitError().reason == reason);
    // The next one is of the next connection.
    CHECK(!heard.WaitEvent(1).contains("data"));
  }
  const Error reset = FirstError([](RawPeer& peer) {
    peer.ReadRequest();
    peer.Send(kChunked + Chunk("data: 1\n\n"));
    peer.Reset();
  });
  CHECK(reset.reason == Reason::kUnreachable);
}

TEST_CASE("what is no event stream is told as what it is") {
  struct Case {
    std::string answer;
    Reason reason;
    int code;
    const char* words;
  };
  for (const Case& c : {
           Case{"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
                "Content-Length: 50\r\n\r\n"
                R"({"message":"bogus: invalid topic name","code":400})",
                Reason::kHttpStatus, 400, "HTTP 400: {\"message\":\"bogus: invalid topic name\""},
           Case{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", Reason::kHttpStatus, 503,
                "HTTP 503"},
           Case{"HTTP/1.1 204 No Content\r\n\r\n", Reason::kHttpStatus, 204, "HTTP 204"},
           Case{"HTTP/1.1 206 Partial\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
                Reason::kHttpStatus, 206, "HTTP 206"},
           Case{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                Reason::kHttpStatus, 302, "HTTP 302"},
           Case{"HTTP/1.1 307 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
                Reason::kHttpStatus, 307, "HTTP 307"},
           Case{"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", Reason::kBadAnswer, 0,
                "Content-Type is \"text/html\""},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata: 1\n\n", Reason::kBadAnswer, 0,
                "Content-Type is \"\""},
           Case{"HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n\r\n", Reason::kBadAnswer,
                0, "Content-Type"},
           Case{kHead + "Content-Encoding: gzip\r\n\r\ndata: 1\n\n", Reason::kBadAnswer, 0,
                "encoded as gzip"},
           Case{kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n9\r\ndata: 1\n\n",
                Reason::kBadAnswer, 0, "not HTTP"},
           // cpp-httplib 0.11 and 0.18 find out in different places, and each says it in its way.
           Case{"data: 1\n\n", Reason::kBadAnswer, 0, ""},
           Case{"", Reason::kUnreachable, 0, "without an answer"},
       }) {
    CAPTURE(c.answer);
    HeardEvents heard;
    const RawServer server(SayAndGo(c.answer));
    const auto stream = Open(server.Url(), heard);
    const Error error = heard.WaitError();
    CAPTURE(error.what);
    CHECK(Word(error.reason) == Word(c.reason));
    CHECK(error.code == c.code);
    CHECK(error.what.contains(c.words));
    CHECK(heard.Events() == 0);
  }
}

TEST_CASE("parameters and letter case of the content type do not matter") {
  for (const std::string type : {"text/event-stream; charset=utf-8", "Text/Event-Stream",
                                 "text/event-stream ;charset=UTF-8"}) {
    HeardEvents heard;
    const RawServer server(Say("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\ndata: 1\n\n"));
    const auto stream = Open(server.Url(), heard);
    CHECK(heard.WaitEvent(0) == "message|1");
  }
}

TEST_CASE("what never ends is read in bounded memory, or refused") {
  const auto forever = [](const std::string& start, const std::string& text) {
    return [=](RawPeer& peer) {
      if (!peer.ReadRequest().empty() && peer.Send(start)) peer.SendForever(text);
    };
  };
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const std::string kilobyte(1024, 'x');
  for (const auto& handler :
       {forever(kOpen, "x"), forever(kOpen + ":", "x"), forever(kOpen + "data: ", kilobyte),
        forever(kChunked, Chunk(kilobyte)), forever(kChunked, Chunk(std::string(64, 'x'))),
        forever(kChunked + "fffffffffffffff\r\n", kilobyte)}) {
    const Error line = FirstError(handler);
    CHECK(line.reason == Reason::kBadAnswer);
    CHECK(line.what.contains("a line of the event stream is longer than 1048576 bytes"));
  }
  const Error data = FirstError(forever(kOpen, "data: " + kilobyte + "\n"));
  CHECK(data.reason == Reason::kBadAnswer);
  CHECK(data.what.contains("an event's data is longer than 1048576 bytes"));
  CHECK(FirstError(forever(kChunked + "ffffffffffffffff\r\n", "x")).reason == Reason::kBadAnswer);
  CHECK(FirstError(forever(kHead, "A: b\r\n")).reason == Reason::kBadAnswer);
  CHECK(FirstError(forever(kChunked + "1;", "x")).reason == Reason::kBadAnswer);

  // An endless stream of whole events.
  HeardEvents heard;
  std::size_t bytes = 0;
  {
    std::mutex mutex;
    std::condition_variable enough;
    const RawServer server(forever(kChunked, Chunk("data: " + std::string(60000, 'x') + "\n\n")));
    auto handlers = heard.Handlers();
    handlers.alive = nullptr;
    handlers.event = [&](const ServerEvent& event) {
      const std::lock_guard lock(mutex);
      bytes += event.data.size();
      enough.notify_all();
    };
    const auto stream = EventStream::Open(server.Url(), {}, handlers, kCalm);
    REQUIRE(stream.has_value());
    std::unique_lock lock(mutex);
    CHECK(enough.wait_for(lock, kPatience, [&] { return bytes > kEndlessBytes; }));
  }
  CHECK(heard.Errors() == 0);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < kGrowthMaxKib);
}

TEST_CASE("a lost stream is taken up again, with a path of its own and growing patience") {
  std::mutex mutex;
  std::vector<std::string> requests;
  HeardEvents heard;
  std::atomic<int> number = 0;
  const RawServer server([&](RawPeer& peer) {
    std::string request = peer.ReadRequest();
    const int mine = number++;
    {
      const std::lock_guard lock(mutex);
      requests.push_back(std::move(request));
    }
    if (mine < 3) return peer.Reset();
    peer.Send(kOpen + "data: " + std::to_string(mine) + "\n\n");
    if (mine > 3) peer.AwaitGone();
  });
  auto handlers = heard.Handlers();
  int asked = 0;
  handlers.path = [&] { return "/" + std::to_string(asked++); };
  const auto started = Clock::now();
  {
    const auto stream =
        EventStream::Open(server.Url(), {}, handlers, {.retry_first = 20ms, .retry_longest = 60ms});
    REQUIRE(stream.has_value());
    CHECK(heard.WaitEvent(0) == "message|3");
    CHECK(Clock::now() - started >= 20ms + 40ms + 60ms);
    CHECK(heard.WaitEvent(1) == "message|4");
  }
  CHECK(heard.Errors() == 4);
  CHECK(heard.Connects() == 2);
  const std::lock_guard lock(mutex);
  REQUIRE(requests.size() == 5);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(requests[i].starts_with("GET /" + std::to_string(i) + " "));
  }
}

TEST_CASE("the stream's own retry is honoured within bounds") {
  HeardEvents heard;
  const RawServer server(SayAndGo(kOpen + "retry: 150\ndata: 1\n\n"));
  const auto started = Clock::now();
  const auto stream = Open(server.Url(), heard, {.retry_first = 1ms, .retry_longest = 10000ms});
  heard.WaitEvent(1);
  CHECK(Clock::now() - started >= 150ms);

  HeardEvents other;
  const RawServer rude(SayAndGo(kOpen + "retry: 99999999999\ndata: 1\n\n"));
  const auto bounded = Open(rude.Url(), other, kCalm);
  CHECK(other.WaitEvent(2) == "message|1");
}

TEST_CASE("the end comes at once, whatever the stream is waiting for") {
  const auto check = [](const std::string& url, const EventStreamTimes& times, auto ready) {
    HeardEvents heard;
    auto stream = EventStream::Open(url, {}, heard.Handlers(), times);
    REQUIRE(stream.has_value());
    ready(heard);
    const auto started = Clock::now();
    stream->reset();
    CHECK(Clock::now() - started < 3s);  // Not kCalm's 20 s.
    const std::size_t errors = heard.Errors();
    CHECK(errors == heard.Errors());
  };
  std::atomic<bool> asked = false;
  const RawServer silent([&](RawPeer& peer) {
    peer.ReadRequest();
    asked = true;
    peer.AwaitGone();
  });
  check(silent.Url(), kCalm, [&](HeardEvents&) {
    const Deadline until(kPatience);
    while (!asked && !until.Over()) std::this_thread::sleep_for(1ms);
    CHECK(asked);
  });
  const RawServer stalled(Say(kOpen + "data: 1\n\n"));
  check(stalled.Url(), kCalm, [](HeardEvents& heard) { CHECK(heard.WaitEvent(0) != ""); });
  const RawServer flood([](RawPeer& peer) {
    if (!peer.ReadRequest().empty() && peer.Send(kOpen)) peer.SendForever("data: 1\n\n");
  });
  check(flood.Url(), kCalm, [](HeardEvents& heard) { heard.WaitEvent(9); });
  // A listener that accepts nobody: the TLS handshake waits.
  const Socket deaf = std::move(ListenOn("127.0.0.1", 0).value());
  check("https://" + BoundAddress(deaf.Fd()), kCalm, [](HeardEvents&) {});
  // During the wait after a loss.
  EventStreamTimes patient = kCalm;
  patient.retry_first = patient.retry_longest = 20000ms;
  check("http://127.0.0.1:1", patient,
        [](HeardEvents& heard) { CHECK(heard.WaitError().reason == Reason::kUnreachable); });
}

TEST_CASE("an event stream over TLS") {
  const TestFolder folder;
  const TestCert ca = TestCert::Make("ca", "", nullptr, true);
  const TestCert cert = TestCert::Make("server", "IP:127.0.0.1", &ca);
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()),
                                                             SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), cert.x509.get());
  SSL_CTX_use_PrivateKey(context.get(), cert.key.get());
  std::mutex mutex;
  std::string request;
  const RawServer server(
      [&](RawPeer& peer) {
        const std::lock_guard lock(mutex);
        request = peer.ReadRequest();
        peer.Send(kChunked + Chunk(":\n\ndata: 1\n\n"));
        peer.HangUp();
      },
      context.get());
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem(), 0644);
  options.bearer_token_file = folder.Write("token", "secret-token\n");
  HeardEvents heard;
  {
    const auto stream = Open(server.Url(), heard, kCalm, options);
    CHECK(heard.WaitEvent(0) == "message|1");
    CHECK(heard.WaitError().reason == Reason::kUnreachable);
    CHECK(stream->CertificateNotAfter().has_value());
  }
  {
    const std::lock_guard lock(mutex);
    CHECK(request.contains("Authorization: Bearer secret-token\r\n"));
  }
  HeardEvents distrustful;
  const auto stream = Open(server.Url(), distrustful, kCalm);
  CHECK(distrustful.WaitError().reason == Reason::kTls);
}

TEST_CASE("a secret is read for each connection, and is in no error") {
  const TestFolder folder;
  UpstreamOptions options;
  options.bearer_token_file = folder.Path("token");
  HeardEvents heard;
  const RawServer server([](RawPeer& peer) {
    const std::string request = peer.ReadRequest();
    const std::size_t at = request.find("Bearer ");
    const std::string token =
        at == std::string::npos ? "none" : request.substr(at + 7, request.find('\r', at) - at - 7);
    peer.Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: " + std::to_string(4 + token.size()) +
              "\r\n\r\nnot " + token);
  });
  const auto stream = Open(server.Url(), heard, kCalm, options);
  CHECK(heard.WaitError().reason == Reason::kUnreachable);
  folder.Write("token", "the-secret");
  for (std::size_t i = 1;; ++i) {
    const Error error = heard.WaitError(i);
    CHECK(!error.what.contains("the-secret"));
    REQUIRE(error.reason != Reason::kRpcError);
    if (error.reason == Reason::kHttpStatus) {
      CHECK(error.what.contains("HTTP 401: not ***"));
      break;
    }
  }
}

TEST_CASE("the URL of an event stream") {
  for (const std::string url : {"http://127.0.0.1:3500", "https://node/base"}) {
    CHECK(CheckEventStreamUrl(url).has_value());
  }
  for (const std::string url : {"ws://127.0.0.1", "127.0.0.1:3500", "http://", "/tmp/socket"}) {
    CHECK(!CheckEventStreamUrl(url).has_value());
    CHECK(!EventStream::Open(url, {}, {}).has_value());
  }
}

}  // namespace
}  // namespace stakewatch::testing
