#include "actions/restart_hook/restart.h"

namespace stakewatch::restart_hook {
namespace {

bool IsFault(const Error& error) {
  return error.reason == Reason::kRpcError;
}

}  // namespace

Ended Finish(const Intent& intent, milliseconds start_within, const Supervisor& supervisor,
             const Clock& clock) {
  // A stop that nobody confirmed may be a person's own, or may still come.
  if (intent.phase != Intent::Phase::kStopping) return {Outcome::kStopUnconfirmed, ""};
  const double until = intent.at + std::chrono::duration<double>(start_within).count();
  // Also when the clock has gone back: then nothing says how long ago the stop was.
  const auto in_time = [&] {
    const double now = clock.now();
    return now >= intent.at - 1 && now < until;
  };
  bool asked_to_start = false;
  std::string last;  // What was seen last.
  for (; in_time(); clock.pause()) {
    const auto process = supervisor.Look();
    if (!process) {
      last = process.error().what;
      continue;
    }
    last = process->state_name;
    const Stage stage = StageOf(intent, *process);
    if (stage == Stage::kRunning) {
      return {asked_to_start ? Outcome::kRestarted : Outcome::kStartedByOthers, ""};
    }
    if (stage == Stage::kChanged) {
      return {asked_to_start ? Outcome::kStartFailed : Outcome::kChanged, last};
    }
    // That answer may have been long in coming.
    if (stage != Stage::kStopped || !in_time()) continue;
    // Said again when the answer was lost and it is STOPPED still, by the same supervisord, which
    // starts no program twice.
    asked_to_start = true;
    const auto started = supervisor.Start();
    if (started) continue;
    last = started.error().what;
    const bool no = IsFault(started.error()) && started.error().code != kFaultAlreadyStarted &&
                    started.error().code != kFaultShutdownState;
    if (no) return {Outcome::kStartRefused, last};
  }
  return {Outcome::kTooLate, last};
}

}  // namespace stakewatch::restart_hook
