#include "exporters/computehorde/celery.h"

#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "common/number.h"
#include "exporters/computehorde/metrics.h"

namespace stakewatch::computehorde {
namespace {

constexpr std::string_view kUnackedKey = "unacked";
constexpr std::string_view kUnackedIndexKey = "unacked_index";

}  // namespace

std::vector<std::string> KeysOf(std::string_view queue) {
  std::vector<std::string> keys = {std::string(queue)};
  for (const char priority : {'3', '6', '9'}) {
    keys.push_back(std::string(queue) + "\x06\x16" + priority);
  }
  return keys;
}

void TellRedis(const RedisInfo& info, Sheet& sheet) {
  const auto number = [&](std::string_view name) -> std::optional<double> {
    const auto at = info.find(name);
    if (at == info.end()) return std::nullopt;
    const auto whole = WholeNumber<std::uint64_t>(at->second);
    return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
  };
  sheet.Set(kRedisMemory, number("used_memory"));
  sheet.Set(kRedisMemoryMax, number("maxmemory"));
  sheet.Set(kRedisEvicted, number("evicted_keys"));
}

Result<void> Celery::ScrapeQueues(const Deadline& deadline, Sheet& sheet) {
  const auto queues = queues_();
  std::vector<std::string> keys;
  for (const std::string& queue : queues) {
    for (std::string& key : KeysOf(queue)) keys.push_back(std::move(key));
  }
  const auto lengths = redis_.ListLengths(keys, deadline);
  if (!lengths) return std::unexpected(lengths.error());
  auto at = lengths->begin();
  for (const std::string& queue : queues) {
    const auto end = at + static_cast<std::ptrdiff_t>(KeysOf(queue).size());
    sheet.Set(kQueueLength, static_cast<double>(std::accumulate(at, end, std::uint64_t{0})), queue);
    at = end;
  }
  return {};
}

Result<void> Celery::ScrapeUnacked(const Deadline& deadline, Sheet& sheet) {
  const auto unacked = redis_.HashLength(kUnackedKey, deadline);
  if (!unacked) return std::unexpected(unacked.error());
  sheet.Set(kUnacked, static_cast<double>(*unacked));
  const auto oldest = redis_.LowestScore(kUnackedIndexKey, deadline);
  if (!oldest) return std::unexpected(oldest.error());
  sheet.Set(kUnackedOldest, *oldest);
  return {};
}

Result<void> Celery::ScrapeInfo(const Deadline& deadline, Sheet& sheet) {
  const auto info = redis_.Info(deadline);
  if (!info) return std::unexpected(info.error());
  TellRedis(*info, sheet);
  return {};
}

Result<void> Celery::Scrape(const Deadline& deadline, Sheet& sheet) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (!lock.try_lock_for(deadline.Left())) {
    return Fail(Reason::kTimeout, "another scrape still waits for Redis");
  }
  std::optional<Error> first;
  for (const auto part : {&Celery::ScrapeQueues, &Celery::ScrapeUnacked, &Celery::ScrapeInfo}) {
    auto fared = (this->*part)(deadline, sheet);
    if (fared) continue;
    // What one command may not do says nothing of the others; a Redis that is gone does.
    const bool goes_on = fared.error().reason == Reason::kQueryError;
    if (!first) first = std::move(fared.error());
    if (!goes_on) break;
  }
  if (first) return std::unexpected(std::move(*first));
  return {};
}

}  // namespace stakewatch::computehorde
