#pragma once
// The source log: what supervisor.log has said since the exporter runs, and how great the logs are.
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/deadline.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/unix_time.h"
#include "exporters/supervisor/log_events.h"
#include "exporters/supervisor/log_tail.h"
#include "exporters/supervisor/nodes.h"

namespace stakewatch::supervisor {

// Thread-safe.
class DaemonLog {
 public:
  // `now` in Unix seconds.
  DaemonLog(std::string logs_dir, std::vector<Node> nodes, std::function<double()> now = UnixNow);

  // Reads on, and tells all that has been counted, also when it cannot be read now.
  Result<void> Scrape(const Deadline& deadline, Sheet& sheet);

 private:
  void OnLine(std::string_view line);
  // Of the label: one of the nodes, "other", or empty.
  std::string_view NodeOf(std::string_view address) const;
  void TellEvents(Sheet& sheet) const;
  void TellFiles(Sheet& sheet) const;

  const std::string logs_dir_;
  const std::vector<Node> nodes_;
  const std::function<double()> now_;
  std::timed_mutex mutex_;
  LogTail tail_;
  std::array<std::map<std::string_view, std::uint64_t>, kEventNames.size()> events_;
  std::map<std::string_view, bool> uploads_;  // By node: how the last one went.
  std::optional<double> validator_exit_;
  std::uint64_t lines_ = 0;
};

}  // namespace stakewatch::supervisor
