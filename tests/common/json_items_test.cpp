#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/json_items.h"
#include "common/json_text.h"

namespace stakewatch::testing {
namespace {

constexpr JsonItemsLimits kSmall{.item_bytes_max = 2000, .read_bytes = 1000};

// One line an element: the fields as kind and text.
std::string Line(std::span<const JsonScalar> values) {
  constexpr std::string_view kKinds = "-zbnso";
  std::string line;
  for (const JsonScalar& value : values) {
    if (!line.empty()) line += ' ';
    line += kKinds[static_cast<std::size_t>(value.kind)];
    if (!value.text.empty()) line += ':' + std::string(value.text);
  }
  return line + "\n";
}

// What comes of `text` given in pieces of at most `piece` bytes: the lines, or the error.
std::string ReadIn(std::string_view text, std::size_t piece, JsonItemsLimits limits = kSmall) {
  std::string lines;
  JsonItems items(
      "data", {{"", "a"}, {"", "b"}, {"in", "c"}},
      [&](std::span<const JsonScalar> values) -> Checked<void> {
        lines += Line(values);
        return {};
      },
      limits);
  while (!text.empty()) {
    const auto room = items.Room();
    REQUIRE_FALSE(room.empty());
    const std::size_t n = std::min({piece, text.size(), room.size()});
    std::ranges::copy(text.substr(0, n), room.begin());
    text.remove_prefix(n);
    if (const auto taken = items.Take(n); !taken) {
      CHECK_FALSE(items.Finish());
      CHECK(taken.error().reason == Reason::kBadAnswer);
      return "error: " + taken.error().what;
    }
  }
  if (const auto finished = items.Finish(); !finished) return "error: " + finished.error().what;
  return lines;
}

// The same however it is cut.
std::string Read(std::string_view text, JsonItemsLimits limits = kSmall) {
  const std::string whole = ReadIn(text, text.size() + 1, limits);
  for (const std::size_t piece : {1, 2, 3, 5, 16, 31, 100}) {
    CAPTURE(piece);
    CHECK(ReadIn(text, piece, limits) == whole);
  }
  return whole;
}

bool Fails(std::string_view text, std::string_view words) {
  const std::string read = Read(text);
  CAPTURE(text);
  CAPTURE(read);
  return read.starts_with("error: ") && read.find(words) != std::string::npos;
}

TEST_CASE("json items: the wanted fields of each element, in any order and spelling") {
  CHECK(Read(R"({"data":[]})").empty());
  CHECK(Read(R"({"x":1,"data":[{"a":"1","b":true,"in":{"c":2}}],"y":[{"data":[3]}]})") ==
        "s:1 b:true n:2\n");
  CHECK(Read(R"( { "data" : [ { "in" : { "d":0 , "c" : null } , "b" : -1.5e3 } , {} ] } )") ==
        "- n:-1.5e3 z:null\n- - -\n");
  CHECK(Read(R"({"d\u0061ta":[{"\u0061":"x\n\"]}","in":{"\u0063":"\u00e9"}}]})") ==
        "s:x\n\"]} - s:\xc3\xa9\n");
  CHECK(Read(R"({"data":[{"a":[{"a":1}],"b":{"b":2},"in":[{"c":3}]}]})") == "o o -\n");
  CHECK(Read(R"({"data":[{"c":1,"in":{"in":{"c":2},"a":3}}]})") == "- - -\n");
  CHECK(Read("{\"data\":[{\"a\":\"\xc3\xa9\"}]}") == "s:\xc3\xa9 - -\n");
  CHECK(Read("{\"data\":[{\n    \"a\": \"x\",\r\n\t\"in\"\n:\n{\n\n\"c\"\t:\t7\n}\n}\n]\n}\n") ==
        "s:x - n:7\n");
}

TEST_CASE("json items: elements that each have an order and white space of their own") {
  const std::string hex(98, 'f');  // Of a public key; longer than what is looked at at once.
  std::string text = R"({"data":[)";
  std::string lines;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string space(i * 7 % 40, i % 3 == 0 ? '\n' : ' ');
    const std::string number = std::to_string(i * i * 1000);
    std::vector<std::string> members = {
        "\"a\":" + space + "\"" + number + "\"",
        "\"key\" :\"" + hex + "\"",
        "\"b\": " + number,
        "\"bb\":\"\"",
        "\"in\":{" + space + "\"b\":0,\"c\":\"" + number + "\"" + space + "}",
        "\"inner\":{\"c\":1,\"in\":{\"c\":2}}"};
    std::ranges::rotate(members, members.begin() + static_cast<std::ptrdiff_t>(i % 6));
    text += i == 0 ? "{" : ",{";
    for (std::size_t k = 0; k < members.size(); ++k)
      text += (k > 0 ? "," + space : space) + members[k];
    text += space + "}";
    lines += "s:" + number + " n:" + number + " s:" + number + "\n";
  }
  CHECK(ReadIn(text + "]}", 1000) == lines);
  CHECK(ReadIn(text + "]}", 77) == lines);
}

TEST_CASE("json items: of names that stand twice the last counts, but the array stands once") {
  CHECK(Read(R"({"data":[{"a":1,"a":2,"in":{"c":1,"c":2}}]})") == "n:2 - n:2\n");
  CHECK(Read(R"({"data":[{"in":{"c":1},"in":{}},{"in":{"c":1},"in":4}]})") == "- - -\n- - -\n");
  CHECK(Read(R"({"data":[{"a":1,"a":[2],"in":{"c":"\t"},"in":{"d":1}}]})") == "o - -\n");
  CHECK(Fails(R"({"data":[],"data":[]})", "a second one"));
}

TEST_CASE("json items: elements of one shape after the other are each read by themselves") {
  std::string text = R"({"data":[)";
  std::string lines;
  for (int i = 100; i < 400; ++i) {
    const std::string number = std::to_string(i);
    const bool odd = i % 7 == 3;
    text += R"({"a":")" + number + R"(","b":)" + (odd ? "true" : "null") + R"(,"in":{"c":)" +
            number + "}},";
    lines += "s:" + number + (odd ? " b:true" : " z:null") + " n:" + number + "\n";
  }
  // Each as long as those before, and none of them the same.
  text += R"({"a":"\"\n","b":null,"in":{"c":100}},)"
          R"({"a":"10","b" :null,"in":{"c":100}},)"
          R"({"b":"100","a":null,"in":{"c":100}},)"
          R"({"a":"100","b":null,"in":{"b":100}},)"
          R"({"a":"1","a":"1","b":1,"in":{"c":1}},)"
          R"({"a":"100","b":null,"in":{"c":1.0}}]})";
  lines +=
      "s:\"\n z:null n:100\ns:10 z:null n:100\nz:null s:100 n:100\ns:100 z:null -\n"
      "s:1 n:1 n:1\ns:100 z:null n:1.0\n";
  CHECK(Read(text) == lines);
}

TEST_CASE("json items: what is not JSON, or not such JSON, is an error") {
  CHECK(Fails("", "cut short"));
  CHECK(Fails("[]", "is no object"));
  CHECK(Fails("{}", "has no \"data\""));
  CHECK(Fails(R"({"dat":[]})", "has no \"data\""));
  CHECK(Fails(R"({"data":{}})", "where the array should be"));
  CHECK(Fails(R"({"data":null})", "where the array should be"));
  for (const char* elements : {"1",
                               "null",
                               "[]",
                               "\"{}\"",
                               ",",
                               "{},",
                               ",{}",
                               "{}{}",
                               "{} {}",
                               "{},1",
                               "{}]",
                               "{]",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{\"a\":1,}",
                               "{\"a\":tru}",
                               "{\"a\":\"\x01\"}",
                               "{\"a\":1 \"b\":2}",
                               "{a:1}",
                               "{\"a\":\"\xff\"}",
                               "{\"a\":\"\\x\"}",
                               "{\"x\":[}"}) {
    CAPTURE(elements);
    CHECK(Fails(std::string(R"({"data":[)") + elements + "]}", ""));
  }
  CHECK(Fails(R"({"data":[]}x)", "something follows"));
  CHECK(Fails(R"({"data":[]}{"data":[]})", "something follows"));
  CHECK(Fails(R"({"data":[],})", "where a name should be"));
  CHECK(Fails(R"({"data":[] "x":1})", "after a member"));
  CHECK(Fails(R"({"data":[],"x":[}])", "do not match"));
  CHECK(Fails("{\"\\u12\":1,\"data\":[]}", "bad escape"));
  CHECK(Fails("<html><body>Bad Gateway</body></html>", "is no object"));
}

TEST_CASE("json items: a document cut short anywhere is an error") {
  const std::string text =
      R"({"x":[1,"\"]"],"data":[{"a":"1","in":{"c":"2"}},{"a":"\\"}],"y":-1.5,"z":{"w":null}} )";
  REQUIRE(Read(text) == "s:1 - s:2\ns:\\ - -\n");
  for (std::size_t size = 0; size + 1 < text.size() - 1; ++size) {
    CAPTURE(size);
    CHECK(ReadIn(std::string_view(text).substr(0, size), 7).starts_with("error: "));
  }
}

TEST_CASE("json items: an element or a name has a limit, other members have none") {
  const std::string fits(1980, 'x');
  CHECK(Read(R"({"data":[{"a":")" + fits + "\"}]}") == "s:" + fits + " - -\n");
  CHECK(Fails(R"({"data":[{"a":")" + std::string(2000, 'x') + "\"}]}", "more than 2000 bytes"));
  CHECK(Fails(R"({"data":[{"a":")" + std::string(90'000, 'x') + "\"}]}", "more than 2000 bytes"));
  CHECK(Fails(R"({"data":[{"a":)" + std::string(90'000, '[') + "}]}", ""));
  CHECK(Fails("{\"" + std::string(2000, 'x') + "\":1,\"data\":[]}", "more than 2000 bytes"));
  const std::string large(100'000, 'y');
  CHECK(Read("{\"x\":[\"" + large + "\"],\"data\":[{\"a\":1}],\"y\":\"" + large + "\"}") ==
        "n:1 - -\n");
  CHECK(Read("{\"x\":1" + large.substr(0, 50'000).replace(0, 50'000, 50'000, ' ') + ",\"data\":[" +
             std::string(50'000, '\n') + "]}")
            .empty());
}

TEST_CASE("json items: nesting has a limit, and is no recursion") {
  const auto nested = [](std::size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"data\":[]}";
  };
  CHECK(Read(nested(JsonCut::kDepthMax)).empty());
  CHECK(Fails(nested(JsonCut::kDepthMax + 1), ""));
  std::string deep;
  for (int i = 0; i < 150; ++i) deep += R"({"in":)";
  CHECK(Read(R"({"data":[{"a":1,"b":)" + deep + "0" + std::string(150, '}') + "}]}") ==
        "n:1 o -\n");
}

TEST_CASE("json items: an error of the one who takes the elements ends it") {
  int told = 0;
  JsonItems items("data", {{"", "a"}}, [&](std::span<const JsonScalar>) -> Checked<void> {
    if (++told == 2) return std::unexpected("enough");
    return {};
  });
  const std::string_view text = R"({"data":[{},{},{}]})";
  std::ranges::copy(text, items.Room().begin());
  const auto taken = items.Take(text.size());
  REQUIRE_FALSE(taken);
  CHECK(taken.error().what == "\"data\", after 1 elements: enough");
  CHECK_FALSE(items.Take(0));
  CHECK_FALSE(items.Finish());
  CHECK(told == 2);
}

TEST_CASE("json scalar: a whole number, in a string or not") {
  const auto of = [](JsonKind kind, std::string_view text) {
    return JsonScalar{kind, text}.Unsigned();
  };
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{12'345'678}, std::uint64_t{99'999'999},
        std::uint64_t{32'017'575'311}, std::uint64_t{9'007'199'254'740'993},
        std::uint64_t{9'999'999'999'999'999'999U}, ~std::uint64_t{0}}) {
    CHECK(of(JsonKind::kString, std::to_string(number)) == number);
    CHECK(of(JsonKind::kNumber, std::to_string(number)) == number);
  }
  for (const char* text : {"", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "12345678x",
                           "x2345678", "1234567:", "123/5678", "12345678 12345678",
                           "18446744073709551616", "123456789012345678901"}) {
    CAPTURE(text);
    CHECK_FALSE(of(JsonKind::kString, text));
  }
  CHECK_FALSE(of(JsonKind::kBool, "1"));
  CHECK_FALSE(of(JsonKind::kMissing, ""));
}

TEST_CASE("json text: plain text ends at what is not, wherever that is") {
  for (std::size_t size = 0; size < 70; ++size) {
    for (const char stop : {'"', '\\', '\0', '\x1f', '\x80', '\xff'}) {
      std::string text(size, 'x');
      if (size > 2) text[1] = '\x7f';
      text += stop;
      text += std::string(40, '"') + std::string(kJsonReach, '\0');
      CHECK(SkipPlain(text.data()) == text.data() + size);
    }
  }
}

TEST_CASE("json text: the end of each string, however far apart they are") {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> strings;  // From behind the quote to the next.
  for (std::size_t size = 0; size < 150; ++size) {
    text += std::string(size % 9, size % 2 == 0 ? '\n' : ',') + '"';
    strings.emplace_back(text.size(), text.size() + size);
    text += std::string(size, 'x') + '"';
  }
  text += "\"no end" + std::string(kJsonReach, '\0');
  JsonQuotes quotes(text.data());
  for (const auto& [begin, end] : strings) {
    CAPTURE(begin);
    CHECK(quotes.EndOf(text.data() + begin) == text.data() + end);
  }
  const std::size_t last = strings.back().second + 2;
  CHECK(quotes.EndOf(text.data() + last) == text.data() + text.find('\0'));
}

TEST_CASE("json text: white space of any length") {
  for (std::size_t size = 0; size < 70; ++size) {
    for (const char* kinds : {" ", "\n", "\n    ", "\r\n\t", " \t"}) {
      const std::string_view kind = kinds;
      std::string text;
      while (text.size() < size) text += kind[text.size() % kind.size()];
      for (const char stop : {'"', '\0', '\x1f', '\xa0', '\v', '{'}) {
        const std::string whole = text + stop + std::string(kJsonReach, ' ');
        CHECK(SkipJsonSpace(whole.data()) == whole.data() + size);
      }
    }
  }
}

}  // namespace
}  // namespace stakewatch::testing
