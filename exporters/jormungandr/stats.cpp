#include "exporters/jormungandr/stats.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "exporters/jormungandr/metrics.h"

namespace stakewatch::jormungandr {
namespace {

struct SampleRow {
  std::string_view member;
  const Metric<0>* metric;
};

// Whole numbers that are told as they are.
constexpr std::array<SampleRow, 11> kSamples = {{
    {"lastBlockTx", &kTipTransactions},
    {"lastBlockFees", &kTipFees},
    {"lastBlockSum", &kTipInput},
    {"lastBlockContentSize", &kTipContentBytes},
    {"blockRecvCnt", &kBlocksReceived},
    {"txRecvCnt", &kFragmentsReceived},
    {"txRejectedCnt", &kFragmentsRejected},
    {"votesCast", &kVotesCast},
    {"mempoolTotalSize", &kMempoolBytes},
    {"mempoolTxCount", &kMempoolTransactions},
    {"uptime", &kUptime},
}};
constexpr std::array<SampleRow, 2> kRatios = {{
    {"blockContentSizeAvg", &kBlockUsage},
    {"mempoolUsageRatio", &kMempoolUsage},
}};
struct PeerRow {
  std::string_view member;
  std::string_view state;
};
constexpr std::array<PeerRow, 5> kPeerCounts = {{
    {"peerConnectedCnt", "connected"},
    {"peerAvailableCnt", "available"},
    {"peerQuarantinedCnt", "quarantined"},
    {"peerUnreachableCnt", "unreachable"},
    {"peerTotalCnt", "total"},
}};

template <class Rows>
std::optional<std::string_view> Member(const Rows& rows, std::string_view key) {
  const auto found = std::ranges::find_if(rows, [&](const auto& row) { return row.member == key; });
  if (found == rows.end()) return std::nullopt;
  return found->member;
}

std::optional<std::string> TextOf(JsonValue value) {
  if (value.is_null()) return std::nullopt;
  return std::string(std::string_view(value.get_string()));
}

// The tip, and what the node says of itself; false for any other member.
bool ReadNamed(std::string_view key, JsonValue value, Stats& stats) {
  constexpr std::string_view kProgram = "jormungandr ";
  if (key == "state") {
    stats.state = TextOf(value);
  } else if (key == "version") {
    stats.version = TextOf(value);
    if (stats.version && stats.version->starts_with(kProgram)) {
      stats.version->erase(0, kProgram.size());
    }
  } else if (key == "lastBlockHeight") {
    stats.tip_height = CountOf(value);
  } else if (key == "lastBlockDate") {
    const auto text = TextOf(value);
    stats.tip_date = text ? ReadBlockDate(*text) : std::nullopt;
    if (text && !stats.tip_date) throw BadShape{"lastBlockDate is none: " + text->substr(0, 40)};
  } else if (key == "lastBlockHash") {
    stats.tip_hash = Id::Of(TextOf(value).value_or(""));
  } else if (key == "lastBlockTime") {
    stats.tip_time = TimeOf(value);
  } else {
    return false;
  }
  return true;
}

Stats ReadStats(JsonValue root) {
  Stats stats;
  bool any = false;
  const auto keep = [&](std::optional<std::string_view> member, std::optional<double> sample) {
    any = true;
    if (stats.Sample(*member)) throw BadShape{std::string(*member) + " stands twice"};
    if (sample) stats.samples.emplace_back(*member, *sample);
  };
  for (auto field : root.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (ReadNamed(key, value, stats)) {
      any = true;
    } else if (const auto whole = Member(kSamples, key)) {
      keep(whole, SampleOf(value));
    } else if (const auto peers = Member(kPeerCounts, key)) {
      keep(peers, SampleOf(value));
    } else if (const auto ratio = Member(kRatios, key)) {
      keep(ratio, NumberOf(value));
    }
  }
  if (!any) throw BadShape{"no statistics of a node"};
  stats.uptime = stats.Sample("uptime");
  return stats;
}

void TellState(const std::string& state, Sheet& sheet) {
  const bool known = std::ranges::find(kStates, state) != kStates.end();
  for (const std::string_view one : kStates) {
    sheet.Set(kState, one == (known ? std::string_view(state) : "other") ? 1 : 0, one);
  }
}

void TellStats(const Stats& stats, double now, StartTime& start, Sheet& sheet) {
  if (stats.state) TellState(*stats.state, sheet);
  if (stats.version) sheet.Set(kInfo, 1, *stats.version);
  for (const SampleRow& row : kSamples) sheet.Set(*row.metric, stats.Sample(row.member));
  for (const SampleRow& row : kRatios) sheet.Set(*row.metric, stats.Sample(row.member));
  for (const PeerRow& row : kPeerCounts) {
    sheet.Set(kPeers, stats.Sample(row.member), row.state);
  }
  if (stats.uptime) sheet.Set(kStartTime, start.Settle(now - *stats.uptime));
  if (stats.tip_height) sheet.Set(kTipHeight, static_cast<double>(*stats.tip_height));
  if (stats.tip_date) {
    sheet.Set(kTipEpoch, static_cast<double>(stats.tip_date->epoch));
    sheet.Set(kTipSlot, static_cast<double>(stats.tip_date->slot));
  }
  sheet.Set(kTipTimestamp, stats.tip_time);
}

}  // namespace

std::optional<double> Stats::Sample(std::string_view member) const {
  const auto found =
      std::ranges::find(samples, member, [](const auto& pair) { return pair.first; });
  if (found == samples.end()) return std::nullopt;
  return found->second;
}

Result<Stats> ParseStats(const std::string& answer) {
  return Decode(answer, ReadStats);
}

Result<Stats> AskStats(const Client& client, const Deadline& deadline) {
  auto stats = client.Ask(Call::kNodeStats, deadline, ParseStats);
  if (stats || !IsBootstrapping(stats.error())) return stats;
  Stats bootstrapping;
  bootstrapping.state = "Bootstrapping";
  return bootstrapping;
}

std::string_view ConditionOf(const Result<Stats>& stats) {
  if (stats) return stats->Running() ? "running" : "bootstrapping";
  switch (stats.error().reason) {
    case Reason::kUnreachable:
      return "dead";
    case Reason::kTimeout:
      return "hung";
    default:
      return "failing";
  }
}

double StartTime::Settle(double started) {
  // Uptimes are cut to seconds, and an answer takes its time.
  constexpr double kJitterSeconds = 5;
  const std::lock_guard lock(mutex_);
  if (!settled_ || std::abs(started - *settled_) > kJitterSeconds) settled_ = std::floor(started);
  return *settled_;
}

Result<void> ScrapeStats(const Client& client, const Deadline& deadline, double now,
                         StartTime& start, Sheet& sheet) {
  const auto stats = AskStats(client, deadline);
  const std::string_view condition = ConditionOf(stats);
  for (const std::string_view one : kConditions) {
    sheet.Set(kCondition, one == condition ? 1 : 0, one);
  }
  if (!stats) return std::unexpected(stats.error());
  TellStats(*stats, now, start, sheet);
  return {};
}

}  // namespace stakewatch::jormungandr
