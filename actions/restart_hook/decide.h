#pragma once
// Whether a target is restarted now. Pure: a function of the configuration, of what the
// notifications said, of what was done before, and of the time (Unix seconds). Read this one first.
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/restart_hook/alerts.h"
#include "actions/restart_hook/config.h"

namespace stakewatch::restart_hook {

// Why a decision is what it is: the label `reason`. Only kDue restarts.
enum class Why {
  kDue,
  kDryRun,
  kResolved,
  kAmbiguous,
  kListening,
  kSigning,
  kDoubtful,
  kBusy,
  kUnfinished,
  kClock,
  kSettling,
  kPause,
  kCoolDown,
  kHourlyLimit,
  kUnreachable,
  kNotRunning,
  kChildren,
  kStateNotKept,
};
inline constexpr std::array<std::string_view, 18> kWhyWords = {
    "due",         "dry_run",      "resolved",      "ambiguous",    "listening",
    "signing",     "doubtful",     "group_busy",    "unfinished",   "clock",
    "settling",    "pause",        "cool_down",     "hourly_limit", "supervisord_unreachable",
    "not_running", "has_children", "state_not_kept"};
constexpr std::string_view Word(Why why) {
  return kWhyWords[static_cast<std::size_t>(why)];
}

// A restart that has begun and is not known to have ended well. At most one of a group.
struct Intent {
  enum class Phase {
    kAsked,       // The stop may have been asked for; nothing says that it was heard.
    kStopping,    // supervisord has confirmed the stop. Only now a start may follow.
    kUnfinished,  // Given up: a person has to look. Over when the program is seen to run.
  };
  Phase phase = Phase::kAsked;
  std::string target, url, program;
  double at = 0;           // When the stop was asked for.
  std::int64_t start = 0;  // Of the instance that is stopped, as supervisord says it.
};

// What is kept over a crash.
struct Kept {
  struct Restart {
    std::string group, target;
    double at = 0;
  };
  std::vector<Restart> restarts;          // Of the last day.
  std::map<std::string, Intent> intents;  // By group.

  double LastRestart(const std::string& target) const;  // 0: none.
};

// By what is known without asking supervisord.
Why Decide(const Config& config, const Group& group, const Target& target, const Alerts& alerts,
           const Kept& kept, double now);

// What getProcessInfo says of a program.
struct Process {
  std::int64_t state = 0;
  std::string state_name;
  std::int64_t start = 0, stop = 0, now = 0;  // Unix seconds by supervisord's clock; 0: never.
  std::int64_t pid = 0;
};

bool Runs(const Process& process);

// What speaks against a restart that is due; none if nothing does.
std::optional<Why> Objection(const Group& group, const Target& target, const Process& process,
                             bool has_children);

// How the instance that was stopped is doing.
enum class Stage {
  kStopping,
  kStopped,   // That instance has ended, by a stop, and none has been started since.
  kStarting,  // A later one is on its way.
  kRunning,   // A later one runs.
  kChanged,   // Anything else: another supervisord, or somebody has done something with it.
};
Stage StageOf(const Intent& intent, const Process& process);

// Whether the configuration still allows to start what was stopped for it.
bool StillAllowed(const Config& config, const std::string& group, const Intent& intent);

}  // namespace stakewatch::restart_hook
