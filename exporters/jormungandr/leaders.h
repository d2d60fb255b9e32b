#pragma once
// Sources leader_logs (the slots of the node's leaders, and what became of them) and leaders.
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics.h"
#include "exporters/jormungandr/chain.h"
#include "exporters/jormungandr/client.h"
#include "exporters/jormungandr/values.h"

namespace stakewatch::jormungandr {

// Why a slot was rejected, of what the node writes as a sentence; and what is none of it.
inline constexpr std::array<std::string_view, 5> kRejections = {
    "missed_deadline", "too_slow", "invalid_state", "cannot_sign", "other"};
std::string_view RejectionOf(std::string_view reason);

// One entry of /api/v0/leaders/logs.
struct LeaderSlot {
  enum class Status { kPending, kBlock, kRejected };
  std::string date;  // "1.46".
  BlockDate at;
  std::optional<double> scheduled;  // Unix seconds.
  std::uint64_t leader = 0;         // enclave_leader_id, which newer versions do not tell.
  Status status = Status::kPending;
  std::string_view rejection;  // One of kRejections, if it was rejected.
};

Result<std::vector<LeaderSlot>> ParseLeaderLogs(const std::string& answer);
// How many there are.
Result<std::size_t> ParseLeaders(const std::string& answer);

// Counts the slots that ended, each once, although each answer has them all again. What the first
// answer has was before our time. Thread-safe.
class LeaderEvents {
 public:
  // How many there were of each rejection; the block is the last.
  using Counts = std::array<std::uint64_t, kRejections.size() + 1>;
  Counts Count(const std::vector<LeaderSlot>& slots);

 private:
  std::mutex mutex_;
  bool began_ = false;
  std::set<std::pair<std::string, std::uint64_t>> seen_;
  Counts counts_{};
};

void TellLeaderSlots(const std::vector<LeaderSlot>& slots, const ChainSettings& settings,
                     double now, Sheet& sheet);

Result<void> ScrapeLeaderLogs(const Client& client, const Deadline& deadline, LeaderEvents& events,
                              double now, Sheet& sheet);
Result<void> ScrapeLeaders(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::jormungandr
