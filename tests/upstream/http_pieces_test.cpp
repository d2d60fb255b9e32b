// Bodies that are never held whole.
#include <algorithm>
#include <atomic>
#include <stop_token>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "common/upstream/upstream.h"
#include "tests/common/raw_server.h"

namespace stakewatch::testing {
namespace {

// Keeps what comes, by rooms of `room_bytes`; refuses from `refuse_at` bytes on.
struct Kept : Pieces {
  explicit Kept(std::size_t room_bytes = 1000) : room(room_bytes) {}

  std::span<char> Room() override { return room; }
  Result<void> Take(std::size_t bytes) override {
    REQUIRE(bytes > 0);
    REQUIRE(bytes <= room.size());
    text.append(room.data(), bytes);
    if (text.size() >= refuse_at) return Fail(Reason::kBadAnswer, "enough of it");
    return {};
  }

  std::vector<char> room;
  std::string text;
  std::size_t refuse_at = SIZE_MAX;
};

std::string LongText(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

std::string Chunked(std::string_view text, std::size_t chunk) {
  std::string framed;
  for (; !text.empty(); text.remove_prefix(std::min(chunk, text.size()))) {
    const std::string_view part = text.substr(0, chunk);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    framed.append(size).append(part).append("\r\n");
  }
  return framed + "0\r\n\r\n";
}

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string WithLength(std::string_view text) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
         std::string(text);
}

// Answers each request with `answer`; closes after it, or waits for the next.
RawServer::Handler Answers(std::string answer, bool closes) {
  return [answer = std::move(answer), closes](RawPeer& peer) {
    while (!peer.ReadRequest().empty()) {
      if (!peer.Send(answer) || closes) return;
    }
  };
}

// A body limit that no piece cares for.
std::shared_ptr<Upstream> To(const RawServer& server) {
  UpstreamOptions options;
  options.body_bytes_max = 100;
  auto upstream = HttpUpstream(server.Url(), options);
  REQUIRE(upstream);
  return *upstream;
}

Result<void> Ask(const Upstream& upstream, Pieces& to, std::uint64_t bytes_max = 10 << 20) {
  return upstream.AskInPieces({"name", "/path", ""}, Deadline(10s), bytes_max, to);
}

Error FailureOf(const std::string& answer, Kept& kept, std::uint64_t bytes_max = 10 << 20) {
  const RawServer server(Answers(answer, true));
  const auto asked = Ask(*To(server), kept, bytes_max);
  REQUIRE_FALSE(asked);
  CHECK(asked.error().what.starts_with("GET " + server.Url() + " name: "));
  return asked.error();
}

bool Says(const Error& error, std::string_view words) {
  CAPTURE(error.what);
  return error.what.find(words) != std::string::npos;
}

TEST_CASE("http pieces: a body of any frame comes whole, and the connection is kept") {
  const std::string text = LongText(700'000);
  struct Frame {
    std::string answer;
    bool closes;
  };
  for (const Frame& frame :
       {Frame{WithLength(text), false}, Frame{std::string(kChunkedHead) + Chunked(text, 7), false},
        Frame{std::string(kChunkedHead) + Chunked(text, 300'000), false},
        Frame{"HTTP/1.1 200 OK\r\n\r\n" + text, true}}) {
    for (const std::size_t room : {std::size_t{100}, std::size_t{256} << 10}) {
      const RawServer server(Answers(frame.answer, frame.closes));
      const auto upstream = To(server);
      for (int i = 0; i < 2; ++i) {
        Kept kept(room);
        const auto asked = Ask(*upstream, kept);
        REQUIRE_MESSAGE(asked.has_value(), (asked ? "" : asked.error().what));
        CHECK(kept.text == text);
      }
      CHECK(server.Connections() == (frame.closes ? 2 : 1));
    }
  }
  Kept nothing;
  const RawServer empty(Answers(WithLength(""), false));
  CHECK(Ask(*To(empty), nothing));
  CHECK(nothing.text.empty());
}

TEST_CASE("http pieces: a body cut off, too long or badly framed is an error") {
  const std::string text = LongText(5000);
  const std::string whole = WithLength(text);
  for (const std::string& cut : {whole.substr(0, whole.size() - 1),
                                 std::string(kChunkedHead) + Chunked(text, 900).substr(0, 3000),
                                 std::string(kChunkedHead) + "5\r\nabcde\r\n"}) {
    Kept kept;
    CHECK(Says(FailureOf(cut, kept), "the answer is cut off"));
  }
  for (const std::string& frame :
       {whole, std::string(kChunkedHead) + Chunked(text, 900), "HTTP/1.1 200 OK\r\n\r\n" + text}) {
    Kept kept;
    const Error error = FailureOf(frame, kept, 4999);
    CHECK(error.reason == Reason::kBadAnswer);
    CHECK(Says(error, "longer than 4999 bytes"));
    CHECK(kept.text.size() <= 4999);
    const RawServer server(Answers(frame, true));
    Kept fits;
    CHECK(Ask(*To(server), fits, 5000));
  }
  for (const char* bad :
       {"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabcdefgh\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n"}) {
    Kept kept;
    CHECK(Says(FailureOf(bad, kept), "are not HTTP"));
    CHECK(kept.text.empty());
  }
}

TEST_CASE("http pieces: an answer that is an error, or encoded, brings no piece") {
  Kept kept;
  const Error missing = FailureOf(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 21\r\n\r\n{\"message\":\"syncing\"}",
      kept);
  CHECK(missing.reason == Reason::kHttpStatus);
  CHECK(missing.code == 503);
  CHECK(Says(missing, "syncing"));
  const Error encoded = FailureOf(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", kept);
  CHECK(encoded.reason == Reason::kBadAnswer);
  CHECK(Says(encoded, "encoded as gzip"));
  CHECK(kept.text.empty());
}

TEST_CASE("http pieces: who takes them can refuse, and then the rest is not read") {
  const RawServer server([](RawPeer& peer) {
    if (peer.ReadRequest().empty()) return;
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    peer.SendForever(LongText(10'000));
  });
  Kept kept;
  kept.refuse_at = 50'000;
  const auto asked = Ask(*To(server), kept, 1ULL << 40);
  REQUIRE_FALSE(asked);
  CHECK(Says(asked.error(), "enough of it"));
  CHECK(kept.text.size() < 60'000);

  Kept none(0);
  const RawServer other(Answers(WithLength("abc"), true));
  const auto nowhere = Ask(*To(other), none);
  REQUIRE_FALSE(nowhere);
  CHECK(Says(nowhere.error(), "no room"));
}

TEST_CASE("http pieces: a stop ends the wait for a piece long before the deadline") {
  std::atomic<bool> asked = false;
  const RawServer server([&](RawPeer& peer) {
    if (peer.ReadRequest().empty()) return;
    asked = true;
    peer.AwaitGone();
  });
  std::stop_source stop;
  std::thread stopper([&] {
    const Deadline until(10s);
    while (!asked && !until.Over()) std::this_thread::sleep_for(1ms);
    stop.request_stop();
  });
  Kept kept;
  const auto started = Deadline::Clock::now();
  const auto answer =
      To(server)->AskInPieces({"name", "", ""}, Deadline(60s, stop.get_token()), 1000, kept);
  stopper.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason == Reason::kTimeout);
  CHECK(Deadline::Clock::now() - started < 15s);
}

class Whole : public Upstream {
 public:
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    if (request.path == "/no") return Fail(Reason::kUnreachable, "nobody there");
    return LongText(2500);
  }
};

TEST_CASE("upstream: one that holds its answers gives them in pieces all the same") {
  const Whole upstream;
  Kept kept;
  CHECK(Ask(upstream, kept));
  CHECK(kept.text == LongText(2500));
  Kept limited;
  const auto longer = Ask(upstream, limited, 2499);
  REQUIRE_FALSE(longer);
  CHECK(Says(longer.error(), "longer than 2499 bytes"));
  Kept refusing;
  refusing.refuse_at = 1500;
  CHECK_FALSE(Ask(upstream, refusing));
  CHECK(refusing.text.size() == 2000);
  Kept none(0);
  CHECK_FALSE(Ask(upstream, none));
  CHECK_FALSE(upstream.AskInPieces({"name", "/no", ""}, Deadline(1s), 10'000, kept));
}

}  // namespace
}  // namespace stakewatch::testing
