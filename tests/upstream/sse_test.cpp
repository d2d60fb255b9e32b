// The format of server-sent events: what the standard says, each way of cutting it, and its limits.
#include "common/upstream/sse.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"

namespace stakewatch {
namespace {

using std::chrono::milliseconds;

// "type|data" of each event, and what went wrong.
struct Read {
  std::vector<std::string> events;
  std::string error;

  bool operator==(const Read&) const = default;
};

Read Feed(SseParser& parser, const std::vector<std::string_view>& pieces) {
  Read read;
  for (const std::string_view piece : pieces) {
    const auto fed = parser.Feed(
        piece, [&](const ServerEvent& e) { read.events.push_back(e.type + "|" + e.data); });
    if (!fed) read.error = fed.error();
  }
  return read;
}

Read Whole(std::string_view text, std::size_t bytes_max = SseParser::kBytesMax) {
  SseParser parser(bytes_max);
  return Feed(parser, {text});
}

// Whole, and in every way of cutting it in two, and byte by byte: the same.
std::vector<std::string> Events(std::string_view text) {
  const Read whole = Whole(text);
  CHECK(whole.error.empty());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    SseParser parser;
    CHECK(Feed(parser, {text.substr(0, cut), text.substr(cut)}) == whole);
  }
  SseParser parser;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  CHECK(Feed(parser, bytes) == whole);
  return whole.events;
}

using List = std::vector<std::string>;

TEST_CASE("events end with a blank line") {
  CHECK(Events("event: head\ndata: {\"slot\":\"1\"}\n\n") == List{"head|{\"slot\":\"1\"}"});
  CHECK(Events("data: 1\n\ndata: 2\n\n") == List{"message|1", "message|2"});
  CHECK(Events("").empty());
  CHECK(Events("\n\n\n\n").empty());
}

TEST_CASE("an event without its blank line is none") {
  CHECK(Events("data: 1\n\nevent: head\ndata: 2\n") == List{"message|1"});
  CHECK(Events("data: 1\n\nevent: head\ndata: 2") == List{"message|1"});
}

TEST_CASE("lines end with a line feed, a carriage return or both, however they are mixed") {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    CHECK(Events("event: a" + end + "data: 1" + end + "data: 2" + end + end + "data: 3" + end +
                 end) == List{"a|1\n2", "message|3"});
  }
  CHECK(Events("data: 1\r\rdata: 2\n\r\ndata: 3\r\n\ndata: 4\n\n") ==
        List{"message|1", "message|2", "message|3", "message|4"});
  // The two are one end, not two.
  CHECK(Events("data: 1\r\ndata: 2\r\n\r\n") == List{"message|1\n2"});
}

TEST_CASE("an event that ends with a carriage return does not wait for a line feed") {
  SseParser parser;
  CHECK(Feed(parser, {"data: 1\r\r"}).events == List{"message|1"});
  CHECK(Feed(parser, {"\ndata: 2\r\r"}).events == List{"message|2"});
}

TEST_CASE("fields") {
  // One space behind the colon is left out, and only one; without a colon the value is empty.
  CHECK(Events("data:x\n\ndata: x\n\ndata:  x\n\ndata:\tx\n\n") ==
        List{"message|x", "message|x", "message| x", "message|\tx"});
  CHECK(Events("data\n\ndata\ndata\n\ndata:\n\n") == List{"message|", "message|\n", "message|"});
  CHECK(Events("data: a:b: c\n\n") == List{"message|a:b: c"});
  CHECK(Events("data: YHOO\ndata: +2\ndata: 10\n\n") == List{"message|YHOO\n+2\n10"});
  // The last type counts, an empty one is none, and it does not outlive its event.
  CHECK(Events("event: a\nevent: b\ndata: 1\n\ndata: 2\n\n") == List{"b|1", "message|2"});
  CHECK(Events("event: a\nevent\ndata: 1\n\n") == List{"message|1"});
  CHECK(Events("event: a\n\ndata: 1\n\n") == List{"message|1"});
  // What the standard does not know, or we do not keep, is left out.
  CHECK(Events("id: 7\nslot: 1\nDATA: 2\n data: 3\ndata : 4\n\n").empty());
  CHECK(Events("id: 7\ndata: 1\n\nid\ndata: 2\n\n") == List{"message|1", "message|2"});
  CHECK(Events(std::string("data: a\0b\n\n", 11)) == List{std::string("message|a\0b", 11)});
}

TEST_CASE("comments keep a connection alive and say nothing") {
  CHECK(Events(":\n\n: data: 1\n\n:\r\n\r\n").empty());
  CHECK(Events("event: a\n: between\ndata: 1\n\n") == List{"a|1"});
}

TEST_CASE("a byte order mark at the start is no part of the first line, later it is") {
  CHECK(Events("\xEF\xBB\xBF"
               "data: 1\n\n") == List{"message|1"});
  CHECK(Events("\xEF\xBB\xBF\n"
               "data: 1\n\n") == List{"message|1"});
  CHECK(Events("\xEF\xBB\xBF\xEF\xBB\xBF"
               "data: 1\n\n")
            .empty());
  CHECK(Events("\n\xEF\xBB\xBF"
               "data: 1\n\n")
            .empty());
  CHECK(Events("\xEF\xBB"
               "data: 1\n\n")
            .empty());
}

TEST_CASE("a character may be split, and what is none is replaced") {
  CHECK(Events("data: \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\n") ==
        List{"message|\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"});
  CHECK(Events("event: \xFF\ndata: a\xC3\n\n") == List{"\xEF\xBF\xBD|a\xEF\xBF\xBD"});
  // The end of a line ends the character, too.
  CHECK(Events("data: \xE2\x82\ndata: \xAC\n\n") == List{"message|\xEF\xBF\xBD\n\xEF\xBF\xBD"});
}

TEST_CASE("what is no UTF-8 is mended as browsers do it") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(MendUtf8("") == "");
  CHECK(MendUtf8("plain \xC3\xA9") == "plain \xC3\xA9");
  CHECK(MendUtf8("a\x80z") == "a" + bad + "z");
  CHECK(MendUtf8("\xC0\xAF") == bad + bad);            // Overlong.
  CHECK(MendUtf8("\xED\xA0\x80") == bad + bad + bad);  // A surrogate.
  CHECK(MendUtf8("\xF4\x90\x80\x80") == bad + bad + bad + bad);
  CHECK(MendUtf8("\xF0\x9F\x98!") == bad + "!");  // The longest beginning is one.
  CHECK(MendUtf8("\xF0\x9F\xF0\x9F\x98\x80") == bad + "\xF0\x9F\x98\x80");
  CHECK(MendUtf8("\xE2\x82") == bad);
  CHECK(MendUtf8("\xF5\xFE") == bad + bad);
}

TEST_CASE("retry is digits, and at most a day") {
  const auto retry = [](std::string_view text) {
    SseParser parser;
    Feed(parser, {text});
    return parser.Retry();
  };
  CHECK(retry("retry: 1500\n") == milliseconds(1500));
  CHECK(retry("retry: 1500\nretry: 20\n") == milliseconds(20));
  CHECK(retry("retry: 99999999999999999999999\n") == std::chrono::hours(24));
  CHECK(retry("retry: 999999999\n") == std::chrono::hours(24));
  for (const std::string_view text :
       {"retry:\n", "retry: -1\n", "retry: 1s\n", "retry: 0x10\n", "retry:  1\n", "retry: 10"}) {
    CAPTURE(text);
    CHECK(!retry(text).has_value());
  }
}

TEST_CASE("a line and an event's data have a limit, however they are cut") {
  constexpr std::size_t kMax = 64;
  const auto read = [](const std::string& text) {
    const Read whole = Whole(text, kMax);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      SseParser parser(kMax);
      CHECK(Feed(parser, {std::string_view(text).substr(0, cut),
                          std::string_view(text).substr(cut)}) == whole);
    }
    return whole;
  };
  const std::string first = "data: 1\n\n";
  const std::string fits = "data:" + std::string(kMax - 5, 'x');
  CHECK(read(first + fits + "\n\n").events.size() == 2);
  CHECK(read(first + fits + "\n\n").error.empty());
  for (const std::string& text : {fits + "x\n\n", fits + "x", fits + "x\r"}) {
    const Read bad = read(first + text + first);
    CHECK(bad.events == List{"message|1"});
    CHECK(bad.error == "a line of the event stream is longer than 64 bytes");
  }
  CHECK(read(":" + std::string(kMax, 'x')).error.contains("a line"));
  // Several lines: with what joins them.
  const std::string half = "data: " + std::string(31, 'x') + "\n";
  CHECK(read(half + half + "\n").error.empty());
  CHECK(read(half + half + "data\n\n").events.front().size() == 8 + kMax);
  const Read bad = read(first + half + half + "data: x\n\n" + first);
  CHECK(bad.events == List{"message|1"});
  CHECK(bad.error == "an event's data is longer than 64 bytes");
  CHECK(read(half + half + "data\ndata\n\n").error.contains("data"));
  CHECK(read([] {
          std::string lines;
          for (int i = 0; i < 100; ++i) lines += "data\n";
          return lines;
        }())
            .error.contains("data"));
}

TEST_CASE("after an error nothing more is read") {
  SseParser parser(8);
  CHECK(!Feed(parser, {"123456789"}).error.empty());
  const Read again = Feed(parser, {"\n\ndata: 1\n\n"});
  CHECK(again.events.empty());
  CHECK(!again.error.empty());
}

}  // namespace
}  // namespace stakewatch
