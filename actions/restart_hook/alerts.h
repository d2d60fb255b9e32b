#pragma once
// What the notifications have said so far, as far as it is about the configured targets: pure, the
// time is an argument (Unix seconds).
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actions/restart_hook/config.h"
#include "actions/restart_hook/notification.h"

namespace stakewatch::restart_hook {

class Alerts {
 public:
  // `now` is when it begins to listen.
  Alerts(const Config& config, double now);

  // What one notification says of the targets.
  struct Named {
    std::set<std::string> targets;  // That an alert names, firing or resolved.
    std::set<std::string>
        ambiguous;  // That an alert names together with others: it does not count.
  };
  Named Hear(const std::vector<Alert>& alerts, double now);
  // A notification came that cannot be read: what it said is unknown.
  void HearNoise(double now) { listening_since_ = now; }

  // From the start, and from a notification that could not be read, until Alertmanager has had to
  // say again all that fires.
  bool Listening(double now) const;
  // Since when the oldest alert fires that is about the target and was heard within
  // repeated_within; none is negative. What Alertmanager no longer repeats may be over.
  double FiringSince(const std::string& target, double now) const;
  // The names of those, for the audit.
  std::set<std::string> FiringNames(const std::string& target, double now) const;
  // Until it is said to be resolved: here silence is no good news.
  bool Doubtful(const std::string& group) const;

 private:
  struct Heard {
    std::string name;
    std::string starts_at;
    bool firing = false;
    double first = 0;  // When it was first heard to fire.
    double last = 0;
  };
  // By all labels of the alert.
  using Known = std::map<Labels, Heard>;

  void Note(Known& known, const Alert& alert, double now, bool keep_when_full) const;
  bool Fresh(const Heard& heard, double now) const;

  const Config& config_;
  double repeated_seconds_;
  double listening_since_;
  std::map<std::string, Known> of_target_, doubts_of_group_;
};

}  // namespace stakewatch::restart_hook
