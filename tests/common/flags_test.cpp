#include "common/flags.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "common/duration.h"
#include "common/scrape/probe.h"

namespace stakewatch {
namespace {

struct Values {
  std::string url = "http://127.0.0.1";
  std::vector<std::string> listen = {"a:1"};
  std::size_t most = 40;
  std::chrono::milliseconds timeout{10000};
  std::string level = "info";
  bool follow = false;
  bool ran = false;
};

// 0: to serve; otherwise what main would return.
int Parsed(Values& values, std::vector<std::string> arguments) {
  Flags flags("try_exporter", "Tries.");
  flags.Group("Try");
  flags.Add("try.url", values.url, "Where.");
  flags.Add("web.listen-address", values.listen, "Listen.");
  flags.Add("web.max-requests", values.most, "Most.");
  flags.Add("scrape.timeout", values.timeout, "Time-out.");
  flags.AddChoice("log.level", values.level, {"info", "debug"}, "Level.");
  flags.Command(
      "list", "List.", [&](Flags& own) { own.Add("follow", values.follow, "Follow."); },
      [&] { return 7; });
  std::vector<char*> argv = {const_cast<char*>("try_exporter")};
  for (auto& argument : arguments) argv.push_back(argument.data());
  const auto parsed = flags.Parse(static_cast<int>(argv.size()), argv.data());
  if (!parsed) return parsed.error() == 0 ? -1 : parsed.error();
  values.ran = bool(flags.Chosen());
  return 0;
}

TEST_CASE("flags: are read in both forms") {
  Values values;
  CHECK(Parsed(values, {"--try.url=x", "--web.listen-address", "b:2", "--web.listen-address=c:3",
                        "--scrape.timeout=5m", "--web.max-requests=7", "--log.level=debug"}) == 0);
  CHECK(values.url == "x");
  CHECK(values.listen == std::vector<std::string>{"b:2", "c:3"});
  CHECK(values.timeout == std::chrono::minutes(5));
  CHECK(values.most == 7);
  CHECK(values.level == "debug");
  CHECK_FALSE(values.ran);
}

TEST_CASE("flags: a command has its own, and the shared ones on either side") {
  Values values;
  CHECK(Parsed(values, {"list", "--follow", "--try.url=y"}) == 0);
  CHECK(values.ran);
  CHECK(values.follow);
  CHECK(values.url == "y");
  CHECK(Parsed(values, {"--try.url=z", "list", "--no-follow"}) == 0);
  CHECK_FALSE(values.follow);
}

TEST_CASE("flags: come from the environment, and the command line wins") {
  setenv("STAKEWATCH_TRY_URL", "from-environment", 1);
  setenv("STAKEWATCH_WEB_LISTEN_ADDRESS", "d:4,e:5", 1);
  setenv("STAKEWATCH_WEB_MAX_REQUESTS", "", 1);
  Values values;
  CHECK(Parsed(values, {}) == 0);
  CHECK(values.url == "from-environment");
  CHECK(values.listen == std::vector<std::string>{"d:4", "e:5"});
  CHECK(values.most == 40);
  CHECK(Parsed(values, {"--try.url=given"}) == 0);
  CHECK(values.url == "given");
  for (const char* name :
       {"STAKEWATCH_TRY_URL", "STAKEWATCH_WEB_LISTEN_ADDRESS", "STAKEWATCH_WEB_MAX_REQUESTS"}) {
    unsetenv(name);
  }
}

TEST_CASE("flags: what is wrong ends with status 2") {
  for (const char* wrong :
       {"--try.ulr=x", "--scrape.timeout=5", "--scrape.timeout=-5s", "--web.max-requests=x",
        "--web.max-requests=-1", "--log.level=loud", "lost", "--follow", "-x"}) {
    CAPTURE(wrong);
    Values values;
    CHECK(Parsed(values, {wrong}) == 2);
  }
  Values values;
  CHECK(Parsed(values, {"--nonsense", "--help"}) == -1);
}

TEST_CASE("durations: both ways") {
  for (const char* text : {"1ms", "10s", "5m", "1h", "2d", "1500ms", "0s"}) {
    CAPTURE(text);
    REQUIRE(ParseDuration(text).has_value());
    CHECK(WriteDuration(*ParseDuration(text)) == text);
  }
  for (const char* text : {"", "5", "s", "-1s", "1 s", "1.5s", "1w", "99999999999999999999s",
                           "9223372036854775807d"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDuration(text).has_value());
  }
}

TEST_CASE("probe: a pattern allows what it shows and no more") {
  const std::vector<std::string> patterns = {"http://10.0.0.*:8545", "https://*.nodes.example/*"};
  for (const char* allowed : {"http://10.0.0.7:8545", "https://a-1.nodes.example/key"}) {
    CHECK(ProbeAllowed(allowed, patterns));
  }
  for (const char* refused :
       {"http://10.0.0.evil.example:8545", "http://10.0.0.7:8545/x", "http://10.0.0.:8545",
        "http://10.0.0.7:85451", "http://evil.example/?http://10.0.0.7:8545", "/run/geth.ipc",
        "unix:/run/geth.ipc", "file:///etc/passwd", "https://a.b.nodes.example/key",
        "https://evil.example/.nodes.example/key", "http://u:p@10.0.0.7:8545", "",
        "http://10.0.0.7:8545\r\nX: y", "https://x@a.nodes.example/key"}) {
    CAPTURE(refused);
    CHECK_FALSE(ProbeAllowed(refused, patterns));
  }
  CHECK_FALSE(ProbeAllowed("http://10.0.0.7:8545", {}));
  CHECK_FALSE(ProbeAllowed("/run/geth.ipc", {"/run/geth.ipc"}));
}

}  // namespace
}  // namespace stakewatch
