#pragma once
// What Alertmanager posts to a webhook (its format, version 4), as far as a decision needs it.
#include <string>
#include <vector>

#include "actions/restart_hook/config.h"
#include "common/result.h"

namespace stakewatch::restart_hook {

struct Alert {
  bool firing = false;  // If not, it is resolved.
  Labels labels;
  std::string starts_at;  // As it is written; compared for being the same only.
};

// All of it or nothing: who reads half a notification could miss the doubt in the other half. So
// one of which Alertmanager has left alerts out (max_alerts) is no good, either.
Result<std::vector<Alert>> ParseNotification(const std::string& json);

}  // namespace stakewatch::restart_hook
