// The second half of a restart against a scripted supervisord: what is started, what is not, and
// that it is never started but after STOPPED was seen of the very instance.
#include "actions/restart_hook/restart.h"

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "actions/restart_hook/supervisor.h"
#include "tests/restart_hook/testing.h"

namespace stakewatch::restart_hook {
namespace {

using namespace std::chrono_literals;

const Intent kIntent{Intent::Phase::kStopping, "one", "u", "pool:one", kNow, 5000};

const Process kStopping{40, "STOPPING", 5000, 0, 6000, 77};
const Process kStopped{0, "STOPPED", 5000, 5900, 6000, 0};
const Process kStarting{10, "STARTING", 5901, 5900, 6000, 78};
const Process kRunning{20, "RUNNING", 5901, 5900, 6000, 78};
const Process kBackoff{30, "BACKOFF", 5901, 5902, 6000, 0};
const Process kFatal{200, "FATAL", 5901, 5902, 6000, 0};
const Process kNewSupervisord{0, "STOPPED", 0, 0, 6000, 0};
const Process kStoppedByPerson{0, "STOPPED", 5901, 5950, 6000, 0};

const Error kNoAnswer{Reason::kTimeout, "no answer"};
Error Fault(int code) {
  return {Reason::kRpcError, "fault", code};
}

// Looks give the steps one after the other, then the last one for ever.
class Scripted : public Supervisor {
 public:
  explicit Scripted(std::vector<std::variant<Process, Error>> looks)
      : looks_(looks.begin(), looks.end()) {}

  Result<Process> Look() const override {
    const auto look = looks_.front();
    if (looks_.size() > 1) looks_.pop_front();
    if (on_look) on_look();
    if (const auto* error = std::get_if<Error>(&look)) return std::unexpected(*error);
    last_ = std::get<Process>(look);
    return last_;
  }
  Result<void> Stop() const override {
    FAIL("it is stopped already");
    return {};
  }
  Result<void> Start() const override {
    ++starts;
    CHECK(last_.state == 0);
    CHECK(last_.start == 5000);
    if (start_errors.empty()) return {};
    const Error error = start_errors.front();
    start_errors.pop_front();
    return std::unexpected(error);
  }

  bool HasChildren(const Process&) const override { return false; }

  std::function<void()> on_look;
  mutable std::deque<Error> start_errors;
  mutable int starts = 0;

 private:
  mutable std::deque<std::variant<Process, Error>> looks_;
  mutable Process last_;
};

struct Run {
  Outcome outcome;
  int starts;
};

// A pause is a second; `begun` is when the hook comes to it.
Run Of(std::vector<std::variant<Process, Error>> looks, std::vector<Error> start_errors = {},
       const Intent& intent = kIntent, double begun = kNow) {
  Scripted supervisor(std::move(looks));
  supervisor.start_errors.assign(start_errors.begin(), start_errors.end());
  double now = begun;
  const Ended ended = Finish(intent, 300s, supervisor, {[&] { return now; }, [&] { now += 1; }});
  return {ended.outcome, supervisor.starts};
}

bool Is(const Run& run, Outcome outcome, int starts) {
  INFO(Word(run.outcome), " after ", run.starts, " starts");
  return run.outcome == outcome && run.starts == starts;
}

TEST_CASE("restart: stopping, stopped, started, runs") {
  CHECK(Is(Of({kStopping, kStopping, kStopped, kStarting, kRunning}), Outcome::kRestarted, 1));
  CHECK(Is(Of({kStopped, kBackoff, kStarting, kBackoff, kRunning}), Outcome::kRestarted, 1));
}

TEST_CASE("restart: a stop that does not end is never followed by a start") {
  CHECK(Is(Of({kStopping}), Outcome::kTooLate, 0));
  CHECK(Is(Of({kNoAnswer}), Outcome::kTooLate, 0));
}

TEST_CASE("restart: STOPPED that is seen too late is not started") {
  std::vector<std::variant<Process, Error>> looks(299, kStopping);
  looks.push_back(kStopped);
  looks.push_back(kRunning);
  CHECK(Is(Of(looks), Outcome::kTooLate, 1));  // In the last second; then nobody looks any more.
  looks.insert(looks.begin(), kStopping);
  CHECK(Is(Of(looks), Outcome::kTooLate, 0));
}

TEST_CASE("restart: an answer that takes until the time is over does not start") {
  Scripted supervisor({kStopped});
  double now = kNow;
  supervisor.on_look = [&] { now += 300; };
  const Ended ended = Finish(kIntent, 300s, supervisor, {[&] { return now; }, [] {}});
  CHECK(ended.outcome == Outcome::kTooLate);
  CHECK(supervisor.starts == 0);
}

TEST_CASE("restart: after a crash it goes on, for as long as it would have without one") {
  CHECK(Is(Of({kStopped, kRunning}, {}, kIntent, kNow + 290), Outcome::kRestarted, 1));
  CHECK(Is(Of({kRunning}, {}, kIntent, kNow + 290), Outcome::kStartedByOthers, 0));
  CHECK(Is(Of({kStopped}, {}, kIntent, kNow + 300), Outcome::kTooLate, 0));
  CHECK(Is(Of({kStopped}, {}, kIntent, kNow - 100), Outcome::kTooLate, 0));  // A clock gone back.
}

TEST_CASE("restart: without a confirmed stop nothing is started") {
  Intent asked = kIntent;
  asked.phase = Intent::Phase::kAsked;
  CHECK(Is(Of({kStopped}, {}, asked), Outcome::kStopUnconfirmed, 0));
}

TEST_CASE("restart: another supervisord, or a person, has it now") {
  CHECK(Is(Of({kStopping, kNoAnswer, kNewSupervisord}), Outcome::kChanged, 0));
  CHECK(Is(Of({kStopping, kStoppedByPerson}), Outcome::kChanged, 0));
  CHECK(Is(Of({kStopping, kRunning}), Outcome::kStartedByOthers, 0));
  CHECK(Is(Of({kStopped, kStoppedByPerson}), Outcome::kStartFailed, 1));
}

TEST_CASE("restart: a start without an answer is looked after, and said again only to STOPPED") {
  CHECK(Is(Of({kStopped, kStarting, kRunning}, {kNoAnswer}), Outcome::kRestarted, 1));
  CHECK(Is(Of({kStopped, kNoAnswer, kStopped, kRunning}, {kNoAnswer}), Outcome::kRestarted, 2));
  CHECK(Is(Of({kStopped, kRunning}, {Fault(kFaultAlreadyStarted)}), Outcome::kRestarted, 1));
  CHECK(Is(Of({kStopped, kNoAnswer, kNewSupervisord}, {Fault(kFaultShutdownState)}),
           Outcome::kStartFailed, 1));
}

TEST_CASE("restart: a start that is refused, and one that fails") {
  CHECK(Is(Of({kStopped}, {Fault(50)}), Outcome::kStartRefused, 1));
  CHECK(Is(Of({kStopped}, {Fault(20)}), Outcome::kStartRefused, 1));
  CHECK(Is(Of({kStopped, kBackoff, kFatal}), Outcome::kStartFailed, 1));
}

TEST_CASE("supervisor: answers of every kind are read, or an error") {
  const auto value = [](const std::string& of) {
    return "<methodResponse><params><param><value>" + of +
           "</value></param></params></methodResponse>";
  };
  const auto member = [](const std::string& name, const std::string& of) {
    return "<member><name>" + name + "</name><value>" + of + "</value></member>";
  };
  const std::string whole = "<struct>" + member("state", "<int>20</int>") +
                            member("statename", "<string>RUNNING</string>") +
                            member("start", "<int>5000</int>") + member("stop", "<int>0</int>") +
                            member("now", "<int>6000</int>") + member("pid", "<int>77</int>") +
                            "</struct>";
  const auto process = ParseProcess(value(whole));
  REQUIRE(process);
  CHECK(process->state == 20);
  CHECK(process->start == 5000);
  CHECK(process->now == 6000);
  CHECK(process->pid == 77);
  for (const char* text : {"", "<", "<html/>", "{}"}) {
    CHECK_FALSE(ParseProcess(text));
    CHECK_FALSE(ParseYes(text));
  }
  CHECK_FALSE(ParseProcess(value("<struct>" + member("state", "<int>20</int>") + "</struct>")));
  CHECK(ParseYes(value("<boolean>1</boolean>")));
  for (const char* no : {"<boolean>0</boolean>", "<boolean>2</boolean>", "<int>1</int>", "yes"}) {
    CHECK_FALSE(ParseYes(value(no)));
  }
  const std::string fault = "<methodResponse><fault><value><struct>" +
                            member("faultCode", "<int>70</int>") +
                            member("faultString", "<string>NOT_RUNNING</string>") +
                            "</struct></value></fault></methodResponse>";
  REQUIRE_FALSE(ParseYes(fault));
  CHECK(ParseYes(fault).error().reason == Reason::kRpcError);
  CHECK(ParseYes(fault).error().code == 70);
}

}  // namespace
}  // namespace stakewatch::restart_hook
