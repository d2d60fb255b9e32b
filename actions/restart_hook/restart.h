#pragma once
// One restart: stop, see STOPPED, start. The second half is also what a hook does that was killed
// in between. Nothing here starts what it did not stop.
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "actions/restart_hook/decide.h"
#include "actions/restart_hook/supervisor.h"

namespace stakewatch::restart_hook {

// How a restart ended: the label `result`.
enum class Outcome {
  kRestarted,
  kStartedByOthers,  // It runs again, and we did not do it.
  kStopRefused,      // A fault, so nothing was stopped.
  kStopUnconfirmed,  // No answer, or a crash: whether it is stopped, and by whom, is unknown.
  kChanged,          // It is no longer the instance that we stopped.
  kTooLate,          // The stop took longer than start_within, or it could not be seen.
  kStartRefused,
  kStartFailed,  // It was started, and has ended.
  kForbidden,    // The configuration has changed since the stop.
};
inline constexpr std::array<std::string_view, 9> kOutcomeWords = {
    "restarted", "started_by_others", "stop_refused", "stop_unconfirmed", "changed",
    "too_late",  "start_refused",     "start_failed", "forbidden"};
constexpr std::string_view Word(Outcome outcome) {
  return kOutcomeWords[static_cast<std::size_t>(outcome)];
}

// Whether the program is as well as before, and the group free for the next restart.
constexpr bool EndedWell(Outcome outcome) {
  return outcome == Outcome::kRestarted || outcome == Outcome::kStartedByOthers ||
         outcome == Outcome::kStopRefused;
}

struct Ended {
  Outcome outcome;
  std::string what;  // For the audit; may be empty.
};

struct Clock {
  std::function<double()> now;  // Unix seconds.
  std::function<void()> pause;  // Before supervisord is asked again.
};

// What to do with a program that has been stopped for `intent`, until it runs again or
// `start_within` is over since the stop.
Ended Finish(const Intent& intent, milliseconds start_within, const Supervisor& supervisor,
             const Clock& clock);

}  // namespace stakewatch::restart_hook
