#include "actions/restart_hook/alerts.h"

#include <algorithm>

namespace stakewatch::restart_hook {
namespace {

constexpr std::size_t kKnownMax = 1000;   // Of one target or group.
constexpr double kForgetResolved = 3600;  // Seconds.

bool HasAll(const Labels& labels, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& want) {
    const auto found = labels.find(want.first);
    return found != labels.end() && found->second == want.second;
  });
}

std::string NameOf(const Alert& alert) {
  const auto found = alert.labels.find("alertname");
  return found == alert.labels.end() ? "" : found->second;
}

}  // namespace

Alerts::Alerts(const Config& config, double now)
    : config_(config),
      repeated_seconds_(std::chrono::duration<double>(config.repeated_within).count()),
      listening_since_(now) {}

Alerts::Named Alerts::Hear(const std::vector<Alert>& alerts, double now) {
  Named named;
  for (const Alert& alert : alerts) {
    const std::string name = NameOf(alert);
    std::vector<const Target*> about;
    for (const Group& group : config_.groups) {
      if (!HasAll(alert.labels, group.labels)) continue;
      if (group.doubtful.contains(name)) Note(doubts_of_group_[group.name], alert, now, true);
      if (!group.alerts.contains(name)) continue;
      for (const Target& target : group.targets) {
        if (HasAll(alert.labels, target.labels)) about.push_back(&target);
      }
    }
    for (const Target* target : about) {
      named.targets.insert(target->name);
      if (about.size() > 1) {
        named.ambiguous.insert(target->name);
      } else {
        Note(of_target_[target->name], alert, now, false);
      }
    }
  }
  return named;
}

void Alerts::Note(Known& known, const Alert& alert, double now, bool keep_when_full) const {
  std::erase_if(known, [&](const auto& entry) {
    return !entry.second.firing && now - entry.second.last > kForgetResolved;
  });
  const auto found = known.find(alert.labels);
  if (found == known.end() && known.size() >= kKnownMax) {
    // One more doubt than can be told apart: one that nothing resolves.
    if (keep_when_full && alert.firing) known[{}] = {"", "", true, now, now};
    return;
  }
  Heard& heard = known[alert.labels];
  // Said late, by a retry or by another Alertmanager: it is over already.
  const bool over = found != known.end() && !heard.firing && heard.starts_at == alert.starts_at;
  if (alert.firing && over) return;
  if (alert.firing && !Fresh(heard, now)) heard.first = now;
  heard.name = NameOf(alert);
  heard.firing = alert.firing;
  heard.starts_at = alert.starts_at;
  heard.last = now;
}

bool Alerts::Listening(double now) const {
  return now < listening_since_ + repeated_seconds_;
}

bool Alerts::Fresh(const Heard& heard, double now) const {
  return heard.firing && now <= heard.last + repeated_seconds_;
}

double Alerts::FiringSince(const std::string& target, double now) const {
  double since = -1;
  const auto known = of_target_.find(target);
  if (known == of_target_.end()) return since;
  for (const auto& [labels, heard] : known->second) {
    if (Fresh(heard, now) && (since < 0 || heard.first < since)) since = heard.first;
  }
  return since;
}

std::set<std::string> Alerts::FiringNames(const std::string& target, double now) const {
  std::set<std::string> names;
  const auto known = of_target_.find(target);
  if (known == of_target_.end()) return names;
  for (const auto& [labels, heard] : known->second) {
    if (Fresh(heard, now)) names.insert(heard.name);
  }
  return names;
}

bool Alerts::Doubtful(const std::string& group) const {
  const auto known = doubts_of_group_.find(group);
  return known != doubts_of_group_.end() &&
         std::ranges::any_of(known->second, [](const auto& entry) { return entry.second.firing; });
}

}  // namespace stakewatch::restart_hook
