#include "actions/restart_hook/decide.h"

#include <algorithm>

namespace stakewatch::restart_hook {
namespace {

constexpr double kHour = 3600;
// By how much the clock may have gone back since a restart.
constexpr double kClockSlack = 1;

// Supervisor's codes.
enum State : std::int64_t {
  kStateStopped = 0,
  kStateStarting = 10,
  kStateRunning = 20,
  kStateBackoff = 30,
  kStateStopping = 40
};

double Seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

double Kept::LastRestart(const std::string& target) const {
  double last = 0;
  for (const Restart& restart : restarts) {
    if (restart.target == target) last = std::max(last, restart.at);
  }
  return last;
}

Why Decide(const Config& config, const Group& group, const Target& target, const Alerts& alerts,
           const Kept& kept, double now) {
  const double since = alerts.FiringSince(target.name, now);
  if (since < 0) return Why::kResolved;
  if (alerts.Listening(now)) return Why::kListening;
  if (target.signs && !target.allow_signing) return Why::kSigning;
  if (alerts.Doubtful(group.name)) return Why::kDoubtful;
  if (const auto intent = kept.intents.find(group.name); intent != kept.intents.end()) {
    const bool given_up = intent->second.phase == Intent::Phase::kUnfinished;
    return given_up ? Why::kUnfinished : Why::kBusy;
  }
  double last_of_group = 0;
  std::size_t in_last_hour = 0;
  for (const Kept::Restart& restart : kept.restarts) {
    if (restart.at > now + kClockSlack) return Why::kClock;
    if (restart.group != group.name) continue;
    last_of_group = std::max(last_of_group, restart.at);
    if (restart.at > now - kHour) ++in_last_hour;
  }
  if (now < since + Seconds(group.settle)) return Why::kSettling;
  if (now < kept.LastRestart(target.name) + Seconds(group.cool_down)) return Why::kCoolDown;
  if (now < last_of_group + Seconds(group.pause)) return Why::kPause;
  if (in_last_hour >= group.restarts_per_hour) return Why::kHourlyLimit;
  return config.dry_run ? Why::kDryRun : Why::kDue;
}

bool Runs(const Process& process) {
  return process.state == kStateRunning;
}

std::optional<Why> Objection(const Group& group, const Target& target, const Process& process,
                             bool has_children) {
  if (!Runs(process)) return Why::kNotRunning;
  // Somebody else may have restarted it just now. Both times are supervisord's.
  if (static_cast<double>(process.now - process.start) < Seconds(group.cool_down)) {
    return Why::kCoolDown;
  }
  if (target.signs && has_children) return Why::kChildren;
  return std::nullopt;
}

Stage StageOf(const Intent& intent, const Process& process) {
  if (process.start == intent.start) {
    if (process.state == kStateStopping) return Stage::kStopping;
    const bool ended = process.stop >= process.start && process.stop > 0 && process.pid == 0;
    return process.state == kStateStopped && ended ? Stage::kStopped : Stage::kChanged;
  }
  // A supervisord that was started since says 0 of what it has not started itself.
  if (process.start < intent.start) return Stage::kChanged;
  if (Runs(process)) return Stage::kRunning;
  const bool on_its_way = process.state == kStateStarting || process.state == kStateBackoff;
  return on_its_way ? Stage::kStarting : Stage::kChanged;
}

bool StillAllowed(const Config& config, const std::string& group_name, const Intent& intent) {
  if (config.dry_run) return false;
  for (const Group& group : config.groups) {
    for (const Target& target : group.targets) {
      if (group.name == group_name && target.name == intent.target && target.url == intent.url &&
          target.program == intent.program) {
        return !target.signs || target.allow_signing;
      }
    }
  }
  return false;
}

}  // namespace stakewatch::restart_hook
