#pragma once
// Source external_tip: the height that somebody else tells (an explorer's JSON), asked by a job in
// its own time.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/metrics.h"
#include "common/result.h"
#include "common/scrape/job.h"
#include "common/upstream/upstream.h"

namespace stakewatch::jormungandr {

// The whole number at `path` in a JSON text, as one or in a string: member names and indices of
// arrays with dots between ("stats.tips.0.height"), a leading "$." is allowed.
Result<std::uint64_t> ParseExternalTip(const std::string& answer, std::string_view path);

struct ExternalTipParts {
  std::shared_ptr<const Upstream> upstream;
  std::string name;  // In the label: its host.
  std::string path;
  std::chrono::milliseconds interval{60000};
  std::chrono::milliseconds timeout{5000};
};

class ExternalTip {
 public:
  explicit ExternalTip(ExternalTipParts parts);

  void Start() { job_.Start(); }
  // What was told last, unless it is older than five intervals at `now`, and the error of the last
  // run if that failed.
  Result<void> Tell(double now, Sheet& sheet) const;

 private:
  std::string name_;
  std::chrono::duration<double> age_max_;
  Job<std::uint64_t> job_;
};

}  // namespace stakewatch::jormungandr
