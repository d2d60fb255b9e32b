// The account of attestations and of the sync committee, by recorded answers and by made-up ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "exporters/beacon/duties.h"
#include "tests/beacon/own_testing.h"

namespace stakewatch::beacon {
namespace {

using Strings = std::vector<std::string>;

JudgedDuties Judged(DutiesState& state) {
  auto found = state.Run(Soon());
  REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().what));
  return std::move(*found);
}

std::string PageOf(const JudgedDuties& found, double now) {
  Sheet sheet(kMetrics);
  TellDuties(found, now, sheet);
  return Written(std::move(sheet));
}

// As a node writes rewards: {"validator_index", head, target, source, inactivity}.
std::string Reward(std::uint64_t index, int head, int target, int source, int inactivity = 0) {
  return R"({"validator_index":")" + std::to_string(index) + R"(","head":")" +
         std::to_string(head) + R"(","target":")" + std::to_string(target) + R"(","source":")" +
         std::to_string(source) + R"(","inactivity":")" + std::to_string(inactivity) + "\"}";
}

std::string Rewards(const std::string& total, int ideal = 100) {
  const std::string i = std::to_string(ideal);
  return R"({"data":{"ideal_rewards":[{"effective_balance":"32000000000","head":")" + i +
         R"(","target":")" + i + R"(","source":")" + i + R"(","inactivity":"0"}],)" +
         R"("total_rewards":[)" + total + "]}}";
}

// What was counted from the recorded rewards by a script of a dozen lines of its own: a target
// below 0 is a miss; a row goes on while the epoch before was missed, too. Groups: validators 0 to
// 31 and 32 to 63.
struct Expected {
  std::uint64_t epoch;
  std::vector<std::uint64_t> made_by;
  bool leak;  // 5 was finalized until the chain had recovered: 10 - 5 > 4.
  struct Group {
    std::uint64_t missed, in_a_row_max, missing_2, missing_3, no_head;
    double target, inactivity;
  };
  std::array<Group, 2> groups;
};

const std::array<Expected, 5> kAccount = {{
    {7,
     {5, 6, 7, 11, 14, 19, 25, 26, 27, 28, 36, 40, 43},
     false,
     {{{22, 1, 0, 0, 22, -11609296, 0}, {29, 1, 0, 0, 29, -16505544, 0}}}},
    {8, {}, false, {{{32, 2, 22, 0, 32, -18603936, 0}, {32, 2, 29, 0, 32, -18603936, 0}}}},
    {9, {}, false, {{{32, 3, 32, 22, 32, -18603936, 0}, {32, 3, 32, 29, 32, -18603936, 0}}}},
    {10, {}, true, {{{32, 4, 32, 32, 32, -18603936, 0}, {32, 4, 32, 32, 32, -18603936, 0}}}},
    {11,
     {3, 10, 12, 13, 15, 16, 24, 25, 26, 29, 31, 36, 38, 39, 43, 55},
     true,
     {{{21, 5, 21, 21, 32, -12208833, -40047}, {27, 5, 27, 27, 32, -15697071, -51489}}}},
}};

// By the same script: how many in a row each validator had missed after epoch 11.
constexpr std::array<std::uint64_t, 64> kInARow = {
    5, 5, 5, 0, 5, 4, 4, 4, 5, 5, 0, 4, 0, 0, 4, 0, 0, 5, 5, 4, 5, 5, 5, 5, 0, 0, 0, 4, 4, 0, 5, 0,
    5, 5, 5, 5, 0, 5, 0, 0, 4, 5, 5, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 5, 5, 5, 5, 5, 5, 5, 5};

void RecordAccount(OwnChain& chain) {
  for (const Expected& expected : kAccount) {
    const std::string name = "rewards_attestations_" + std::to_string(expected.epoch);
    chain.node->Set(name, AccountFile(name));
  }
  chain.Finalized(5);
}

void CheckEpoch(const JudgedDuties& found, const Expected& expected) {
  CAPTURE(expected.epoch);
  CHECK(found.attestations.epoch == expected.epoch);
  CHECK(found.attestations.leak == expected.leak);
  REQUIRE(found.rows.size() == 64);
  for (std::uint64_t i = 0; i < 64; ++i) {
    const bool made = std::ranges::find(expected.made_by, i) != expected.made_by.end();
    CAPTURE(i);
    CHECK(found.rows[i].label == std::to_string(i));
    CHECK((found.rows[i].missed_in_a_row == 0) == made);
  }
  for (std::size_t g = 0; g < 2; ++g) {
    const GroupAttestations& group = found.attestations.groups[g];
    const Expected::Group& counted = expected.groups[g];
    CHECK(group.due == 32);
    CHECK(group.missed == counted.missed);
    CHECK(group.missed_source == counted.missed);
    CHECK(group.missed_head == counted.no_head);
    CHECK(group.in_a_row_max == counted.in_a_row_max);
    CHECK(group.missing_2_epochs == counted.missing_2);
    CHECK(group.missing_3_epochs == counted.missing_3);
    CHECK(group.rewards[1] == counted.target);
    CHECK(group.rewards[3] == counted.inactivity);
  }
}

TEST_CASE("beacon: the account of epochs 7 to 11, epoch by epoch") {
  OwnChain chain(AllInTwoGroups());
  RecordAccount(chain);
  DutiesState state(chain.Parts());
  double missed_a = 0;
  for (const Expected& expected : kAccount) {
    chain.At((expected.epoch + 2) * 8 + 2);
    const JudgedDuties found = Judged(state);
    CheckEpoch(found, expected);
    missed_a += static_cast<double>(expected.groups[0].missed);
    const std::string page = PageOf(found, chain.now);
    CHECK(HasLine(page, "beaconapi_attestations_missed_total{group=\"a\"} " +
                            std::to_string(static_cast<int>(missed_a))));
    // In the leak a head reward of 0 means nothing, for those that attested, too.
    const bool tells_head = page.find("vote=\"head\"} 32") != std::string::npos;
    CHECK((page.find("votes_missed{group=\"a\",vote=\"head\"}") == std::string::npos) ==
          expected.leak);
    CHECK((!expected.leak || !tells_head));
    // Once.
    const auto asked_again = chain.node->TakeAsked();
    const JudgedDuties again = Judged(state);
    CHECK(again.totals.at("a").missed == found.totals.at("a").missed);
    CHECK(chain.node->TakeAsked() == Strings{"genesis", "node_syncing"});
  }
  const JudgedDuties last = Judged(state);
  for (std::size_t i = 0; i < 64; ++i) CHECK(last.rows[i].missed_in_a_row == kInARow[i]);
}

TEST_CASE("beacon: epochs that were not judged in time are caught up with, oldest first") {
  OwnChain chain(AllInTwoGroups());
  RecordAccount(chain);
  DutiesState state(chain.Parts());
  chain.At(9 * 8 + 2);
  CHECK(Judged(state).attestations.epoch == 7);
  chain.node->TakeAsked();
  chain.At(13 * 8 + 2);
  const JudgedDuties found = Judged(state);
  CheckEpoch(found, kAccount[4]);
  for (std::size_t i = 0; i < 64; ++i) CHECK(found.rows[i].missed_in_a_row == kInARow[i]);
  Strings rewards = chain.node->TakeAsked();
  std::erase_if(rewards, [](const auto& name) { return !name.starts_with("rewards_att"); });
  CHECK(rewards == Strings{"rewards_attestations_8", "rewards_attestations_9",
                           "rewards_attestations_10", "rewards_attestations_11"});
  CHECK(found.requests == 12);  // With duties_sync, which this node refuses each time.
}

TEST_CASE("beacon: at most four epochs are caught up with, and a gap ends what is in a row") {
  OwnChain chain("0\n");
  DutiesState state(chain.Parts());
  for (int epoch = 0; epoch < 30; ++epoch) {
    chain.node->Set("rewards_attestations_" + std::to_string(epoch), Rewards(Reward(0, 0, -1, -1)));
  }
  chain.Finalized(20);
  chain.At(12 * 8 + 2);
  CHECK(Judged(state).rows.at(0).missed_in_a_row == 1);
  chain.node->TakeAsked();
  chain.At(22 * 8 + 2);
  const JudgedDuties found = Judged(state);
  Strings rewards = chain.node->TakeAsked();
  std::erase_if(rewards, [](const auto& name) { return !name.starts_with("rewards_att"); });
  CHECK(rewards.size() == 4);
  CHECK(rewards.front() == "rewards_attestations_17");
  CHECK(found.rows.at(0).missed_in_a_row == 4);
  CHECK(found.totals.at("default").missed == 5);
}

TEST_CASE("beacon: no call that replays states unless the node is synced") {
  OwnChain chain("0\n");
  chain.node->Set("rewards_attestations_10", Rewards(Reward(0, 100, 100, 100)));
  DutiesState state(chain.Parts());
  const auto judged = [&] { return Judged(state).roster != nullptr; };
  const auto skipped = [&] {
    const bool none = !judged();
    CHECK(chain.node->TakeAsked().size() <= 3);
    CHECK(state.NextRun() == doctest::Approx(chain.now + 3));
    return none;
  };
  chain.At(98, 0, true);
  CHECK(skipped());
  chain.At(98, 0, false, true);
  CHECK(skipped());
  chain.At(98, 3);
  CHECK(skipped());
  chain.At(98, 40);
  CHECK(skipped());
  chain.At(97, 2);  // Synced, but the head is in the epoch before: the rewards are not there yet.
  CHECK(skipped());
  chain.now = OwnChain::kGenesis - 100;
  CHECK(skipped());
  chain.At(98, 2);
  CHECK(judged());
  CHECK(state.NextRun() == OwnChain::kGenesis + 3 * (13 * 8 + 2));
}

TEST_CASE("beacon: a node that says 503 is not synced, and no failure") {
  OwnChain chain("0\n");
  DutiesState state(chain.Parts());
  chain.At(98);
  chain.node->Set("rewards_attestations_10",
                  R"(503 {"message":"Beacon node is currently syncing and not serving request on )"
                  R"(that endpoint Details: {\"data\":{\"is_syncing\":true}}","code":503})");
  const JudgedDuties found = Judged(state);
  CHECK(found.roster == nullptr);
  CHECK(found.not_synced.find("503") != std::string::npos);
  CHECK(PageOf(found, chain.now).empty());
}

TEST_CASE("beacon: duties that a node refuses or answers badly are a failure, and judged later") {
  OwnChain chain("0\n1\n");
  DutiesState state(chain.Parts());
  chain.At(98);
  for (const std::string& bad :
       {std::string("404 {\"message\":\"not yet\"}"), std::string("400 x"), std::string("500 x"),
        std::string("<html>"), std::string("{}"), std::string(R"({"data":[]})"), Rewards(""),
        Rewards(Reward(0, 1, 1, 1)), Rewards(Reward(0, 1, 1, 1) + "," + Reward(0, 1, 1, 1)),
        Rewards(Reward(0, 1, 1, 1) + "," + Reward(7, 1, 1, 1)),
        Rewards(Reward(0, 1, 1, 1) + R"(,{"validator_index":"1","head":"1","source":"1"})"),
        Rewards(Reward(0, 1, 1, 1)).substr(0, 150)}) {
    CAPTURE(bad);
    chain.node->Set("rewards_attestations_10", bad);
    CHECK_FALSE(state.Run(Soon()).has_value());
  }
  chain.node->Set("rewards_attestations_10",
                  Rewards(Reward(1, 100, 100, 100) + "," + Reward(0, 0, -26, -14) + "," +
                          Reward(63, 0, -26, -14) + "," + Reward(0, 9, 9, 9)));
  const JudgedDuties found = Judged(state);
  CHECK(found.totals.at("default").due == 2);
  CHECK(found.totals.at("default").missed == 1);
}

TEST_CASE("beacon: votes apart, rewards and what they could have been") {
  OwnChain chain("0\n1\n2\n");
  DutiesState state(chain.Parts());
  chain.Finalized(9);
  chain.At(98);
  chain.node->Set("rewards_attestations_10",
                  Rewards(Reward(0, 0, 90, 100) + "," + Reward(1, 0, 100, -14) + "," +
                          Reward(2, 100, -26, 100)));
  const std::string page = PageOf(Judged(state), chain.now);
  for (const char* line :
       {"beaconapi_duties_judged_epoch 10", "beaconapi_inactivity_leak 0",
        "beaconapi_attestations{group=\"default\"} 3",
        "beaconapi_attestations_missed{group=\"default\"} 1",
        "beaconapi_attestation_votes_missed{group=\"default\",vote=\"source\"} 1",
        "beaconapi_attestation_votes_missed{group=\"default\",vote=\"target\"} 1",
        "beaconapi_attestation_votes_missed{group=\"default\",vote=\"head\"} 2",
        "beaconapi_attestation_rewards_gwei{group=\"default\",vote=\"target\"} 164",
        "beaconapi_attestation_rewards_ideal_gwei{group=\"default\",vote=\"target\"} 300",
        "beaconapi_validator_attestations_missed_in_a_row{validator=\"2\",group=\"default\"} 1",
        "beaconapi_validator_attestations_missed_in_a_row{validator=\"1\",group=\"default\"} 0"}) {
    CHECK_MESSAGE(HasLine(page, line), line);
  }
  // What is too old to say how they fare is not told; what grows is.
  const std::string later = PageOf(Judged(state), chain.now + 3 * 8 * 3);
  CHECK_FALSE(HasLine(later, "beaconapi_attestations{group=\"default\"} 3"));
  CHECK(HasLine(later, "beaconapi_attestations_total{group=\"default\"} 3"));
}

TEST_CASE("beacon: only validators that were active and not slashed have attestations due") {
  OwnChain chain("0\n1\n2\n3\n4\n");
  const auto row = [](int index, const char* activation, const char* exit, bool slashed) {
    return R"({"index":")" + std::to_string(index) +
           R"(","balance":"1","status":"active_ongoing","validator":{"pubkey":"0x","effective_balance":"32000000000","slashed":)" +
           (slashed ? "true" : "false") + R"(,"activation_epoch":")" + activation +
           R"(","exit_epoch":")" + exit + "\"}}";
  };
  const std::string far = "18446744073709551615";
  chain.node->Set("validators_post", R"({"data":[)" + row(0, "0", far.c_str(), false) + "," +
                                         row(1, "11", far.c_str(), false) + "," +
                                         row(2, "0", "10", false) + "," +
                                         row(3, "0", far.c_str(), true) + "," +
                                         row(4, far.c_str(), far.c_str(), false) + "]}");
  chain.node->Set("rewards_attestations_10", Rewards(Reward(0, 100, 100, 100)));
  chain.At(98);
  DutiesState state(chain.Parts());
  const JudgedDuties found = Judged(state);
  CHECK(found.totals.at("default").due == 1);
  CHECK(found.rows.size() == 1);
}

TEST_CASE("beacon: no own validator is known: nothing is due, and nothing is asked about") {
  OwnChain chain("0\n");
  chain.node->Set("validators_post", R"({"data":[]})");
  chain.At(98);
  DutiesState state(chain.Parts());
  CHECK(Judged(state).totals.at("default").due == 0);
  CHECK(chain.node->TakeAsked() == Strings{"genesis", "config_spec", "node_syncing",
                                           "validators_post", "finality_checkpoints"});
}

TEST_CASE("beacon: a leak shows by ideal rewards of 0, too, when the chain has finalized since") {
  OwnChain chain("0\n");
  chain.node->Set("rewards_attestations_10", Rewards(Reward(0, 0, 0, 0), 0));
  chain.Finalized(10);
  chain.At(98);
  DutiesState state(chain.Parts());
  const JudgedDuties found = Judged(state);
  CHECK(found.attestations.leak);
  CHECK(found.attestations.groups.at(0).missed == 0);
}

TEST_CASE("beacon: another chain behind the same address begins a new account") {
  OwnChain chain("0\n");
  chain.node->Set("rewards_attestations_10", Rewards(Reward(0, 0, -1, -1)));
  chain.At(98);
  DutiesState state(chain.Parts());
  CHECK(Judged(state).rows.at(0).missed_in_a_row == 1);
  chain.node->Set("genesis",
                  R"({"data":{"genesis_time":"1795242970","genesis_validators_root":"0x11"}})");
  chain.node->Set("rewards_attestations_3", Rewards(Reward(0, 9, 9, 9)));
  chain.At(5 * 8 + 2);
  const JudgedDuties found = Judged(state);
  CHECK(found.attestations.epoch == 3);
  CHECK(found.totals.at("default").due == 1);
}

TEST_CASE("beacon: a group that left the file leaves its counters") {
  OwnChain chain("0 x\n1 y\n");
  for (const char* epoch : {"10", "11"}) {
    chain.node->Set(std::string("rewards_attestations_") + epoch,
                    Rewards(Reward(0, 9, 9, 9) + "," + Reward(1, 9, 9, 9)));
  }
  chain.At(98);
  DutiesState state(chain.Parts());
  CHECK(Judged(state).totals.size() == 2);
  chain.WriteFile("0 x\n1 other-group\n");
  chain.At(106);
  const JudgedDuties found = Judged(state);
  CHECK(found.totals.at("x").due == 2);
  CHECK(found.totals.at("other-group").due == 1);
  CHECK_FALSE(found.totals.contains("y"));
}

TEST_CASE("beacon: the sync committee is judged by four blocks, empty slots passed over") {
  OwnChain chain("0 a\n10 a\n1 b\n");
  chain.node->Set(
      "rewards_attestations_10",
      Rewards(Reward(0, 9, 9, 9) + "," + Reward(10, 9, 9, 9) + "," + Reward(1, 9, 9, 9)));
  chain.node->Set(
      "duties_sync_10",
      R"({"data":[{"pubkey":"0x","validator_index":"0","validator_sync_committee_indices":["1"]}]})");
  const std::string recorded = AccountFile("rewards_sync_committee");  // 0 and 10, not 1.
  for (const int slot : {80, 81, 84, 86, 87}) {
    chain.node->Set("rewards_sync_committee_" + std::to_string(slot), recorded);
  }
  // Two entries for two places; a miss of 10; and one who is not ours.
  chain.node->Set(
      "rewards_sync_committee_84",
      R"({"data":[{"validator_index":"0","reward":"5"},{"validator_index":"0","reward":5},)"
      R"({"validator_index":"10","reward":"-7"},{"validator_index":"60","reward":"5"}]})");
  chain.At(98);
  DutiesState state(chain.Parts());
  const JudgedDuties found = Judged(state);
  REQUIRE(found.sync.has_value());
  CHECK(found.sync->blocks == 4);
  CHECK(found.sync->groups.at(0).due == 8);
  CHECK(found.sync->groups.at(0).made == 7);
  CHECK(found.sync->groups.at(1).due == 0);
  const Strings asked = chain.node->TakeAsked();
  CHECK(std::ranges::count_if(asked, [](const auto& name) {
          return name.starts_with("rewards_sync_committee_");
        }) <= 8);
  CHECK(chain.node->LastBody().empty());
  const std::string page = PageOf(found, chain.now);
  CHECK(HasLine(page, "beaconapi_sync_committee_participation_ratio{group=\"a\"} 0.875"));
  CHECK(page.find("participation_ratio{group=\"b\"}") == std::string::npos);
  CHECK(HasLine(page, "beaconapi_sync_committee_sampled_blocks 4"));
  // In the same period who is in the committee is not asked again.
  chain.At(106);
  chain.node->Set(
      "rewards_attestations_11",
      Rewards(Reward(0, 9, 9, 9) + "," + Reward(10, 9, 9, 9) + "," + Reward(1, 9, 9, 9)));
  CHECK_FALSE(Judged(state).sync.has_value());  // No block of epoch 11 was recorded.
  const Strings later = chain.node->TakeAsked();
  CHECK(std::ranges::find(later, "duties_sync_11") == later.end());
}

TEST_CASE("beacon: sampled slots lie apart") {
  CHECK(SampledSlots(320, 32, 8) ==
        std::vector<std::uint64_t>{320, 328, 336, 344, 324, 332, 340, 348});
  CHECK(SampledSlots(8, 2, 8) == std::vector<std::uint64_t>{8, 9});
}

}  // namespace
}  // namespace stakewatch::beacon
