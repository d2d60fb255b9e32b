// Dates, times and ids; and that nothing but reading can be said.
#include <doctest/doctest.h>

#include <set>
#include <type_traits>

#include "exporters/jormungandr/client.h"
#include "exporters/jormungandr/external_tip.h"
#include "exporters/jormungandr/fragments.h"
#include "exporters/jormungandr/leaders.h"
#include "exporters/jormungandr/ledger.h"
#include "exporters/jormungandr/values.h"
#include "tests/jormungandr/node.h"

namespace stakewatch::jormungandr::testing {
namespace {

TEST_CASE("jormungandr: times with every fraction and both zones") {
  CHECK(ReadTime("2026-11-21T06:34:31Z") == 1795242871);
  CHECK(ReadTime("2026-11-21T06:34:31+00:00") == 1795242871);
  CHECK(ReadTime("2026-11-21T08:34:31+02:00") == 1795242871);
  CHECK(*ReadTime("2026-11-21T06:34:31.0010416Z") == doctest::Approx(1795242871.0010416));
  CHECK(*ReadTime("2026-11-21T06:34:31.001041623Z") == doctest::Approx(1795242871.001041623));
  CHECK(*ReadTime("2026-11-21T06:34:31.00104162+00:00") == doctest::Approx(1795242871.00104162));
  CHECK(ReadTime("1970-01-01T00:00:00Z") == 0);
  for (const char* const bad :
       {"", "2026-11-21", "2026-11-21T06:34:31", "2026-11-21T06:34:31.Z", "2026-13-21T06:34:31Z",
        "2026-02-30T06:34:31Z", "2026-11-21T24:34:31Z", "2026-11-21T06:34:31.0123456789Z",
        "2026-11-21T06:34:31+0000", "2026-11-21T06:34:31Zx", "-026-11-21T06:34:31Z"}) {
    CAPTURE(bad);
    CHECK_FALSE(ReadTime(bad));
  }
}

TEST_CASE("jormungandr: dates are an epoch and a slot") {
  CHECK(ReadBlockDate("1.46")->epoch == 1);
  CHECK(ReadBlockDate("1.46")->slot == 46);
  CHECK(ReadBlockDate("0.18446744073709551615")->slot == 18446744073709551615U);
  for (const char* const bad : {"", ".", "1", "1.", ".1", "-1.2", "1.2.3", "1.-2", "a.b", "1. 2"}) {
    CAPTURE(bad);
    CHECK_FALSE(ReadBlockDate(bad));
  }
}

TEST_CASE("jormungandr: an id is 64 hexadecimal digits and nothing else") {
  CHECK(Id::Of(kPool)->Text() == kPool);
  CHECK(Id::Of(std::string(64, 'A'))->Text() == std::string(64, 'a'));
  for (const std::string& bad :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(63, 'a') + "/",
        std::string("../shutdown"), std::string(63, 'a') + "%", std::string(63, 'a') + "\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(Id::Of(bad));
  }
}

// Notes what it is asked for.
class Noting : public Upstream {
 public:
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    paths.insert(request.path);
    CHECK(request.body.empty());  // An empty body is GET.
    return "";
  }
  mutable std::set<std::string> paths;
};

TEST_CASE("jormungandr: all that a client can say is this list, by GET") {
  const Noting node;
  const Client client(node);
  const Deadline deadline(std::chrono::seconds(1));
  const auto any = [](const std::string&) -> Result<bool> { return true; };
  for (std::size_t i = 0; i < kCalls.size(); ++i) {
    CHECK(client.Ask(static_cast<Call>(i), deadline, any));
  }
  FragmentLogReader reader;
  CHECK(client.AskInPieces(Call::kFragmentLogs, deadline, 1, reader));
  for (std::size_t i = 0; i < kCallsAbout.size(); ++i) {
    CHECK(client.Ask(static_cast<CallAbout>(i), *Id::Of(kPool), deadline, any));
  }
  CHECK(node.paths ==
        std::set<std::string>{"/api/v0/node/stats", "/api/v0/settings", "/api/v0/network/stats",
                              "/api/v0/leaders", "/api/v0/leaders/logs", "/api/v0/fragment/logs",
                              "/api/v0/rewards/remaining", "/api/v0/block/" + kPool,
                              "/api/v0/stake_pool/" + kPool, "/api/v0/account/" + kPool});
  // Neither a path nor a body can be given, and an id only by Of, which the case above holds.
  static_assert(!std::is_constructible_v<Id, std::string>);
  static_assert(!std::is_default_constructible_v<Id>);
}

template <class T>
concept SaysText = requires(const Client& client, const Deadline& deadline, T text) {
  client.Ask(text, deadline, [](const std::string&) -> Result<bool> { return true; });
};
static_assert(SaysText<Call>);
static_assert(!SaysText<const char*> && !SaysText<std::string> && !SaysText<Request>);

TEST_CASE("jormungandr: no URL of a flag or a probe may name the path that stops a node") {
  for (const char* const bad :
       {"http://127.0.0.1:1/api/v0/shutdown", "http://127.0.0.1:1/api/v0/shutdown?",
        "http://127.0.0.1:1/API/v0/ShutDown", "http://127.0.0.1:1/api/v0/%73hutdown"}) {
    CAPTURE(bad);
    OwnMetrics own;
    Settings url, reference, tip;
    url.url = bad;
    reference.references = {std::string("a=") + bad};
    tip.external_tip_url = bad;
    CHECK_FALSE(Sources(url, own));
    CHECK_FALSE(Sources(reference, own));
    CHECK_FALSE(Sources(tip, own));
    CHECK_FALSE(ProbeSources(Settings{}, bad));
  }
}

TEST_CASE("jormungandr: flags that are wrong are told by name") {
  const auto error = [](const std::function<void(Settings&)>& set) {
    Settings settings;
    set(settings);
    OwnMetrics own;
    const auto sources = Sources(settings, own);
    return sources ? std::string() : sources.error();
  };
  CHECK(error([](Settings&) {}).empty());
  CHECK(error([](Settings& s) { s.pools = {"zz"}; }).starts_with("--jormungandr.pools: "));
  CHECK(error([](Settings& s) { s.accounts = {"zz"}; }).starts_with("--jormungandr.accounts: "));
  CHECK(error([](Settings& s) { s.block0 = "zz"; }).starts_with("--jormungandr.block0: "));
  CHECK(error([](Settings& s) {
          s.references = {"http://h:1/a", "http://h:1/b"};
        }).contains("two of the name h:1"));
  CHECK(error([](Settings& s) { s.references = {"a=http://h:1/a", "b=http://h:1/b"}; }).empty());
  CHECK_FALSE(error([](Settings& s) {
                s.references.clear();
                for (int i = 0; i < 11; ++i) {
                  s.references.push_back(std::to_string(i) + "=http://h:1");
                }
              }).empty());
}

TEST_CASE("jormungandr: fragments by status, of whatever shape that is") {
  const auto counts = ParseFragmentLogs(
      R"([{"status":"Pending"},{"status":{"InABlock":{"date":"1.2","block":"aa"}}},{"a":[[]],)"
      R"("status":{"Rejected":{"reason":"x\"y"}}},{"status":"Lost"},{"status":{"New":1}}])");
  REQUIRE(counts);
  CHECK(*counts == FragmentCounts{1, 1, 1, 2});
  CHECK(*ParseFragmentLogs(" [ ] \n") == FragmentCounts{});
  for (const char* const bad :
       {"", "[", "{}", "null", "[]]", "[]}", "[1]", "[{}]", "[{\"status\":1}]",
        "[{\"status\":null}]", "[{\"status\":\"Pending\"},]", "[]x"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseFragmentLogs(bad));
  }
  std::string many = "[";
  for (int i = 0; i < 50'000; ++i) many += R"({"fragment_id":"00","status":"Pending"},)";
  many.back() = ']';
  CHECK((*ParseFragmentLogs(many))[0] == 50'000);
}

TEST_CASE("jormungandr: the external tip by its path") {
  const std::string text = R"({"majoritymax":"195","a":{"b":[{"c":7},{"c":"8"}]},"x":null})";
  CHECK(ParseExternalTip(text, "majoritymax") == 195);
  CHECK(ParseExternalTip(text, "$.a.b.1.c") == 8);
  CHECK(ParseExternalTip("[[3]]", "0.0") == 3);
  for (const char* const bad : {"", "no", "a", "a.b", "a.b.2.c", "a.b.x.c", "x", "majoritymax.y",
                                "a..b", "$.", "a.b.-1.c"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseExternalTip(text, bad));
  }
  for (const char* const bad : {"", "<html>", "7", "{\"majoritymax\":-1}", "{\"majoritymax\":1.5}",
                                "{\"majoritymax\":\"-1\"}"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseExternalTip(bad, "majoritymax"));
  }
}

}  // namespace
}  // namespace stakewatch::jormungandr::testing
