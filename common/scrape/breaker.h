#pragma once
// Keeps a node that hangs from being piled upon. After three requests in a row that failed for want
// of an answer, requests go in single file: one is tried, the others wait for how it fares and
// share its failure, or go ahead once it is answered. So a hung node has one request of ours at a
// time, and one that recovers is told as up within the same scrape; nothing is ever remembered as
// down for a time.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch {

// Thread-safe. One for each upstream.
class Breaker {
 public:
  static constexpr int kFailuresToOpen = 3;

  // `ask`'s result, or the failure of the request that was tried in its stead.
  Result<std::string> Ask(const Deadline& deadline,
                          const std::function<Result<std::string>()>& ask);
  bool Open() const;
  // A request now would wait for the one that is tried.
  bool Trying() const;

 private:
  Result<std::string> Try(std::unique_lock<std::mutex>& lock,
                          const std::function<Result<std::string>()>& ask);
  void Count(const Result<std::string>& answer);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int failures_ = 0;  // In a row.
  bool trying_ = false;
  std::uint64_t tries_ = 0;  // Ended, while open.
  Error last_failure_{Reason::kTimeout, ""};
};

}  // namespace stakewatch
