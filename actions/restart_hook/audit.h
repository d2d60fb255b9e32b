#pragma once
// Says what was decided and done, in the log and in the metrics: each decision, also that nothing
// is to be done.
#include <map>
#include <set>
#include <string>

#include "actions/restart_hook/alerts.h"
#include "actions/restart_hook/config.h"
#include "actions/restart_hook/decide.h"
#include "actions/restart_hook/restart.h"
#include "common/own_metrics.h"

namespace stakewatch::restart_hook {

// Not thread-safe.
class Audit {
 public:
  Audit(const Config& config, const Kept& kept, OwnMetrics& own);

  void Noticed(double now);
  void Unreadable(const std::string& why);
  // Of a notification that names the target. `seen` is what supervisord said, if it was asked.
  void Decided(const Group& group, const Target& target, Why why,
               const std::set<std::string>& alerts, const std::string& seen = "");
  // The same, but only when it is another reason than the last one.
  void DecidedAnew(const Group& group, const Target& target, Why why,
                   const std::set<std::string>& alerts, const std::string& seen = "");
  void Forget(const std::string& target) { last_.erase(target); }
  void Doubtful(const std::string& group, bool doubtful);
  void Begun(const Group& group, const Target& target, double now);
  void Ended(const std::string& group, const Intent& intent, const restart_hook::Ended& ended);
  // An unfinished one is seen to run.
  void Over(const std::string& group, const Intent& intent);
  void NotKept(const std::string& why);

 private:
  OwnMetrics& own_;
  std::map<std::string, Why> last_;  // By target.
};

}  // namespace stakewatch::restart_hook
