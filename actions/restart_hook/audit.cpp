#include "actions/restart_hook/audit.h"

#include "actions/restart_hook/metrics.h"
#include "common/log.h"

namespace stakewatch::restart_hook {
namespace {

std::string Joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) (text += text.empty() ? "" : ",") += word;
  return text;
}

}  // namespace

Audit::Audit(const Config& config, const Kept& kept, OwnMetrics& own) : own_(own) {
  own_.GaugeOf(kDryRunGauge).Set(config.dry_run ? 1 : 0);
  own_.GaugeOf(kLastNotification).Set(0);
  own_.CounterOf(kUnreadable);
  for (const Group& group : config.groups) {
    Doubtful(group.name, false);
    for (const Target& target : group.targets) {
      own_.GaugeOf(kLastRestart, group.name, target.name).Set(kept.LastRestart(target.name));
      own_.GaugeOf(kUnfinishedGauge, group.name, target.name).Set(0);
      own_.CounterOf(kRestarts, group.name, target.name, Word(Outcome::kRestarted));
    }
  }
  for (const auto& [group, intent] : kept.intents) {
    own_.GaugeOf(kUnfinishedGauge, group, intent.target).Set(1);
  }
}

void Audit::Noticed(double now) {
  own_.GaugeOf(kLastNotification).Set(now);
}

void Audit::Unreadable(const std::string& why) {
  own_.CounterOf(kUnreadable).Increment();
  Log(LogLevel::kWarn, "notification not understood: nothing is restarted until all is said again",
      {{"why", why}});
}

void Audit::Decided(const Group& group, const Target& target, Why why,
                    const std::set<std::string>& alerts, const std::string& seen) {
  const bool restart = why == Why::kDue;
  const std::string decision = restart ? "restart" : "refuse";
  last_.insert_or_assign(target.name, why);
  own_.CounterOf(kDecisions, group.name, target.name, decision, Word(why)).Increment();
  Log(restart ? LogLevel::kWarn : LogLevel::kInfo, "decision",
      {{"decision", decision},
       {"reason", std::string(Word(why))},
       {"group", group.name},
       {"target", target.name},
       {"program", target.program},
       {"alerts", Joined(alerts)},
       {"seen", seen}});
}

void Audit::DecidedAnew(const Group& group, const Target& target, Why why,
                        const std::set<std::string>& alerts, const std::string& seen) {
  const auto last = last_.find(target.name);
  if (last == last_.end() || last->second != why) Decided(group, target, why, alerts, seen);
}

void Audit::Doubtful(const std::string& group, bool doubtful) {
  own_.GaugeOf(kDoubtfulGauge, group).Set(doubtful ? 1 : 0);
}

void Audit::Begun(const Group& group, const Target& target, double now) {
  own_.GaugeOf(kLastRestart, group.name, target.name).Set(now);
  own_.GaugeOf(kUnfinishedGauge, group.name, target.name).Set(1);
}

void Audit::Ended(const std::string& group, const Intent& intent,
                  const restart_hook::Ended& ended) {
  const bool well = EndedWell(ended.outcome);
  own_.CounterOf(kRestarts, group, intent.target, Word(ended.outcome)).Increment();
  own_.GaugeOf(kUnfinishedGauge, group, intent.target).Set(well ? 0 : 1);
  Log(well ? LogLevel::kWarn : LogLevel::kError,
      well ? "restart ended" : "restart given up: a person has to look at the program",
      {{"result", std::string(Word(ended.outcome))},
       {"group", group},
       {"target", intent.target},
       {"program", intent.program},
       {"seen", ended.what}});
}

void Audit::Over(const std::string& group, const Intent& intent) {
  own_.GaugeOf(kUnfinishedGauge, group, intent.target).Set(0);
  Log(LogLevel::kWarn, "the program runs again",
      {{"group", group}, {"target", intent.target}, {"program", intent.program}});
}

void Audit::NotKept(const std::string& why) {
  Log(LogLevel::kError, "the state cannot be kept", {{"why", why}});
}

}  // namespace stakewatch::restart_hook
