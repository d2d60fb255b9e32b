#include "exporters/beacon/validator_set.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "exporters/beacon/metrics_validator_set.h"
#include "tests/common/raw_server.h"
#include "tests/testing.h"

namespace stakewatch::testing {
namespace {

using beacon::AskValidatorSet;
using beacon::Client;
using beacon::kSetStatuses;
using beacon::ValidatorSet;
using beacon::ValidatorSetJob;
using beacon::ValidatorSetReader;
using beacon::ValidatorSums;

std::string Recorded(const std::string& name) {
  return ReadFile(TestsFolder() + "/beacon/validator_set/" + name + ".json");
}

Result<ValidatorSet> ReadIn(std::string_view text, std::size_t piece) {
  ValidatorSetReader reader;
  while (!text.empty()) {
    const auto room = reader.Room();
    const std::size_t n = std::min({piece, text.size(), room.size()});
    std::ranges::copy(text.substr(0, n), room.begin());
    text.remove_prefix(n);
    if (const auto taken = reader.Take(n); !taken) return std::unexpected(taken.error());
  }
  return reader.Finish();
}

// The same however it is cut.
Result<ValidatorSet> Read(std::string_view text) {
  auto whole = ReadIn(text, text.size() + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, std::size_t{1460}}) {
    const auto cut = ReadIn(text, piece);
    CHECK(cut.has_value() == whole.has_value());
    if (cut && whole) CHECK(cut->Active().balance == whole->Active().balance);
  }
  return whole;
}

ValidatorSums Of(const ValidatorSet& set, std::string_view status) {
  const auto at = std::ranges::find(kSetStatuses, status);
  REQUIRE(at != kSetStatuses.end());
  return set.by_status[static_cast<std::size_t>(at - kSetStatuses.begin())];
}

// As clients write it, but for the keys.
std::string Validator(const std::string& status, const std::string& balance,
                      const std::string& effective, const std::string& slashed = "false") {
  return R"({"index":"1","balance":)" + balance + R"(,"status":")" + status +
         R"(","validator":{"pubkey":"0xab","withdrawal_credentials":"0xcd","effective_balance":)" +
         effective + R"(,"slashed":)" + slashed +
         R"(,"activation_eligibility_epoch":"0","activation_epoch":"0",)"
         R"("exit_epoch":"18446744073709551615","withdrawable_epoch":"18446744073709551615"}})";
}

std::string Answer(const std::vector<std::string>& validators) {
  std::string text = R"({"execution_optimistic":false,"finalized":false,"data":[)";
  for (const std::string& validator : validators) {
    if (text.back() == '}') text += ',';
    text += validator;
  }
  return text + "]}";
}

TEST_CASE("validator set: what Prysm answers") {
  const auto healthy = Read(Recorded("prysm-7.1.6-healthy"));
  REQUIRE(healthy);
  CHECK(Of(*healthy, "active_ongoing").validators == 8);
  CHECK(Of(*healthy, "active_ongoing").effective_balance == 256'000'000'000);
  CHECK(Of(*healthy, "active_ongoing").balance == 256'091'398'346);
  CHECK(healthy->Active().validators == 8);
  CHECK(healthy->slashed == 0);
  CHECK(healthy->bytes == Recorded("prysm-7.1.6-healthy").size());

  const auto optimistic = Read(Recorded("prysm-7.1.6-optimistic"));
  REQUIRE(optimistic);
  CHECK(optimistic->Active().validators == 2);
  CHECK(optimistic->Active().balance == 64'032'197'602);

  const auto none = Read(Recorded("prysm-7.1.6-none"));
  REQUIRE(none);
  CHECK(none->Active().validators == 0);
  CHECK(none->bytes == 59);
}

TEST_CASE("validator set: every status, and those that nobody knows yet") {
  std::vector<std::string> validators;
  for (const std::string_view status : kSetStatuses) {
    validators.push_back(Validator(std::string(status), "\"32000000001\"", "\"32000000000\"",
                                   status.ends_with("slashed") ? "true" : "false"));
  }
  validators.push_back(Validator("active_consolidating", "\"5\"", "\"3\""));
  validators.push_back(Validator("", "\"0\"", "\"0\""));
  validators.push_back(Validator("withdrawal_done", "\"0\"", "\"0\"", "true"));
  const auto set = Read(Answer(validators));
  REQUIRE(set);
  for (const std::string_view status : kSetStatuses) {
    CAPTURE(status);
    const ValidatorSums sums = Of(*set, status);
    CHECK(sums.validators == (status == "other" ? 3 : status == "withdrawal_done" ? 2 : 1));
    CHECK(sums.balance == (status == "other" ? 32'000'000'006 : 32'000'000'001));
    CHECK(sums.effective_balance == (status == "other" ? 32'000'000'003 : 32'000'000'000));
  }
  CHECK(set->slashed == 4);  // Also "exited_unslashed", as this test made it.
  CHECK(set->Active().validators == 3);
  CHECK(set->Active().balance == 96'000'000'003);
}

TEST_CASE("validator set: however a client spells it") {
  const auto spelt = Read(R"(
    { "data" : [
      { "validator": { "slashed": false, "effective_balance": 32000000000 },
        "status": "active\u005fongoing", "new": {"a": ["b", {"c": "}"}]}, "balance": 31999999999 },
      { "validator": { "effective_balance": "2048000000000", "slashed": true, "balance": "7" },
        "balance": "18446744073709551", "status": "active_exiting", "status": "active_slashed" }
    ], "dependent_root": "0x00", "finalized": true, "execution_optimistic": false })");
  REQUIRE(spelt);
  CHECK(Of(*spelt, "active_ongoing").balance == 31'999'999'999);
  CHECK(Of(*spelt, "active_exiting").validators == 0);
  CHECK(Of(*spelt, "active_slashed").balance == 18'446'744'073'709'551);
  CHECK(spelt->Active().effective_balance == 2'080'000'000'000);
  CHECK(spelt->slashed == 1);
}

TEST_CASE("validator set: sums are exact to 64 bits, and no more is an error") {
  const std::string most = "\"18446744073709551614\"";
  const auto exact = Read(Answer({Validator("active_ongoing", most, "\"9007199254740993\""),
                                  Validator("exited_slashed", "\"1\"", "\"0\"")}));
  REQUIRE(exact);
  CHECK(exact->Active().balance == 18'446'744'073'709'551'614U);
  CHECK(exact->Active().effective_balance == 9'007'199'254'740'993);
  const auto more = Read(Answer(
      {Validator("active_ongoing", most, "\"0\""), Validator("exited_slashed", "\"2\"", "\"0\"")}));
  REQUIRE_FALSE(more);
  CHECK(more.error().what == "\"data\", after 1 elements: balances out of all proportion");
}

TEST_CASE("validator set: what is none is an error that says what is wrong") {
  const auto fails = [](const std::string& answer, std::string_view words) {
    const auto read = Read(answer);
    REQUIRE_FALSE(read);
    CAPTURE(read.error().what);
    CHECK(read.error().reason == Reason::kBadAnswer);
    CHECK(read.error().what.find(words) != std::string::npos);
  };
  for (const char* balance : {"\"\"", "\"-1\"", "-1", "1.5", "\"0x10\"", "null", "[]", "true",
                              "\"18446744073709551616\"", "\"32 \""}) {
    fails(Answer({Validator("active_ongoing", balance, "\"1\"")}), "without a balance");
    fails(Answer({Validator("active_ongoing", "\"1\"", balance)}), "without an effective_balance");
  }
  fails(Answer({Validator("active_ongoing", "\"1\"", "\"1\"", "\"false\"")}), "without slashed");
  fails(Answer({R"({"balance":"1","validator":{"effective_balance":"1","slashed":false}})"}),
        "without a status");
  fails(
      Answer(
          {R"({"balance":"1","status":"active_ongoing","effective_balance":"1","slashed":true})"}),
      "without an effective_balance");
  fails(Answer({"\"0xab\""}), "no object");
  fails("<html>502 Bad Gateway</html>", "no object");
  fails(R"({"message":"syncing","code":503})", "has no \"data\"");
  const std::string whole = Recorded("prysm-7.1.6-healthy");
  fails(whole.substr(0, whole.size() / 2), "cut short");
  fails(whole.substr(0, whole.rfind("]}")), "cut short");
}

// The samples of a sheet: "name{value of its label}" and their numbers.
std::map<std::string, double> Told(const std::function<void(Sheet&)>& tell) {
  Sheet sheet(beacon::kValidatorSetMetrics);
  tell(sheet);
  std::map<std::string, double> told;
  for (const auto& family : std::move(sheet).TakeFamilies()) {
    for (const auto& sample : family.metric) {
      std::string name = family.name.substr(std::string("beaconapi_validator_set_").size());
      if (!sample.label.empty()) name += "{" + sample.label[0].value + "}";
      told[name] = family.type == prometheus::MetricType::Counter ? sample.counter.value
                                                                  : sample.gauge.value;
    }
  }
  return told;
}

TEST_CASE("validator set: what is told") {
  const auto set = Read(Answer({Validator("active_ongoing", "\"32000000007\"", "\"32000000000\""),
                                Validator("active_exiting", "\"31000000000\"", "\"31000000000\""),
                                Validator("withdrawal_done", "\"0\"", "\"0\"", "true")}));
  REQUIRE(set);
  const auto told = Told([&](Sheet& sheet) { TellValidatorSet(*set, sheet); });
  CHECK(told.size() == 30 + 7);
  CHECK(told.at("validators{active_ongoing}") == 1);
  CHECK(told.at("validators{pending_queued}") == 0);
  CHECK(told.at("balance_gwei{active_ongoing}") == 32'000'000'007);
  CHECK(told.at("effective_balance_gwei{active_exiting}") == 31'000'000'000);
  CHECK(told.at("active_validators") == 2);
  CHECK(told.at("active_balance_gwei") == 63'000'000'007);
  CHECK(told.at("active_effective_balance_gwei") == 63'000'000'000);
  CHECK(told.at("average_balance_gwei") == 31'500'000'003.5);
  CHECK(told.at("average_effective_balance_gwei") == 31'500'000'000);
  CHECK(told.at("slashed") == 1);
  CHECK(told.at("bytes") == static_cast<double>(set->bytes));

  const auto empty = Told([](Sheet& sheet) { beacon::TellValidatorSet({}, sheet); });
  CHECK(empty.at("active_validators") == 0);
  CHECK_FALSE(empty.contains("average_balance_gwei"));
}

TEST_CASE("validator set: is streamed over HTTP, chunked or not") {
  std::vector<std::string> validators(4000,
                                      Validator("active_ongoing", "\"32000000001\"", "\"32\""));
  const std::string body = Answer(validators);
  for (const bool chunked : {false, true}) {
    std::string answer = "HTTP/1.1 200 OK\r\n";
    if (chunked) {
      answer += "Transfer-Encoding: chunked\r\n\r\n";
      for (std::size_t at = 0; at < body.size(); at += 4096) {
        const std::string part = body.substr(at, 4096);
        char size[32];
        std::snprintf(size, sizeof size, "%zX\r\n", part.size());
        answer += size + part + "\r\n";
      }
      answer += "0\r\n\r\n";
    } else {
      answer += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    const RawServer server([&](RawPeer& peer) {
      const std::string request = peer.ReadRequest();
      CHECK(request.starts_with("GET /eth/v1/beacon/states/head/validators HTTP/1.1\r\n"));
      peer.Send(answer);
    });
    UpstreamOptions options;
    options.body_bytes_max = 1000;  // Which is of no matter here.
    const auto node = HttpUpstream(server.Url(), options);
    REQUIRE(node);
    const auto set = AskValidatorSet(Client(**node), Deadline(20s));
    REQUIRE_MESSAGE(set.has_value(), (set ? "" : set.error().what));
    CHECK(set->Active().validators == 4000);
    CHECK(set->Active().balance == 4000 * 32'000'000'001);
    CHECK(set->bytes == body.size());
  }
}

// Answers as the test says.
class Node : public Upstream {
 public:
  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    ++asked;
    CHECK(request.name == "validators");
    const std::lock_guard lock(mutex);
    return answer;
  }
  void Set(Result<std::string> to) {
    const std::lock_guard lock(mutex);
    answer = std::move(to);
  }

  mutable std::atomic<int> asked = 0;
  mutable std::mutex mutex;
  Result<std::string> answer = Fail(Reason::kUnreachable, "not set");
};

bool Soon(const std::function<bool()>& is) {
  const Deadline until(10s);
  while (!is()) {
    if (until.Over()) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST_CASE("validator set: is asked for once an epoch, of a synced node on a known chain") {
  const auto node = std::make_shared<Node>();
  node->Set(Answer({Validator("active_ongoing", "\"32\"", "\"32\"")}));
  std::atomic<bool> known = false;
  std::atomic<bool> synced = false;
  std::atomic<int> looks = 0;
  std::atomic<std::int64_t> now = 1'000;
  const auto spec = std::make_shared<beacon::Spec>();
  spec->slot_ms = 12'000;
  spec->slots_per_epoch = 32;
  ValidatorSetJob job({.node = node,
                       .chain = [&]() -> std::optional<beacon::Chain> {
                         ++looks;
                         if (!known) return std::nullopt;
                         return beacon::Chain{{.time = 1'000, .validators_root = ""}, spec};
                       },
                       .synced = [&] { return synced.load(); },
                       .clock = [&] { return JobTime(std::chrono::seconds(now)); }});
  const auto told = [&] {
    std::optional<Error> error;
    auto samples = Told([&](Sheet& sheet) {
      if (const auto fared = job.Tell(sheet); !fared) error = fared.error();
    });
    if (error) samples["error"] = static_cast<double>(error->reason);
    return samples;
  };
  const auto looked = [&] {
    const int before = looks;
    job.Wake();
    return Soon([&] { return looks > before + 1 || (job.Wake(), false); });
  };
  CHECK(told() == std::map<std::string, double>{{"failures_total", 0}});
  job.Start();
  now = 1'200;
  REQUIRE(looked());
  known = true;
  REQUIRE(looked());
  CHECK(node->asked == 0);
  synced = true;
  REQUIRE(Soon([&] { return (job.Wake(), told().contains("last_success_timestamp_seconds")); }));
  CHECK(told().at("last_success_timestamp_seconds") == 1'200);
  CHECK(told().at("validators{active_ongoing}") == 1);
  CHECK(told().contains("duration_seconds"));
  REQUIRE(looked());
  CHECK(node->asked == 1);

  // The next epoch begins at 1384, and a quarter of it is over at 1480.
  now = 1'479;
  REQUIRE(looked());
  CHECK(node->asked == 1);
  node->Set(Fail(Reason::kHttpStatus, "HTTP 503", 503));
  now = 1'480;
  REQUIRE(Soon([&] { return (job.Wake(), told().at("failures_total") == 1); }));
  CHECK(told().at("error") == static_cast<double>(Reason::kHttpStatus));
  CHECK(told().at("last_success_timestamp_seconds") == 1'200);
  CHECK(told().at("validators{active_ongoing}") == 1);
  node->Set(Answer({}));
  now = 1'510;
  REQUIRE(Soon([&] { return (job.Wake(), told().at("last_success_timestamp_seconds") == 1'510); }));
  CHECK_FALSE(told().contains("error"));
  CHECK(told().at("validators{active_ongoing}") == 0);
}

}  // namespace
}  // namespace stakewatch::testing
