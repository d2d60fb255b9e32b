#pragma once
// Source stats: how the node answers, its state, its tip, its peers and its mempool. What a version
// does not tell is a missing sample; how the node answers is told whatever it answers.
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "exporters/jormungandr/client.h"
#include "exporters/jormungandr/values.h"

namespace stakewatch::jormungandr {

inline constexpr std::array<std::string_view, 5> kConditions = {"running", "bootstrapping",
                                                                "failing", "hung", "dead"};
// NodeState of the node's source, in its order, and what is none of them.
inline constexpr std::array<std::string_view, 7> kStates = {"StartingRestServer",
                                                            "PreparingStorage",
                                                            "PreparingBlock0",
                                                            "Bootstrapping",
                                                            "StartingWorkers",
                                                            "Running",
                                                            "other"};

// /api/v0/node/stats.
struct Stats {
  std::optional<std::string> state;    // As the node writes it.
  std::optional<std::string> version;  // Without the "jormungandr " before it.
  std::optional<double> uptime;        // Seconds.
  std::optional<std::uint64_t> tip_height;
  std::optional<BlockDate> tip_date;
  std::optional<Id> tip_hash;
  std::optional<double> tip_time;
  // Of what is told as it is: by the name of its member.
  std::vector<std::pair<std::string_view, double>> samples;
  std::optional<double> Sample(std::string_view member) const;

  // The versions before 0.7 say no state, but have a tip only while they run.
  bool Running() const { return state ? *state == "Running" : tip_height.has_value(); }
};

Result<Stats> ParseStats(const std::string& answer);

// A node that bootstraps without statistics has the state alone.
Result<Stats> AskStats(const Client& client, const Deadline& deadline);

// One of kConditions.
std::string_view ConditionOf(const Result<Stats>& stats);

// When a node began, from uptimes in whole seconds: the same number until it began anew.
// Thread-safe.
class StartTime {
 public:
  double Settle(double started);

 private:
  std::mutex mutex_;
  std::optional<double> settled_;
};

// `now` in Unix seconds. Keeps what it told when it gives an error.
Result<void> ScrapeStats(const Client& client, const Deadline& deadline, double now,
                         StartTime& start, Sheet& sheet);

}  // namespace stakewatch::jormungandr
