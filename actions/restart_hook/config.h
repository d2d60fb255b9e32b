#pragma once
// What may be restarted, for which alerts, and how often: the file that --hook.config names.
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch::restart_hook {

using Labels = std::map<std::string, std::string>;

// One program of one supervisord.
struct Target {
  std::string name;  // Of metrics and log lines; no two of the file share one.
  Labels labels;     // An alert that has all of them is about this target; at least one.
  std::string url;   // Of supervisord: unix:///path or http://host:port.
  std::string username, password_file;
  std::string program;  // As supervisord is asked for it: group:name.
  // Two running instances of a validator are slashed, so whatever is not said to be none is one.
  bool signs = true;
  bool allow_signing = false;
};

// Targets of which at most one is down at a time.
struct Group {
  std::string name;
  std::set<std::string> alerts;    // Names of those that restart.
  std::set<std::string> doubtful;  // While one of these fires, nothing of the group is restarted.
  Labels labels;                   // What an alert of either kind must have besides; may be empty.
  milliseconds settle{std::chrono::seconds(30)};       // An alert is known for so long before.
  milliseconds pause{std::chrono::minutes(5)};         // Between two restarts of the group.
  milliseconds cool_down{std::chrono::minutes(30)};    // Between two starts of one target.
  milliseconds start_within{std::chrono::minutes(5)};  // After its stop, or never.
  std::size_t restarts_per_hour = 2;                   // Of the group.
  std::vector<Target> targets;
};

struct Config {
  bool dry_run = true;
  // By then Alertmanager has said again what fires: repeat_interval and group_interval of its
  // route.
  milliseconds repeated_within{std::chrono::minutes(10)};
  std::vector<Group> groups;
};

// Touches no other file.
Checked<Config> ParseConfig(std::string_view yaml);

// Also looks at the password files. An error names the path.
Checked<Config> ReadConfig(const std::string& path);

}  // namespace stakewatch::restart_hook
