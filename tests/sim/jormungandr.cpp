// What the simulated Jormungandr nodes answer.
#include "tests/sim/jormungandr.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr std::uint64_t kSlotsPerEpoch = 60;
// Of the chain at the start: just below where texts and numbers sort otherwise.
constexpr std::uint64_t kFirstHeight = 90;
constexpr double kFirstUptimeSlots = 30;
constexpr std::uint64_t kSlotsPerBlockOfOurs = 3;
constexpr std::uint64_t kLogSlots = 180;
constexpr std::string_view kNoContext =
    "Internal server error: Full REST/RPC context not available yet\n";

std::string Number(double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.9g", value);
  return {text.data(), static_cast<std::size_t>(size)};
}

// With three digits of a fraction, where there is one.
std::string Time(double at, bool zone = false) {
  const double rounded = std::round(at * 1000) / 1000;
  const auto seconds = static_cast<std::time_t>(std::floor(rounded));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const long thousandths = std::lround((rounded - std::floor(rounded)) * 1000);
  std::string fraction;
  if (thousandths > 0) fraction = "." + std::to_string(1000 + thousandths).substr(1);
  return '"' + std::string(text.data(), size) + fraction + (zone ? "+00:00\"" : "Z\"");
}

std::string Date(std::uint64_t height) {
  return '"' + std::to_string(height / kSlotsPerEpoch) + '.' +
         std::to_string(height % kSlotsPerEpoch) + '"';
}

BeaconReply PlainText(std::string status, std::string_view text) {
  return {.head = {.status = std::move(status), .content_type = "text/plain; charset=utf-8"},
          .body = std::string(text)};
}

BeaconReply Json(std::string text) {
  return {.body = std::move(text)};
}

BeaconReply NotFound() {
  return {.head = {.status = "404 Not Found", .content_type = ""}};
}

}  // namespace

// What a version tells: the table of docs in exporters/jormungandr/README.md.
struct Jormungandr::Version {
  std::string text;
  std::array<int, 3> number{};

  bool From(int major, int minor, int patch) const {
    return number >= std::array<int, 3>{major, minor, patch};
  }
};

Jormungandr::Jormungandr(const FaultSet& faults, double now, double slot_seconds,
                         std::uint64_t seed)
    : faults_(faults),
      slot_seconds_(slot_seconds),
      genesis_(now - static_cast<double>(kFirstHeight) * slot_seconds),
      seed_(seed) {
  for (Node& node : nodes_) node.started = now - kFirstUptimeSlots * slot_seconds;
}

const Fault* Jormungandr::On(Kind kind, int node, std::string_view path) const {
  return faults_.Find(kind, kJormungandrNode - 1 - node, path);
}

void Jormungandr::Refresh(double now) {
  for (int i = 0; i < kNodes; ++i) {
    Node& node = nodes_[static_cast<std::size_t>(i)];
    const auto note = [&](Kind kind, std::optional<std::uint64_t>& at) {
      if (On(kind, i) == nullptr) {
        at.reset();
      } else if (!at) {
        at = Honest(now);
      }
    };
    note(Kind::kStuck, node.stuck_at);
    note(Kind::kFork, node.forked_at);
    note(Kind::kRejected, node.rejects_from);
  }
}

void Jormungandr::Restart(int node, double now) {
  nodes_[static_cast<std::size_t>(node)].started = now;
}

std::optional<int> Jormungandr::NodeOf(std::string_view& path) {
  constexpr std::string_view kPrefix = "/node/";
  if (!path.starts_with(kPrefix)) return 0;
  int node = -1;
  const char* const end = path.data() + path.size();
  const auto parsed = std::from_chars(path.data() + kPrefix.size(), end, node);
  if (parsed.ec != std::errc() || node < 0 || node >= kNodes) return std::nullopt;
  path = std::string_view(parsed.ptr, end);
  // Whether it names another path of ours is the caller's to see.
  return path.empty() || path.front() == '/' ? std::optional(node) : std::nullopt;
}

Jormungandr::Version Jormungandr::VersionOf(int node) const {
  Version version;
  const Fault* const fault = On(Kind::kVersion, node);
  version.text = fault == nullptr || fault->value.empty() ? "0.14.0" : fault->value;
  const char* at = version.text.data();
  const char* const end = at + version.text.size();
  for (int& part : version.number) {
    at = std::from_chars(at, end, part).ptr;
    if (at != end) ++at;
  }
  return version;
}

double Jormungandr::Started(int node, double now) const {
  const double started = nodes_[static_cast<std::size_t>(node)].started;
  const Fault* const fault = On(Kind::kFlapping, node);
  if (fault == nullptr) return started;
  const double every =
      std::chrono::duration<double>(ParseDuration(fault->value).value_or(std::chrono::seconds(10)))
          .count();
  return now - std::fmod(now - started, every);
}

std::uint64_t Jormungandr::Honest(double now) const {
  return static_cast<std::uint64_t>(std::max(0.0, std::floor((now - genesis_) / slot_seconds_)));
}

std::uint64_t Jormungandr::Height(int node, double now) const {
  const Node& one = nodes_[static_cast<std::size_t>(node)];
  if (one.stuck_at) return *one.stuck_at;
  const std::uint64_t honest = Honest(now);
  if (const Fault* const fault = On(Kind::kBehind, node)) {
    return honest - std::min(honest, ValueOf(*fault, 5));
  }
  // Who makes all blocks alone gets ahead.
  if (const Fault* const fault = On(Kind::kFork, node)) return honest + ValueOf(*fault, 3);
  return honest;
}

std::string Jormungandr::HashAt(int node, std::uint64_t height) const {
  const auto& forked = nodes_[static_cast<std::size_t>(node)].forked_at;
  const std::uint64_t branch =
      forked && height > *forked ? static_cast<std::uint64_t>(node) + 1 : 0;
  return HexDigits(Mix(Mix(seed_, branch), height), 64);
}

bool Jormungandr::Leads(int node) const {
  if (const Fault* const fault = On(Kind::kLeader, node)) return fault->value != "off";
  return node == 0;
}

std::size_t Jormungandr::Peers(int node) const {
  if (On(Kind::kNoPeers, node) != nullptr) return 0;
  const Fault* const fault = On(Kind::kPeers, node);
  return fault == nullptr ? 2 : std::min<std::uint64_t>(ValueOf(*fault, 2), 1000);
}

std::string Jormungandr::Stats(int node, double now) const {
  const Version version = VersionOf(node);
  const bool bootstraps = On(Kind::kBootstrapping, node) != nullptr;
  std::string json = "{";
  const auto add = [&](bool told, std::string_view name, const std::string& value) {
    if (!told) return;
    if (json.size() > 1) json += ',';
    json += JsonString(name) + ':' + value;
  };
  add(version.From(0, 8, 0), "version", "\"jormungandr " + version.text + "-simulated\"");
  add(version.From(0, 7, 0), "state", bootstraps ? "\"Bootstrapping\"" : "\"Running\"");
  if (bootstraps) return json + "}";
  const double uptime = now - Started(node, now);
  const std::uint64_t height = Height(node, now);
  const double tip_time = genesis_ + static_cast<double>(height) * slot_seconds_;
  const auto received = static_cast<std::uint64_t>(uptime / slot_seconds_);
  add(true, "blockRecvCnt", std::to_string(received));
  add(version.From(0, 8, 0), "lastBlockContentSize", "484");
  add(true, "lastBlockDate", Date(height));
  add(true, "lastBlockFees", "30");
  add(true, "lastBlockHash", '"' + HashAt(node, height) + '"');
  add(true, "lastBlockHeight", '"' + std::to_string(height) + '"');
  add(true, "lastBlockSum", "3030");
  // Newer versions write the Z; the time goes on although the chain stands.
  const bool stands = nodes_[static_cast<std::size_t>(node)].stuck_at.has_value();
  add(true, "lastBlockTime", Time(stands ? now : tip_time, !version.From(0, 13, 0)));
  add(true, "lastBlockTx", "3");
  add(version.From(0, 8, 5), "lastReceivedBlockTime", "\"1970-01-01T00:00:00Z\"");
  add(version.From(0, 14, 0), "blockContentSizeAvg", "1.7836689949035645e-7");
  add(version.From(0, 8, 7), "peerAvailableCnt", "2");
  add(version.From(0, 8, 15), "peerConnectedCnt", std::to_string(Peers(node)));
  add(version.From(0, 8, 7), "peerQuarantinedCnt", "0");
  add(version.From(0, 8, 10), "peerTotalCnt", "2");
  add(version.From(0, 8, 7) && !version.From(0, 13, 0), "peerUnreachableCnt", "0");
  add(true, "txRecvCnt", std::to_string(received * 2));
  add(version.From(0, 14, 0), "mempoolUsageRatio", "0.001");
  add(version.From(0, 14, 0), "mempoolTotalSize", "167");
  add(version.From(0, 14, 0), "txRejectedCnt", "1");
  add(version.From(0, 14, 0), "votesCast", "0");
  add(true, "uptime", std::to_string(static_cast<std::uint64_t>(uptime)));
  return json + "}";
}

std::string Jormungandr::Settings(int node, double now) const {
  const std::uint64_t chain = On(Kind::kWrongNetwork, node) != nullptr ? 7 : 0;
  return R"({"block0Hash":")" + HexDigits(Mix(Mix(seed_, chain), 0), 64) + R"(","block0Time":)" +
         Time(genesis_) + R"(,"currSlotStartTime":)" +
         Time(genesis_ + static_cast<double>(Honest(now)) * slot_seconds_) +
         R"(,"consensusVersion":"genesis","fees":{"constant":10,"coefficient":0,"certificate":0},)"
         R"("slotDuration":)" +
         Number(slot_seconds_) + ",\"slotsPerEpoch\":" + std::to_string(kSlotsPerEpoch) + "}";
}

std::string Jormungandr::NetworkStats(int node, double now) const {
  std::string json = "[";
  for (std::size_t i = 0; i < Peers(node); ++i) {
    if (i > 0) json += ',';
    json += R"({"addr":null,"establishedAt":)" + Time(Started(node, now)) +
            R"(,"lastBlockReceived":)" + Time(now - slot_seconds_) + R"(,"lastFragmentReceived":)" +
            (i == 0 ? Time(now - 30) : "null") + R"(,"lastGossipReceived":)" + Time(now - 1) + "}";
  }
  return json + "]";
}

// The newest first. Versions before 0.9.2 know the slots to come of the epoch.
std::string Jormungandr::LeaderLogs(int node, double now) const {
  if (!Leads(node)) return "[]";
  const auto slot_time = [&](std::uint64_t height) {
    return genesis_ + static_cast<double>(height) * slot_seconds_;
  };
  const std::uint64_t last = Honest(now);
  const auto first = static_cast<std::uint64_t>(
      std::max(0.0, std::ceil((Started(node, now) - genesis_) / slot_seconds_)));
  const auto& rejects = nodes_[static_cast<std::size_t>(node)].rejects_from;
  const bool foresees = !VersionOf(node).From(0, 9, 2);
  const std::uint64_t end = foresees ? (last / kSlotsPerEpoch + 1) * kSlotsPerEpoch : last + 1;
  std::string json = "[";
  const std::uint64_t oldest = std::max(first, end - std::min(end, kLogSlots));
  for (std::uint64_t next = end; next > oldest; --next) {
    const std::uint64_t height = next - 1;
    if (height % kSlotsPerBlockOfOurs != 0) continue;
    if (json.size() > 1) json += ',';
    const std::string at = Time(slot_time(height));
    std::string status = "\"Pending\"";
    if (height <= last && rejects && height > *rejects) {
      status = R"({"Rejected":{"reason":"Missed the deadline to compute the schedule"}})";
    } else if (height <= last) {
      status = R"({"Block":{"block":")" + HashAt(node, height) + R"(","parent":")" +
               HashAt(node, height - 1) + R"(","chain_length":)" + std::to_string(height) + "}}";
    }
    json.append(R"({"created_at_time":)").append(at);
    json.append(R"(,"scheduled_at_time":)").append(at);
    json.append(R"(,"scheduled_at_date":)").append(Date(height));
    json.append(R"(,"wake_at_time":null,"finished_at_time":null,"status":)").append(status);
    json += '}';
  }
  return json + "]";
}

BeaconReply Jormungandr::Block(int node, std::string_view id, double now) const {
  const std::uint64_t tip = Height(node, now);
  for (std::uint64_t height = tip; height + 300 > tip; --height) {
    if (HashAt(node, height) == id) {
      std::string block(100, '\0');
      for (std::size_t i = 0; i < 4; ++i) {
        block[14 + i] = static_cast<char>(height >> (24 - 8 * i) & 0xffU);
      }
      const std::string parent = HashAt(node, height == 0 ? 0 : height - 1);
      for (std::size_t i = 0; i < 32; ++i) {
        unsigned byte = 0;
        std::from_chars(parent.data() + 2 * i, parent.data() + 2 * i + 2, byte, 16);
        block[50 + i] = static_cast<char>(byte);
      }
      return {.head = {.content_type = "application/octet-stream"}, .body = block};
    }
    if (height == 0) break;
  }
  return NotFound();
}

BeaconReply Jormungandr::Answer(int node, std::string_view method, std::string_view path,
                                double now) const {
  constexpr std::string_view kBlockPath = "/api/v0/block/";
  if (method != "GET") return PlainText("405 Method Not Allowed", "");
  // Of an explorer, which follows the honest nodes.
  if (path == "/stats.json") {
    return Json(R"({"majoritymax":")" + std::to_string(Honest(now)) + "\"}");
  }
  const Version version = VersionOf(node);
  if (path == "/api/v0/rewards/remaining") return Json("99999999999000");
  if (path == "/api/v0/leaders") {
    if (version.From(0, 13, 0)) return NotFound();
    return Json(Leads(node) ? "[1]" : "[]");
  }
  const bool bootstraps = On(Kind::kBootstrapping, node) != nullptr;
  const bool told = path == "/api/v0/node/stats" && !version.From(0, 13, 0);
  if (bootstraps && !told) return PlainText("500 Internal Server Error", kNoContext);
  if (path == "/api/v0/node/stats") return Json(Stats(node, now));
  if (path == "/api/v0/settings") return Json(Settings(node, now));
  if (path == "/api/v0/network/stats") return Json(NetworkStats(node, now));
  if (path == "/api/v0/leaders/logs") return Json(LeaderLogs(node, now));
  if (path == "/api/v0/fragment/logs") {
    return Json(R"([{"fragment_id":"00","status":"Pending"}])");
  }
  if (path.starts_with(kBlockPath)) return Block(node, path.substr(kBlockPath.size()), now);
  return NotFound();
}

}  // namespace stakewatch::sim
