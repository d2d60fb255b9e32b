// What nodes say about duties and rewards, in all the shapes that numbers come in, and in bad ones.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "exporters/beacon/chain.h"
#include "exporters/beacon/duty_answers.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/rewards.h"
#include "tests/testing.h"

namespace stakewatch::beacon {
namespace {

TEST_CASE("beacon: duties as strings, as numbers, above 2^53, for never") {
  const auto duties = ParseSlotDuties(
      R"({"execution_optimistic":false,"data":[{"slot":"7","validator_index":"1","pubkey":"0x"},)"
      R"({"validator_index":2,"slot":8},{"validator_index":"9007199254740993",)"
      R"("more":[{"slot":"1"}],"slot":"18446744073709551615"}]})");
  REQUIRE(duties.has_value());
  CHECK(*duties == std::vector<SlotDuty>{{1, 7}, {2, 8}, {9007199254740993ULL, kFarFutureEpoch}});
  CHECK(ParseSlotDuties(R"({"data":[]})")->empty());
}

TEST_CASE("beacon: rewards as strings, as numbers, negative, above 2^53") {
  const auto rewards = ParseAttestationRewards(
      R"({"data":{"total_rewards":[{"validator_index":"3","head":"-1","target":-2,)"
      R"("source":"-9007199254740993","inclusion_delay":"4","inactivity":"-5"},)"
      R"({"source":1,"target":2,"head":3,"validator_index":4}],"ideal_rewards":[]}})");
  REQUIRE(rewards.has_value());
  CHECK(rewards->total.at(0).got.source == -9007199254740993LL);
  CHECK(rewards->total.at(0).got.inactivity == -5);
  CHECK(rewards->total.at(1).got.head == 3);
  CHECK(rewards->total.at(1).got.inactivity == 0);
  const auto sync = ParseSyncCommitteeRewards(
      R"({"data":[{"validator_index":"1","reward":"-11180"},{"reward":5,"validator_index":2}]})");
  REQUIRE(sync.has_value());
  CHECK(sync->at(0).reward == -11180);
  CHECK(ParseSyncCommitteeRewards(R"({"data":[]})")->empty());
}

TEST_CASE("beacon: recorded duties, headers and blocks") {
  const std::string folder = testing::TestsFolder() + "/beacon/";
  const auto duties =
      ParseSlotDuties(testing::ReadFile(folder + "duties/account/duties_proposer_7.json"));
  REQUIRE(duties.has_value());
  CHECK(duties->size() == 8);
  CHECK(duties->at(2) == SlotDuty{11, 58});
  const auto recipient = ParseFeeRecipient(
      testing::ReadFile(folder + "cases/prysm-7.1.6-healthy/blinded_blocks_head.json"));
  REQUIRE_MESSAGE(recipient.has_value(), (recipient ? "" : recipient.error().what));
  CHECK(recipient->size() == 42);
}

TEST_CASE("beacon: answers about duties of another shape") {
  using Parse = std::function<bool(const std::string&)>;
  const std::vector<std::pair<Parse, std::string>> parsers = {
      {[](const std::string& a) { return ParseSlotDuties(a).has_value(); },
       R"({"data":[{"validator_index":"1","slot":"7"}]})"},
      {[](const std::string& a) { return ParseSyncDuties(a).has_value(); },
       R"({"data":[{"pubkey":"0x","validator_index":"1"}]})"},
      {[](const std::string& a) { return ParseLiveness(a).has_value(); },
       R"({"data":[{"index":"1","is_live":true}]})"},
      {[](const std::string& a) { return ParseHeader(a).has_value(); },
       R"({"data":{"root":"0x","header":{"message":{"slot":"7","proposer_index":"1"}}}})"},
      {[](const std::string& a) { return ParseSyncCommitteeRewards(a).has_value(); },
       R"({"data":[{"validator_index":"1","reward":"7"}]})"},
      {[](const std::string& a) { return ParseAttestationRewards(a).has_value(); },
       R"({"data":{"ideal_rewards":[{"effective_balance":"1","head":"1","target":"1","source":"1"}],)"
       R"("total_rewards":[{"validator_index":"1","head":"1","target":"1","source":"1"}]}})"},
      {[](const std::string& a) { return ParseFeeRecipient(a).has_value(); },
       R"({"data":{"message":{"body":{"execution_payload_header":{"fee_recipient":"0x00000000219ab540356cbb839cbe05303d7705fa"}}}}})"},
  };
  for (const auto& [parse, good] : parsers) {
    CAPTURE(good);
    CHECK(parse(good));
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
      // Cut short anywhere it is no answer; simdjson need not look behind what it was asked for.
      const bool only_closers = good.find_first_not_of("]}", cut) == std::string::npos;
      if (!only_closers) CHECK_FALSE(parse(good.substr(0, cut)));
    }
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"\"1\"", "\"one\""},
                                                          {"\"1\"", "null"},
                                                          {"\"1\"", "1.5"},
                                                          {"\"1\"", "[]"},
                                                          {"\"1\"", "\"99999999999999999999\""},
                                                          {"\"1\"", "\"\""}}) {
      std::string bad = good;
      if (const auto at = bad.find(from); at != std::string::npos) {
        CHECK_FALSE(parse(bad.replace(at, from.size(), to)));
      }
    }
    for (const char* bad :
         {"", "null", "[]", "{}", "<html></html>", R"({"data":null})", R"({"data":[1]})",
          R"({"data":[{}]})", R"({"data":{}})", R"({"message":"x","code":500})"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse(bad));
    }
  }
}

TEST_CASE("beacon: own indices come in pieces, each once") {
  auto parsed = ParseValidatorsFile("5\n0x" + std::string(96, 'a') + "\n7\n");
  REQUIRE(parsed.has_value());
  OwnValidators own;
  own.roster = std::make_shared<const Roster>(std::move(*parsed));
  own.by_position.resize(3);
  own.duplicate.resize(3);
  own.by_position[0] = Validator{.index = 9};
  own.by_position[1] = Validator{.index = 2};
  own.by_position[2] = Validator{.index = 9};
  const OwnIndices indices = IndicesOf(own);
  REQUIRE(indices.size() == 2);
  CHECK(indices[0].index == 2);
  CHECK(indices[1].position == 0);
  CHECK(FindIndex(indices, 9) == &indices[1]);
  CHECK(FindIndex(indices, 3) == nullptr);
  OwnIndices many(25'000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].index = i;
  const auto questions = QuestionsAbout(Call::kRewardsAttestations, 5, many);
  REQUIRE(questions.size() == 3);
  CHECK(questions[2].ids.size() == 5'000);
  CHECK(questions[2].ids.back() == "24999");
  CHECK(QuestionsAbout(Call::kLiveness, 5, {}).empty());
}

TEST_CASE("beacon: a job is repeated as planned, and later after each failure") {
  using std::chrono::seconds;
  const auto schedule = AsPlanned([] { return 500.0; });
  const JobTime now{seconds(100)};
  JobPast past;
  CHECK(schedule(now, past) == now);
  past.last_ended_at = JobTime{seconds(90)};
  CHECK(schedule(now, past) == JobTime{seconds(500)});
  past.error = Error{Reason::kTimeout, "late", 0};
  for (const auto& [failures, wait] : {std::pair(1, 10), {2, 20}, {6, 320}, {60, 320}}) {
    past.failures_in_a_row = static_cast<std::uint64_t>(failures);
    CHECK(schedule(now, past) == JobTime{seconds(90 + wait)});
  }
  past.last_ended_at = JobTime{seconds(900)};  // The clock was set back.
  CHECK(schedule(now, past) == now);
}

}  // namespace
}  // namespace stakewatch::beacon
