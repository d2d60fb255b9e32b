// The leader log over time: each slot once, whatever the log repeats; and the epoch's numbers.
#include <doctest/doctest.h>

#include "exporters/jormungandr/leaders.h"
#include "tests/jormungandr/node.h"

namespace stakewatch::jormungandr::testing {
namespace {

const std::string kBlock = R"({"Block":{"block":"aa","parent":"bb","chain_length":1}})";
const std::string kRejected =
    R"({"Rejected":{"reason":"Missed the deadline to compute the schedule"}})";
const std::string kBlocks = R"(jormungandr_leader_events_total{status="block",reason="none"})";
const std::string kMissed =
    R"(jormungandr_leader_events_total{status="rejected",reason="missed_deadline"})";

std::string Slot(const std::string& date, const std::string& time, const std::string& status,
                 const std::string& more = "") {
  return R"({"created_at_time":"2026-11-21T06:34:00Z","scheduled_at_time":")" + time +
         R"(","scheduled_at_date":")" + date + R"(","wake_at_time":null,"finished_at_time":null,)" +
         more + "\"status\":" + status + "}";
}

std::string Log(const std::vector<std::string>& slots) {
  std::string text = "[";
  for (const std::string& slot : slots) text += (text.size() > 1 ? "," : "") + slot;
  return text + "]";
}

struct Leader {
  std::shared_ptr<Altered> node = std::make_shared<Altered>(Answers{});
  Watch watch{node, NowOf(CaseFolder("0.13.0-running-leader"))};
  std::string Page(const std::vector<std::string>& slots) {
    node->answers["leaders_logs"] = Log(slots);
    return watch.Page();
  }
};

TEST_CASE("jormungandr: an event counts once, and not what was there before us") {
  const std::string before = Slot("1.40", "2026-11-21T06:34:25Z", kRejected);
  const std::string pending = Slot("1.47", "2026-11-21T06:34:32Z", "\"Pending\"");
  const std::string made = Slot("1.47", "2026-11-21T06:34:32Z", kBlock);
  const std::string missed = Slot("1.48", "2026-11-21T06:34:33Z", kRejected);
  Leader leader;
  std::string page = leader.Page({before});
  CHECK(Value(page, kBlocks) == "0");
  CHECK(Value(page, kMissed) == "0");
  CHECK(Value(leader.Page({pending, before}), kBlocks) == "0");
  CHECK(Value(leader.Page({made, before}), kBlocks) == "1");
  page = leader.Page({missed, made, before});
  page = leader.Page({missed, made, before});
  CHECK(Value(page, kBlocks) == "1");
  CHECK(Value(page, kMissed) == "1");
  // A restart empties the log; what it tells again is not counted again, what is new is.
  CHECK(Value(leader.Page({}), kBlocks) == "1");
  page = leader.Page({Slot("1.50", "2026-11-21T06:34:35Z", kBlock), made});
  CHECK(Value(page, kBlocks) == "2");
  CHECK(Value(page, kMissed) == "1");
}

TEST_CASE("jormungandr: two leaders of one node have a slot each") {
  Leader leader;
  leader.Page({});
  CHECK(Value(leader.Page(
                  {Slot("1.47", "2026-11-21T06:34:32Z", kBlock, R"("enclave_leader_id":1,)"),
                   Slot("1.47", "2026-11-21T06:34:32Z", kBlock, R"("enclave_leader_id":2,)")}),
              kBlocks) == "2");
}

TEST_CASE("jormungandr: reasons are a closed set") {
  CHECK(RejectionOf("Missed the deadline to compute the schedule") == "missed_deadline");
  CHECK(RejectionOf("Failed to compute the schedule within time boundaries") == "too_slow");
  CHECK(RejectionOf("Not computing this schedule because of invalid state against the network "
                    "blockchain") == "invalid_state");
  CHECK(RejectionOf("Cannot sign the block: no key\n\"") == "cannot_sign");
  CHECK(RejectionOf("") == "other");
  CHECK(RejectionOf("evil\"} 1") == "other");
}

TEST_CASE("jormungandr: slots of this epoch and the one before, assigned, made and missed") {
  // It is 06:34:31 of epoch 1; a slot that pends since more than two is missed.
  Leader leader;
  const std::string page = leader.Page({Slot("1.46", "2026-11-21T06:34:31Z", "\"Pending\""),
                                        Slot("1.43", "2026-11-21T06:34:28Z", "\"Pending\""),
                                        Slot("1.42", "2026-11-21T06:34:27Z", kRejected),
                                        Slot("1.41", "2026-11-21T06:34:26Z", kBlock),
                                        Slot("0.9", "2026-11-21T06:32:54Z", kBlock),
                                        Slot("7.9", "2027-11-21T06:32:54Z", kBlock)});
  CHECK(Value(page, R"(jormungandr_epoch_slots_assigned{epoch="current"})") == "4");
  CHECK(Value(page, R"(jormungandr_epoch_slots_missed{epoch="current"})") == "2");
  CHECK(Value(page, R"(jormungandr_epoch_blocks_made{epoch="current"})") == "1");
  CHECK(Value(page, R"(jormungandr_epoch_slots_assigned{epoch="previous"})") == "1");
  CHECK(Value(page, R"(jormungandr_epoch_slots_missed{epoch="previous"})") == "0");
  CHECK(Value(page, "jormungandr_leader_slots_pending").empty());
}

TEST_CASE("jormungandr: the next slot where the version tells") {
  Leader leader;
  const std::string page = leader.Page({Slot("1.58", "2026-11-21T06:34:43Z", "\"Pending\""),
                                        Slot("1.50", "2026-11-21T06:34:35Z", "\"Pending\""),
                                        Slot("1.41", "2026-11-21T06:34:26Z", kBlock)});
  CHECK(Value(page, "jormungandr_leader_slots_pending") == "2");
  CHECK(Value(page, "jormungandr_leader_next_slot_timestamp_seconds") == "1795242875");
}

TEST_CASE("jormungandr: leaders where the version has them") {
  CHECK(Value(PageWith({{"leaders", "[1,2]"}}), "jormungandr_leaders") == "2");
  CHECK(Value(PageWith({{"leaders", "[]"}}), "jormungandr_leaders") == "0");
  CHECK(Value(PageWith({}), "jormungandr_leaders").empty());
}

TEST_CASE("jormungandr: logs that are none are refused") {
  for (const char* const bad :
       {"[{}]", R"([{"scheduled_at_date":"1.2"}])", R"([{"status":"Pending"}])",
        R"([{"scheduled_at_date":"1.2","status":"Done"}])",
        R"([{"scheduled_at_date":"1.2","status":{}}])",
        R"([{"scheduled_at_date":"1.2","status":{"Rejected":{}}}])",
        R"([{"scheduled_at_date":"-1.2","status":"Pending"}])",
        R"([{"scheduled_at_date":"1.2","scheduled_at_time":"soon","status":"Pending"}])"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseLeaderLogs(bad));
  }
}

}  // namespace
}  // namespace stakewatch::jormungandr::testing
