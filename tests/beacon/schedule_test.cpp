// The schedule: proposals made and missed, who is due when, liveness, and the restart window.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "exporters/beacon/restart_window.h"
#include "exporters/beacon/schedule.h"
#include "tests/beacon/own_testing.h"

namespace stakewatch::beacon {
namespace {

using Strings = std::vector<std::string>;

struct Duty {
  int index;
  int slot;
};

std::string Duties(const std::vector<Duty>& duties) {
  std::string rows;
  for (const auto& [index, slot] : duties) {
    rows += std::string(rows.empty() ? "" : ",") + R"({"pubkey":"0x","validator_index":")" +
            std::to_string(index) + R"(","slot":")" + std::to_string(slot) + "\"}";
  }
  return R"({"dependent_root":"0x","data":[)" + rows + "]}";
}

std::string Header(int slot, int proposer) {
  return R"({"finalized":false,"data":{"root":"0x","canonical":true,"header":{"message":{"slot":")" +
         std::to_string(slot) + R"(","proposer_index":")" + std::to_string(proposer) +
         R"(","parent_root":"0x"},"signature":"0x"}}})";
}

std::string Block(const std::string& fee_recipient) {
  return R"({"version":"fulu","data":{"message":{"slot":"1","body":{"graffiti":"0x","execution_payload_header":{"parent_hash":"0x","fee_recipient":")" +
         fee_recipient + R"("},"blob_kzg_commitments":[]}},"signature":"0x"}})";
}

// A chain at epoch 10 whose node answers all calls of the schedule: nobody proposes.
struct Scheduled : OwnChain {
  explicit Scheduled(const std::string& file) : OwnChain(file) {
    for (int epoch = 6; epoch < 30; ++epoch) {
      const std::string at = std::to_string(epoch);
      node->Set("duties_proposer_" + at, Duties({}));
      node->Set("duties_attester_" + at, Duties({{0, epoch * 8 + 5}}));
      node->Set("duties_sync_" + at, R"({"data":[]})");
      node->Set("liveness_" + at, R"({"data":[{"index":"0","is_live":true}]})");
    }
    At(80);
  }
};

Schedule Looked(ScheduleState& state) {
  auto found = state.Run(Soon());
  REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().what));
  return std::move(*found);
}

std::string PageOf(const Schedule& found, double now) {
  Sheet sheet(kMetrics);
  TellSchedule(found, now, sheet);
  return Written(std::move(sheet));
}

std::string Total(const Schedule& found, const std::string& group = "default") {
  const auto& totals = found.proposals.Totals();
  if (!totals.contains(group)) return "none";
  const ProposalTotals& total = totals.at(group);
  return std::to_string(total.made) + " made, " + std::to_string(total.missed) + " missed, " +
         std::to_string(total.unexpected_fee_recipient) + " elsewhere";
}

TEST_CASE("beacon: proposals are judged two slots later, each once") {
  Scheduled chain("0\n1\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 81}, {5, 82}, {1, 83}, {0, 85}, {99, 2000}}));
  chain.node->Set("duties_proposer_11", Duties({{0, 95}}));
  chain.node->Set("headers_81", Header(81, 0));
  ScheduleState state(chain.Parts());
  Schedule found = Looked(state);
  CHECK(Total(found) == "none");
  std::string page = PageOf(found, chain.now);
  CHECK(HasLine(page, "beaconapi_proposals_scheduled{group=\"default\"} 4"));
  CHECK(HasLine(page, "beaconapi_next_proposal_timestamp_seconds{group=\"default\"} 1795243213"));
  CHECK(HasLine(page, "beaconapi_proposals_missed_total{group=\"default\"} 0"));
  CHECK(state.NextRun() == OwnChain::kGenesis + 3 * 83);

  chain.node->TakeAsked();
  chain.At(83);
  found = Looked(state);
  CHECK(Total(found) == "1 made, 0 missed, 0 elsewhere");
  CHECK(chain.node->TakeAsked() == Strings{"genesis", "node_syncing", "headers_81"});
  CHECK(state.NextRun() == OwnChain::kGenesis + 3 * 85);

  chain.At(85);  // Slot 83 is empty; the node says so by 404.
  found = Looked(state);
  CHECK(Total(found) == "1 made, 1 missed, 0 elsewhere");
  CHECK(chain.node->TakeAsked() ==
        Strings{"genesis", "node_syncing", "headers_83", "duties_proposer_10"});
  page = PageOf(found, chain.now);
  CHECK(HasLine(page, "beaconapi_proposals_missed{group=\"default\"} 1"));

  chain.At(88);
  found = Looked(state);
  CHECK(Total(found) == "1 made, 2 missed, 0 elsewhere");
  found = Looked(state);
  chain.At(96);
  chain.node->Set("headers_95", Header(95, 0));
  chain.At(97);
  found = Looked(state);
  CHECK(Total(found) == "2 made, 2 missed, 0 elsewhere");
  chain.At(13 * 8);
  CHECK(
      HasLine(PageOf(Looked(state), chain.now), "beaconapi_proposals_missed{group=\"default\"} 0"));
}

TEST_CASE("beacon: an empty slot after the head is not decided") {
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 81}}));
  ScheduleState state(chain.Parts());
  Looked(state);
  chain.At(83, 2);  // The head is at 81; slot 82's block may be late.
  chain.node->Set("headers_81", Header(81, 0));
  CHECK(Total(Looked(state)) == "1 made, 0 missed, 0 elsewhere");

  Scheduled other("0\n");
  other.node->Set("duties_proposer_10", Duties({{0, 82}}));
  ScheduleState late(other.Parts());
  Looked(late);
  other.At(84, 3);  // Three behind is not synced.
  Looked(late);
  CHECK(Total(Looked(late)) == "none");
  other.At(84);
  CHECK(Total(Looked(late)) == "0 made, 1 missed, 0 elsewhere");
}

TEST_CASE("beacon: what was missed before the exporter began is told, and not counted") {
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_8", Duties({{0, 65}}));
  chain.node->Set("duties_proposer_9", Duties({{0, 74}}));
  chain.node->Set("headers_74", Header(74, 0));
  ScheduleState state(chain.Parts());
  const Schedule found = Looked(state);
  CHECK(Total(found) == "none");
  CHECK(HasLine(PageOf(found, chain.now), "beaconapi_proposals_missed{group=\"default\"} 1"));
}

TEST_CASE("beacon: a duty that was another's after all is neither made nor missed") {
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 81}, {0, 82}, {0, 83}}));
  ScheduleState state(chain.Parts());
  Looked(state);
  chain.node->Set("headers_81", Header(81, 33));
  chain.node->Set("headers_83", Header(82, 0));  // The block before, as an odd client answers.
  chain.node->Set("duties_proposer_10", Duties({{33, 82}, {0, 83}}));
  chain.At(86);
  CHECK(Total(Looked(state)) == "0 made, 1 missed, 0 elsewhere");
}

TEST_CASE("beacon: a header that cannot be had is a failure, and judged later") {
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 81}}));
  ScheduleState state(chain.Parts());
  Looked(state);
  chain.At(84);
  for (const char* bad : {"500 x", "<html>", "{}", R"({"data":{"header":{}}})"}) {
    chain.node->Set("headers_81", bad);
    CHECK_FALSE(state.Run(Soon()).has_value());
  }
  chain.node->Set("headers_81", R"(503 {"message":"syncing"})");
  CHECK_FALSE(Looked(state).not_synced.empty());
  chain.node->Set("headers_81", Header(81, 0));
  CHECK(Total(Looked(state)) == "1 made, 0 missed, 0 elsewhere");
}

TEST_CASE("beacon: fee recipients of own blocks") {
  const std::string mine = "0x00000000219ab540356cbb839cbe05303d7705fa";
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 80}, {0, 81}, {0, 82}, {0, 83}}));
  for (int slot = 80; slot < 84; ++slot) {
    chain.node->Set("headers_" + std::to_string(slot), Header(slot, 0));
  }
  std::string capitals = mine;
  std::ranges::transform(capitals.begin() + 2, capitals.end(), capitals.begin() + 2,
                         [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  chain.node->Set("blinded_blocks_80", Block(capitals));
  chain.node->Set("blinded_blocks_81", Block("0x" + std::string(40, '1')));
  chain.node->Set("blinded_blocks_82", R"({"data":{"message":{"body":{"graffiti":"0x"}}}})");
  // 83: the node has no answer. Unknown, and made all the same.
  OwnParts parts = chain.Parts();
  parts.fee_recipients = {mine};
  ScheduleState state(parts);
  chain.At(86);
  Schedule found = Looked(state);
  CHECK(Total(found) == "none");  // Of before the exporter began.
  ScheduleState watching(parts);
  chain.At(80);
  Looked(watching);
  chain.At(86);
  CHECK(Total(Looked(watching)) == "4 made, 0 missed, 1 elsewhere");
}

TEST_CASE("beacon: nothing is asked of a node that is not synced") {
  Scheduled chain("0\n");
  ScheduleState state(chain.Parts());
  chain.At(80, 0, true);
  CHECK(Looked(state).not_synced == "the node is syncing");
  chain.At(80, 0, false, true);
  CHECK(Looked(state).not_synced.starts_with("the node is optimistic"));
  chain.At(80, 18);
  CHECK(Looked(state).not_synced == "the node's head is 18 slots behind the clock");
  CHECK(chain.node->TakeAsked() == Strings{"genesis", "config_spec", "node_syncing", "genesis",
                                           "node_syncing", "genesis", "node_syncing"});
  CHECK(state.NextRun() == chain.now + 3);
  chain.At(80);
  CHECK(Looked(state).roster != nullptr);
  CHECK(PageOf(Looked(state), chain.now).find("beaconapi_schedule_epoch 10\n") !=
        std::string::npos);
}

TEST_CASE("beacon: clients that refuse a part of the schedule tell the rest") {
  Scheduled chain("0\n");
  for (const char* refused : {"duties_proposer_11", "duties_attester_11", "duties_sync_16",
                              "liveness_9", "duties_proposer_8"}) {
    chain.node->Set(refused, R"(400 {"message":"Requested epoch cannot be in the future"})");
  }
  ScheduleState state(chain.Parts());
  Schedule found = Looked(state);
  CHECK_FALSE(found.next_epoch_proposals);
  REQUIRE(found.attestations.has_value());
  CHECK_FALSE(found.attestations->next_epoch);
  CHECK(found.attestations->slots == std::vector<std::uint64_t>{85});
  REQUIRE(found.sync.has_value());
  CHECK_FALSE(found.sync->next.has_value());
  for (const char* refused : {"duties_attester_11", "duties_sync_11"}) {
    chain.node->Set(refused, "405 x");
  }
  // What was refused as the next epoch's is had when the epoch has begun.
  chain.node->Set("duties_proposer_11", Duties({}));
  chain.At(88);
  found = Looked(state);
  CHECK_FALSE(found.attestations.has_value());
  CHECK_FALSE(found.sync.has_value());
  CHECK(state.NextRun() == chain.now + 3);  // Asked for again.
  chain.node->Set("duties_proposer_12", "405 x");
  chain.At(96);
  CHECK_FALSE(state.Run(Soon()).has_value());
}

TEST_CASE("beacon: liveness is asked for once, at two thirds of the head's epoch") {
  Scheduled chain("0 a\n1 b\n");
  chain.node->Set("liveness_9",
                  R"({"data":[{"index":"1","is_live":"false"},{"index":"0","is_live":true},)"
                  R"({"index":"1","is_live":true},{"index":"60","is_live":false}]})");
  ScheduleState state(chain.Parts());
  Looked(state);
  CHECK(state.NextRun() == OwnChain::kGenesis + 3 * 86 + 1.5);
  chain.At(86, 0);
  chain.now += 1;
  const Schedule found = Looked(state);
  CHECK(HasLine(PageOf(found, chain.now), "beaconapi_validators_not_live{group=\"b\"} 1"));
  CHECK(HasLine(PageOf(found, chain.now), "beaconapi_validators_not_live{group=\"a\"} 0"));
  CHECK(PageOf(found, chain.now + 3 * 16).find("not_live") == std::string::npos);
  chain.node->TakeAsked();
  Looked(state);
  CHECK(chain.node->TakeAsked() == Strings{"genesis", "node_syncing"});
  // Half an answer is none.
  chain.node->Set("liveness_10", R"({"data":[{"index":"1","is_live":false}]})");
  chain.At(94);
  CHECK_FALSE(Looked(state).not_live.has_value());
}

TEST_CASE("beacon: a changed file is looked at at once") {
  Scheduled chain("0 a\n");
  ScheduleState state(chain.Parts());
  Looked(state);
  CHECK(state.NextRun() > chain.now);
  chain.WriteFile("0 a\n10 another\n");
  CHECK(state.NextRun() <= chain.now);
  const Schedule found = Looked(state);
  CHECK(found.roster->Groups().size() == 2);
  CHECK(found.sync->now.size() == 2);
  CHECK(state.NextRun() > chain.now);
}

TEST_CASE("beacon: more than a thousand own validators attest in every slot") {
  std::string file;
  std::string rows;
  for (int i = 0; i < 1001; ++i) {
    file += std::to_string(i) + "\n";
    rows +=
        std::string(i == 0 ? "" : ",") + R"({"index":")" + std::to_string(i) +
        R"(","balance":"1","status":"active_ongoing","validator":{"effective_balance":"1","slashed":false,"activation_epoch":"0","exit_epoch":"18446744073709551615"}})";
  }
  Scheduled chain(file);
  chain.node->Set("validators_post", R"({"data":[)" + rows + "]}");
  ScheduleState state(chain.Parts());
  const Schedule found = Looked(state);
  CHECK(found.attestations->every_slot);
  const Strings asked = chain.node->TakeAsked();
  CHECK(std::ranges::count(asked, "validators_post") == 2);
  CHECK(std::ranges::count(asked, "duties_attester_10") == 0);
  CHECK(LookAhead(&found, chain.now).duties[0].begins == OwnChain::kGenesis + 3 * 80);
}

// The restart window of a schedule; times in seconds after the genesis.
struct Gate {
  Schedule schedule;
  double now = 0;
  Strings avoid = {"proposal", "sync_committee"};

  WebAnswer Ask(const std::string& takes = "") const {
    const RestartWindow window([this] { return std::make_shared<const Schedule>(schedule); },
                               std::chrono::seconds(6), *ParseAvoid(avoid),
                               [this] { return OwnChain::kGenesis + now; });
    WebRequest request;
    if (!takes.empty()) request.query.emplace("takes", takes);
    return window.Answer(request);
  }
  std::string Page() const {
    const RestartWindow window([this] { return std::make_shared<const Schedule>(schedule); },
                               std::chrono::seconds(6), *ParseAvoid(avoid),
                               [this] { return OwnChain::kGenesis + now; });
    Sheet sheet(kMetrics);
    window.Tell(sheet);
    return Written(std::move(sheet));
  }
};

TEST_CASE("beacon: the restart window ends where the next duty to avoid begins") {
  Scheduled chain("0\n");
  chain.node->Set("duties_proposer_10", Duties({{0, 84}}));
  ScheduleState state(chain.Parts());
  Gate gate{Looked(state), 80 * 3, {"proposal", "sync_committee"}};
  WebAnswer answer = gate.Ask();
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "application/json");
  CHECK(answer.body ==
        "{\"fits\":true,\"seconds_left\":12,\"takes_seconds\":6,"
        "\"next\":{\"attestation\":1795243225,\"proposal\":1795243222}}\n");
  CHECK(HasLine(gate.Page(), "beaconapi_restart_fits 1"));
  CHECK(HasLine(gate.Page(), "beaconapi_restart_window_end_timestamp_seconds 1795243222"));
  CHECK(HasLine(gate.Page(),
                "beaconapi_next_duty_timestamp_seconds{duty=\"attestation\"} 1795243225"));
  CHECK(gate.Ask("12s").status == 200);
  answer = gate.Ask("13s");
  CHECK(answer.status == 503);
  CHECK(answer.body.starts_with("{\"fits\":false,\"reason\":\"a duty is due before"));
  gate.now = 82 * 3 + 0.5;
  CHECK(gate.Ask().status == 503);
  CHECK(HasLine(gate.Page(), "beaconapi_restart_fits 0"));
  gate.now = 84 * 3 + 2.9;  // The block is being made.
  CHECK(gate.Ask("1s").body.find("\"seconds_left\":0") != std::string::npos);
  gate.now = 85 * 3;  // Then nothing is scheduled until the end of what is known.
  CHECK(gate.Ask().status == 200);
  CHECK(HasLine(gate.Page(), "beaconapi_restart_fits 1"));
  CHECK(gate.Page().find("window_end") == std::string::npos);
  CHECK(gate.Ask("33s").status == 200);  // Epochs 10 and 11 are known: 96 * 3 - 85 * 3.
  answer = gate.Ask("34s");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("it is not known what is due before") != std::string::npos);
  gate.avoid = {"attestation"};
  gate.now = 85 * 3 + 1;
  CHECK(gate.Ask("1s").status == 503);
  gate.now = 86 * 3;
  CHECK(gate.Ask("21s").status == 200);  // Until slot 93.
  CHECK(gate.Ask("22s").status == 503);
}

TEST_CASE("beacon: a member of the sync committee has a duty in each slot") {
  Scheduled chain("0\n");
  chain.node->Set("duties_sync_16", R"({"data":[{"validator_index":"0"}]})");
  ScheduleState state(chain.Parts());
  Gate gate{Looked(state), 80 * 3, {"sync_committee"}};
  CHECK(gate.Ask("144s").status == 200);  // The next period begins with slot 128.
  CHECK(gate.Ask("145s").status == 503);
  CHECK(HasLine(PageOf(gate.schedule, chain.now),
                "beaconapi_sync_committee_members{group=\"default\",period=\"next\"} 1"));
  chain.node->Set(
      "duties_sync_10",
      R"({"data":[{"validator_index":0},{"validator_index":"0"},{"validator_index":"63"}]})");
  ScheduleState member(chain.Parts());
  gate.schedule = Looked(member);
  CHECK(gate.Ask("1s").status == 503);
  CHECK(HasLine(PageOf(gate.schedule, chain.now),
                "beaconapi_sync_committee_members{group=\"default\",period=\"current\"} 1"));
  gate.avoid = {"proposal"};
  CHECK(gate.Ask("1s").status == 200);
}

TEST_CASE("beacon: what is not known does not fit") {
  Scheduled chain("0\n");
  chain.node->Set("duties_sync_10", "405 x");
  ScheduleState state(chain.Parts());
  Gate gate{Looked(state), 80 * 3, {"proposal"}};
  CHECK(gate.Ask("1s").status == 200);
  gate.now = 88 * 3;  // The next epoch's schedule has not been asked for.
  CHECK(gate.Ask("1s").status == 503);
  CHECK(gate.Ask("1s").body ==
        "{\"fits\":false,\"reason\":\"the duties of this epoch have not been asked for yet\"}\n");
  CHECK(gate.Page().empty());
  gate.now = 80 * 3;
  gate.avoid = {"sync_committee"};
  CHECK(gate.Ask("1s").status == 503);
  gate.avoid = {"proposal"};
  gate.now = -5;
  CHECK(gate.Ask("1s").status == 503);
  gate.now = 80 * 3;
  gate.schedule.not_synced = "the node's \"head\" is far";  // Since then.
  CHECK(gate.Ask("1s").body == "{\"fits\":false,\"reason\":\"the node's \\\"head\\\" is far\"}\n");
  gate.schedule = {};
  CHECK(gate.Ask("1s").status == 503);
  chain.At(80, 0, true);
  ScheduleState syncing(chain.Parts());
  gate.schedule = Looked(syncing);
  gate.now = 80 * 3;
  CHECK(gate.Ask("1s").body == "{\"fits\":false,\"reason\":\"the node is syncing\"}\n");
  CHECK_FALSE(LookAhead(nullptr, 0).unknown.empty());
}

TEST_CASE("beacon: bad questions to the restart window") {
  const Gate gate;
  for (const char* bad : {"x", "-1s", "5", "1y", "\"\\\n"}) {
    CHECK(gate.Ask(bad).status == 400);
    CHECK(std::ranges::count(gate.Ask(bad).body, '\n') == 1);
  }
  const RestartWindow window([] { return nullptr; }, std::chrono::seconds(6), {true, true, true},
                             [] { return 0.0; });
  WebRequest twice;
  twice.query = {{"takes", "1s"}, {"takes", "2s"}};
  CHECK(window.Answer(twice).status == 400);
  CHECK(window.Answer({}).status == 503);
  CHECK_FALSE(ParseAvoid({}).has_value());
  CHECK_FALSE(ParseAvoid({"proposal", "dancing"}).has_value());
}

}  // namespace
}  // namespace stakewatch::beacon
