// The decision as a table: one situation in which the target is restarted, and each thing that
// speaks against it, alone.
#include "actions/restart_hook/decide.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/restart_hook/testing.h"

namespace stakewatch::restart_hook {
namespace {

using namespace std::chrono_literals;

// Group pool with the nodes one and two, and group other with three. It began to listen long ago,
// and Stuck fires for node one for longer than it takes to settle.
struct Situation {
  Situation() { alerts.Hear({Firing("Stuck", "one")}, kNow - 60); }

  Group& Pool() { return config.groups[0]; }
  Target& One() { return config.groups[0].targets[0]; }
  Why Of(const std::string& name = "one", double now = kNow) const {
    for (const Group& group : config.groups) {
      for (const Target& target : group.targets) {
        if (target.name == name) return Decide(config, group, target, alerts, kept, now);
      }
    }
    FAIL("no target " << name);
    return {};
  }
  void Restarted(const std::string& group, const std::string& target, double ago) {
    kept.restarts.push_back({group, target, kNow - ago});
  }
  void Begun(Intent::Phase phase) {
    kept.intents["pool"] = {phase, "two", "unix:///s", "pool:two", kNow - 10, 1};
  }

  Config config = TestConfig();
  Alerts alerts{config, kNow - 100000};
  Kept kept;
};

TEST_CASE("decide: a target whose alert fires is due, and no other is") {
  const Situation it;
  CHECK(it.Of("one") == Why::kDue);
  CHECK(it.Of("two") == Why::kResolved);
  CHECK(it.Of("three") == Why::kResolved);
}

TEST_CASE("decide: what speaks against it") {
  const std::vector<std::pair<Why, std::function<void(Situation&)>>> cases = {
      {Why::kDryRun, [](Situation& it) { it.config.dry_run = true; }},
      {Why::kResolved,
       [](Situation& it) { it.alerts.Hear({Resolved(Firing("Stuck", "one"))}, kNow); }},
      {Why::kListening, [](Situation& it) { it.alerts.HearNoise(kNow - 299); }},
      {Why::kSigning, [](Situation& it) { it.One().allow_signing = false; }},
      {Why::kDoubtful, [](Situation& it) { it.alerts.Hear({Firing("Doubt", "x")}, kNow); }},
      {Why::kBusy, [](Situation& it) { it.Begun(Intent::Phase::kAsked); }},
      {Why::kBusy, [](Situation& it) { it.Begun(Intent::Phase::kStopping); }},
      {Why::kUnfinished, [](Situation& it) { it.Begun(Intent::Phase::kUnfinished); }},
      {Why::kClock, [](Situation& it) { it.Restarted("other", "three", -100); }},
      {Why::kSettling, [](Situation& it) { it.Pool().settle = 61s; }},
      {Why::kPause, [](Situation& it) { it.Restarted("pool", "two", 299); }},
      {Why::kCoolDown, [](Situation& it) { it.Restarted("pool", "one", 1799); }},
      {Why::kHourlyLimit,
       [](Situation& it) {
         it.Restarted("pool", "two", 3599);
         it.Restarted("pool", "two", 400);
       }},
  };
  for (const auto& [why, change] : cases) {
    Situation it;
    change(it);
    CHECK_MESSAGE(it.Of() == why, Word(it.Of()), " is not ", Word(why));
  }
}

TEST_CASE("decide: what does not speak against it") {
  const std::vector<std::function<void(Situation&)>> cases = {
      [](Situation& it) { it.alerts.HearNoise(kNow - 300); },
      [](Situation& it) {
        it.One().signs = false;
        it.One().allow_signing = false;
      },
      [](Situation& it) {
        it.alerts.Hear({Firing("Doubt", "x")}, kNow - 9);
        it.alerts.Hear({Resolved(Firing("Doubt", "x"))}, kNow);
      },
      [](Situation& it) { it.alerts.Hear({Firing("Doubt", "x", "another network")}, kNow); },
      [](Situation& it) { it.Pool().settle = 60s; },
      [](Situation& it) { it.Restarted("pool", "two", 300); },
      [](Situation& it) { it.Restarted("pool", "one", 1800); },
      [](Situation& it) { it.Restarted("other", "three", 1); },
      [](Situation& it) {
        it.kept.intents["other"] = {Intent::Phase::kAsked, "three", "", "", 0, 0};
      },
      [](Situation& it) {
        it.Restarted("pool", "two", 3600);
        it.Restarted("pool", "two", 400);
        it.Restarted("other", "three", 400);
      },
  };
  for (const auto& change : cases) {
    Situation it;
    change(it);
    CHECK_MESSAGE(it.Of() == Why::kDue, Word(it.Of()));
  }
}

TEST_CASE("decide: an alert that is no longer repeated is no reason") {
  const Situation it;
  CHECK(it.Of("one", kNow - 60 + 300) == Why::kDue);
  CHECK(it.Of("one", kNow - 60 + 301) == Why::kResolved);
  // Said again after all, it settles anew.
  Situation late;
  late.alerts.Hear({Firing("Stuck", "one")}, kNow + 241);
  CHECK(late.Of("one", kNow + 241) == Why::kSettling);
}

TEST_CASE("decide: every reason has a word of its own") {
  const std::set<std::string_view> words(kWhyWords.begin(), kWhyWords.end());
  CHECK(words.size() == kWhyWords.size());
  CHECK(Word(Why::kStateNotKept) == "state_not_kept");
  CHECK(Word(Why::kHourlyLimit) == "hourly_limit");
  CHECK(Word(Why::kChildren) == "has_children");
}

TEST_CASE("objection: only what runs, has run for the cool-down, and leaves nothing behind") {
  Situation it;
  Target safe = it.One();
  safe.signs = false;
  const auto why = [&](Process process, const Target& target, bool children = false) {
    return Objection(it.Pool(), target, process, children);
  };
  const Process runs = Running(5000);
  CHECK_FALSE(why(runs, it.One()));
  for (const int state : {0, 10, 30, 40, 100, 200, 1000, -1, 21}) {
    Process other = runs;
    other.state = state;
    CHECK(why(other, it.One()) == Why::kNotRunning);
  }
  Process young = runs;
  young.now = young.start + 1799;
  CHECK(why(young, it.One()) == Why::kCoolDown);
  young.now = young.start - 5;  // A clock that went back.
  CHECK(why(young, it.One()) == Why::kCoolDown);
  CHECK(why(runs, it.One(), true) == Why::kChildren);
  CHECK_FALSE(why(runs, safe, true));
}

TEST_CASE("stage: only the instance that was stopped, seen ended by the same supervisord") {
  const Intent intent{Intent::Phase::kStopping, "one", "u", "p", kNow, 5000};
  const auto stage = [&](std::int64_t state, std::int64_t start, std::int64_t stop,
                         std::int64_t pid) {
    return StageOf(intent, {state, "", start, stop, 6000, pid});
  };
  CHECK(stage(40, 5000, 0, 77) == Stage::kStopping);
  CHECK(stage(0, 5000, 5900, 0) == Stage::kStopped);
  CHECK(stage(10, 5901, 5900, 78) == Stage::kStarting);
  CHECK(stage(30, 5901, 5902, 0) == Stage::kStarting);
  CHECK(stage(20, 5901, 5900, 78) == Stage::kRunning);
  // Not ended by a stop; or not ended.
  CHECK(stage(0, 5000, 0, 0) == Stage::kChanged);
  CHECK(stage(0, 5000, 4000, 0) == Stage::kChanged);
  CHECK(stage(0, 5000, 5900, 77) == Stage::kChanged);
  for (const int state : {20, 10, 30, 100, 200, 1000}) {
    CHECK(stage(state, 5000, 5900, 0) == Stage::kChanged);
  }
  // Another supervisord, that has not started it; or has.
  CHECK(stage(0, 0, 0, 0) == Stage::kChanged);
  CHECK(stage(20, 4000, 0, 77) == Stage::kChanged);
  // Started, and stopped or ended, by others.
  CHECK(stage(0, 5901, 5950, 0) == Stage::kChanged);
  CHECK(stage(40, 5901, 5900, 78) == Stage::kChanged);
  CHECK(stage(100, 5901, 5950, 0) == Stage::kChanged);
  CHECK(stage(200, 5901, 5950, 0) == Stage::kChanged);
}

TEST_CASE("still allowed: the same target of a configuration that acts") {
  const Intent intent{Intent::Phase::kStopping, "one", "unix:///s", "pool:one", kNow, 5000};
  Situation it;
  CHECK(StillAllowed(it.config, "pool", intent));
  CHECK_FALSE(StillAllowed(it.config, "other", intent));
  const std::vector<std::function<void(Situation&)>> cases = {
      [](Situation& s) { s.config.dry_run = true; },
      [](Situation& s) { s.One().allow_signing = false; },
      [](Situation& s) { s.One().url = "unix:///t"; },
      [](Situation& s) { s.One().program = "pool:onf"; },
      [](Situation& s) { s.One().name = "onf"; },
      [](Situation& s) { s.Pool().targets.clear(); },
  };
  for (const auto& change : cases) {
    Situation changed;
    change(changed);
    CHECK_FALSE(StillAllowed(changed.config, "pool", intent));
  }
}

TEST_CASE("alerts: a repeat is no news, a late copy of a resolved one neither") {
  Situation it;
  CHECK(it.alerts.FiringSince("one", kNow) == kNow - 60);
  it.alerts.Hear({Firing("Stuck", "one")}, kNow - 30);
  CHECK(it.alerts.FiringSince("one", kNow) == kNow - 60);
  it.alerts.Hear({Resolved(Firing("Stuck", "one"))}, kNow - 20);
  it.alerts.Hear({Firing("Stuck", "one")}, kNow - 10);
  CHECK(it.alerts.FiringSince("one", kNow) < 0);
  Alert anew = Firing("Stuck", "one");
  anew.starts_at = "2026-11-21T19:00:00Z";
  it.alerts.Hear({anew}, kNow - 5);
  CHECK(it.alerts.FiringSince("one", kNow) == kNow - 5);
  CHECK(it.alerts.FiringNames("one", kNow) == std::set<std::string>{"Stuck"});
}

TEST_CASE("alerts: names, labels and kinds") {
  Situation it;
  CHECK(it.alerts.Hear({Firing("Else", "two")}, kNow).targets.empty());
  CHECK(it.alerts.Hear({Firing("Stuck", "four")}, kNow).targets.empty());
  CHECK(it.alerts.Hear({Firing("Stuck", "two", "another network")}, kNow).targets.empty());
  CHECK(it.alerts.Hear({{true, {}, "t"}}, kNow).targets.empty());
  CHECK(it.alerts.Hear({Firing("Stuck", "two")}, kNow).targets == std::set<std::string>{"two"});
  CHECK(it.alerts.FiringSince("two", kNow) == kNow);
  CHECK(it.alerts.FiringSince("three", kNow) < 0);
}

TEST_CASE("alerts: what names two targets counts for neither") {
  Situation it;
  it.config.groups[0].targets[1].labels = {{"network", "main"}};
  Alerts alerts(it.config, 0);
  const auto named = alerts.Hear({Firing("Stuck", "one")}, kNow);
  CHECK(named.ambiguous == std::set<std::string>{"one", "two"});
  CHECK(alerts.FiringSince("one", kNow) < 0);
  CHECK(alerts.FiringSince("two", kNow) < 0);
}

TEST_CASE("alerts: more doubts than can be told apart stay doubts") {
  Situation it;
  std::vector<Alert> doubts;
  for (int i = 0; i < 1001; ++i) doubts.push_back(Firing("Doubt", std::to_string(i)));
  it.alerts.Hear(doubts, kNow);
  for (Alert& doubt : doubts) doubt.firing = false;
  it.alerts.Hear(doubts, kNow);
  CHECK(it.alerts.Doubtful("pool"));
  doubts.resize(1000);
  Alerts fewer(it.config, 0);
  for (Alert& doubt : doubts) doubt.firing = true;
  fewer.Hear(doubts, kNow);
  CHECK(fewer.Doubtful("pool"));
  for (Alert& doubt : doubts) doubt.firing = false;
  fewer.Hear(doubts, kNow);
  CHECK_FALSE(fewer.Doubtful("pool"));
}

}  // namespace
}  // namespace stakewatch::restart_hook
