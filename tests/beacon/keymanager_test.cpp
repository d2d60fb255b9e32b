// The validator client's own API: read, counted, and nothing of it kept.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "common/page.h"
#include "exporters/beacon/keymanager.h"
#include "exporters/beacon/metrics.h"
#include "exporters/beacon/own_validators.h"
#include "tests/beacon/scripted.h"
#include "tests/testing.h"

namespace stakewatch::beacon {
namespace {

const std::string kVersion = R"({"beacon":"Prysm/v7.1.6/1fc46453cf9d. Built at: Moments_ago",)"
                             R"("validator":"Prysm/v7.1.6/1fc46453cf9d. Built at: Moments_ago"})";
const std::string kKeys =
    R"({"data":[{"validating_pubkey":"0xaa","derivation_path":"m/12381/3600/0/0/0","readonly":true},)"
    R"({"validating_pubkey":"0xbb"}]})";

std::string PageOf(const Scripted::Answers& answers) {
  const Scripted client(answers);
  Sheet sheet(kMetrics);
  const auto fared =
      ScrapeKeymanager(KeymanagerClient(client), Deadline(std::chrono::seconds(5)), sheet);
  if (!fared) return "error: " + fared.error().what;
  return WritePage(std::move(sheet).TakeFamilies());
}

TEST_CASE("beacon: the keymanager's client can only read") {
  const std::set<std::string_view> allowed = {"/eth/v1/keystores", "/eth/v1/remotekeys",
                                              "/v2/validator/health/version"};
  for (std::size_t i = 0; i < kKeymanagerCalls.size(); ++i) {
    const Request request = ToRequest(static_cast<KeymanagerCall>(i));
    CHECK(allowed.contains(request.path));
    CHECK(request.body.empty());  // A GET.
  }
  const Scripted client(Scripted::Answers{{"keystores", kKeys}, {"health_version", kVersion}});
  Sheet sheet(kMetrics);
  REQUIRE(ScrapeKeymanager(KeymanagerClient(client), Deadline(std::chrono::seconds(5)), sheet)
              .has_value());
  CHECK(client.TakeAsked() ==
        std::vector<std::string>{"keystores", "remotekeys", "health_version"});
}

TEST_CASE("beacon: keys are counted by kind, and the client's version is told") {
  const std::string page = PageOf(
      {{"keystores", kKeys}, {"remotekeys", R"({"data":[]})"}, {"health_version", kVersion}});
  CHECK(page.find("beaconapi_keymanager_keys{kind=\"local\"} 2\n") != std::string::npos);
  CHECK(page.find("beaconapi_keymanager_keys{kind=\"remote\"} 0\n") != std::string::npos);
  CHECK(page.find("beaconapi_validator_client_info{client=\"prysm\",version=\"7.1.6\"} 1\n") !=
        std::string::npos);
  CHECK(page.find("12381") == std::string::npos);
  CHECK(page.find("0xaa") == std::string::npos);
}

TEST_CASE("beacon: validator clients without remote keys or a version") {
  for (const char* none : {"404 page not found", "405 x", "501 Not Implemented"}) {
    const std::string page =
        PageOf({{"keystores", kKeys}, {"remotekeys", none}, {"health_version", none}});
    CHECK(page.find("kind=\"local\"} 2\n") != std::string::npos);
    CHECK(page.find("kind=\"remote\"") == std::string::npos);
    CHECK(page.find("client_info") == std::string::npos);
  }
  CHECK(PageOf({{"keystores", kKeys}, {"health_version", "401 x"}}).find("local\"} 2") !=
        std::string::npos);
  CHECK(PageOf({}) == "error: keystores: HTTP 404: this is no keymanager API");
}

TEST_CASE("beacon: refusals of the keymanager say what to do, in our own words") {
  // As Prysm answers.
  const std::string none =
      R"(401 {"message":"Unauthorized: no Authorization header passed. Please use one","code":401})";
  const std::string wrong = R"(403 {"message":"Forbidden: token value is invalid","code":403})";
  const std::string wallet =
      R"(503 {"message":"Prysm Wallet not initialized. Please create a new wallet.","code":503})";
  CHECK(PageOf({{"keystores", none}}) ==
        "error: keystores: HTTP 401: the validator client wants a token: "
        "--keymanager.bearer-token-file");
  CHECK(PageOf({{"keystores", wrong}}).find("does not accept the token") != std::string::npos);
  CHECK(PageOf({{"keystores", wallet}}).find("has no wallet") != std::string::npos);
  CHECK(PageOf({{"keystores", "500 secret"}}).starts_with("error: keystores: HTTP 500"));
  CHECK(PageOf({{"keystores", kKeys}, {"remotekeys", wrong}}).find("remotekeys: HTTP 403") !=
        std::string::npos);
}

TEST_CASE("beacon: answers of the keymanager of another shape") {
  for (const char* bad : {"", "<html>", "{}", "[]", R"({"data":null})", R"({"data":[1]})",
                          R"({"data":["0xaa"]})", R"({"data":[{"validating_pubkey":)"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseKeyCount(bad).has_value());
    CHECK(PageOf({{"keystores", bad}}).starts_with("error: keystores: "));
  }
  CHECK(ParseKeyCount(R"({"data":[]})") == 0);
  for (const char* bad : {"{}", R"({"validator":1})", R"({"validator":null})"}) {
    CHECK_FALSE(ParseValidatorClientVersion(bad).has_value());
  }
  const auto odd = ParseValidatorClientVersion("{\"validator\":\"Mallory\\n/v1\"}");
  REQUIRE(odd.has_value());
  CHECK(odd->client == "other");
}

TEST_CASE("beacon: the settings of own validators are checked") {
  const testing::TemporaryFolder folder;
  const auto node = std::make_shared<Scripted>(Scripted::Answers{});
  const auto made = [&](const ValidatorSettings& settings) {
    OwnMetrics own;
    const auto sources = MakeValidatorSources(settings, node, &own);
    if (!sources) return sources.error();
    std::string names;
    for (const Source& source : sources->sources) names += std::string(source.name) + " ";
    return names + (sources->restart_window ? "window" : "");
  };
  ValidatorSettings settings;
  CHECK(made(settings).empty());
  settings.file = folder.Write("validators", "1\n");
  CHECK(made(settings) == "validators duties schedule window");
  settings.keymanager_url = "http://127.0.0.1:7500";
  CHECK(made(settings) == "validators duties schedule keymanager window");
  settings.fee_recipients = {"0x00000000219ab540356cBB839Cbe05303d7705Fa"};
  CHECK(made(settings) == "validators duties schedule keymanager window");

  ValidatorSettings bad = settings;
  bad.file = folder.Write("bad", "1\nx\n");
  CHECK(made(bad).starts_with("--validators-file: "));
  CHECK(made(bad).find("line 2: ") != std::string::npos);
  bad.file = folder.Path() + "/none";
  CHECK(made(bad).starts_with("--validators-file: "));
  bad = settings;
  bad.fee_recipients = {"0x1"};
  CHECK(made(bad).starts_with("--validators.fee-recipients: "));
  bad = settings;
  bad.restart.avoid = {"nothing"};
  CHECK(made(bad).starts_with("--restart.avoid: "));
  bad = settings;
  bad.per_key_limit = 1001;
  CHECK(made(bad).starts_with("--validators.per-key-limit: "));
  bad = settings;
  bad.keymanager_url = "ftp://x";
  CHECK(made(bad).starts_with("--keymanager.url: "));
  bad = settings;
  bad.keymanager.bearer_token_file = folder.Path() + "/none";
  CHECK(made(bad).starts_with("--keymanager."));
}

}  // namespace
}  // namespace stakewatch::beacon
