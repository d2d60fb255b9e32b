#pragma once
// The source celery: how long the queues of the validator's workers are, in Redis.
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/deadline.h"
#include "common/metrics.h"
#include "common/redis.h"
#include "common/result.h"

namespace stakewatch::computehorde {

// The lists that a queue is made of: tasks of the priorities 3, 6 and 9 wait in lists of their own,
// whose names have two control characters in front of the number.
std::vector<std::string> KeysOf(std::string_view queue);

// Of an INFO; what it does not say is left out.
void TellRedis(const RedisInfo& info, Sheet& sheet);

// Asked in each scrape, over one connection that is kept. Thread-safe.
class Celery {
 public:
  using Queues = std::function<std::vector<std::string>()>;
  Celery(RedisTarget target, Queues queues)
      : redis_(std::move(target)), queues_(std::move(queues)) {}

  Result<void> Scrape(const Deadline& deadline, Sheet& sheet);

 private:
  Result<void> ScrapeQueues(const Deadline& deadline, Sheet& sheet);
  Result<void> ScrapeUnacked(const Deadline& deadline, Sheet& sheet);
  Result<void> ScrapeInfo(const Deadline& deadline, Sheet& sheet);

  std::timed_mutex mutex_;
  Redis redis_;
  const Queues queues_;
};

}  // namespace stakewatch::computehorde
