#pragma once
// Everything this exporter can ask a Jormungandr node for. All of it is GET and reads: one of the
// node's paths, unauthenticated and by GET too, stops it, so there is no way to say another path.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch::jormungandr {

// Of a flag or a target: its path goes before every path that is asked.
Checked<void> CheckUrl(const std::string& text);

enum class Call {
  kNodeStats,
  kSettings,
  kNetworkStats,
  kLeaders,
  kLeadersLogs,
  kFragmentLogs,
  kRewardsRemaining,
};

// Those that are about one thing, which its id names.
enum class CallAbout { kBlock, kStakePool, kAccount };

struct CallRow {
  std::string_view name;  // Of the recorded answer and in log lines.
  std::string_view path;
};

// In the order of Call.
inline constexpr std::array<CallRow, 7> kCalls = {{
    {"node_stats", "/api/v0/node/stats"},
    {"settings", "/api/v0/settings"},
    {"network_stats", "/api/v0/network/stats"},
    {"leaders", "/api/v0/leaders"},
    {"leaders_logs", "/api/v0/leaders/logs"},
    {"fragment_logs", "/api/v0/fragment/logs"},
    {"rewards_remaining", "/api/v0/rewards/remaining"},
}};

// In the order of CallAbout; the id comes behind the path.
inline constexpr std::array<CallRow, 3> kCallsAbout = {{
    {"block", "/api/v0/block/"},
    {"stake_pool", "/api/v0/stake_pool/"},
    {"account", "/api/v0/account/"},
}};

// 32 bytes as 64 hexadecimal digits: a block's hash, a pool's id, an account's public key. Nothing
// else can be put into a path.
class Id {
 public:
  // None for anything else.
  static std::optional<Id> Of(std::string_view text);
  static Id OfBytes(std::span<const char, 32> bytes);

  const std::string& Text() const { return text_; }
  bool operator==(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;  // In small letters.
};

// Borrows the upstream.
class Client {
 public:
  explicit Client(const Upstream& node) : node_(node) {}

  // The answer as `parse(const std::string&) -> Result<T>` reads it. An error says which call it
  // was.
  template <class Parse>
  auto Ask(Call call, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    return Read(kCalls[static_cast<std::size_t>(call)], {}, deadline, parse);
  }
  template <class Parse>
  auto Ask(CallAbout call, const Id& id, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    return Read(kCallsAbout[static_cast<std::size_t>(call)], id.Text(), deadline, parse);
  }

  // An answer that is never held whole, of at most `bytes_max` bytes.
  Result<void> AskInPieces(Call call, const Deadline& deadline, std::uint64_t bytes_max,
                           Pieces& to) const;

 private:
  template <class Parse>
  auto Read(const CallRow& row, const std::string& id, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    const auto answer = Get(row, id, deadline);
    if (!answer) return std::unexpected(answer.error());
    auto parsed = parse(*answer);
    if (!parsed) {
      Error error = parsed.error();
      error.what = std::string(row.name) + ": " + error.what;
      return std::unexpected(std::move(error));
    }
    return parsed;
  }
  Result<std::string> Get(const CallRow& row, const std::string& id,
                          const Deadline& deadline) const;

  const Upstream& node_;
};

// From 0.13 on, a node that bootstraps has no context yet for most of its calls, and says so by
// HTTP 500.
bool IsBootstrapping(const Error& error);

// True for an HTTP answer with this status.
inline bool HasStatus(const Error& error, int status) {
  return error.reason == Reason::kHttpStatus && error.code == status;
}

}  // namespace stakewatch::jormungandr
