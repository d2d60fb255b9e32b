#include "exporters/supervisor/daemon_log.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::string_view kOther = "other";

// Whether the daemon names a bastion with it. Of a start error it may or may not.
bool NamesNode(Event event) {
  switch (event) {
    case Event::kTunnelConnected:
    case Event::kTunnelLost:
    case Event::kTunnelClosed:
    case Event::kTunnelExited:
    case Event::kLogShipperStarted:
    case Event::kLogShipperExited:
    case Event::kStartError:
    case Event::kBackupUploadOk:
    case Event::kBackupUploadFailed:
    case Event::kBackupDownloadFailed:
    case Event::kBackupCorrupt:
      return true;
    default:
      return false;
  }
}

// Whether it may come without a bastion.
bool NamesNone(Event event) {
  return !NamesNode(event) || event == Event::kStartError || event == Event::kBackupCorrupt;
}

}  // namespace

DaemonLog::DaemonLog(std::string logs_dir, std::vector<Node> nodes, std::function<double()> now)
    : logs_dir_(std::move(logs_dir)),
      nodes_(std::move(nodes)),
      now_(std::move(now)),
      tail_(logs_dir_ + "/supervisor.log") {
  // A counter that first comes with 1 has not grown, so all that can be known begins with 0.
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const auto event = static_cast<Event>(i);
    if (NamesNone(event)) events_[i].emplace("", 0);
    if (!NamesNode(event)) continue;
    for (const Node& node : nodes_) events_[i].emplace(node.name, 0);
  }
}

std::string_view DaemonLog::NodeOf(std::string_view address) const {
  if (address.empty()) return "";
  const Node* by_host = nullptr;
  for (const Node& node : nodes_) {
    if (address == node.name || address == node.host + ":" + node.port) return node.name;
    if (address == node.host && by_host == nullptr) by_host = &node;
  }
  return by_host == nullptr ? kOther : std::string_view(by_host->name);
}

void DaemonLog::OnLine(std::string_view line) {
  ++lines_;
  const auto found = ParseLogLine(line);
  if (!found) return;
  const std::string_view node = NodeOf(found->address);
  ++events_[static_cast<std::size_t>(found->event)][node];
  if (found->event == Event::kValidatorExited) validator_exit_ = now_();
  if (node.empty() || node == kOther) return;
  if (found->event == Event::kBackupUploadOk) uploads_[node] = true;
  if (found->event == Event::kBackupUploadFailed) uploads_[node] = false;
}

void DaemonLog::TellEvents(Sheet& sheet) const {
  for (std::size_t i = 0; i < events_.size(); ++i) {
    for (const auto& [node, count] : events_[i]) {
      sheet.Set(kEvents, static_cast<double>(count), kEventNames[i], node);
    }
  }
  sheet.Set(kValidatorLastExit, validator_exit_);
  for (const auto& [node, good] : uploads_) sheet.Set(kUploadSuccess, good ? 1 : 0, node);
  sheet.Set(kLogLines, static_cast<double>(lines_));
  sheet.Set(kLogUnread, static_cast<double>(tail_.Unread()));
  sheet.Set(kLogRotations, static_cast<double>(tail_.Rotations()), "renamed");
  sheet.Set(kLogRotations, static_cast<double>(tail_.Truncations()), "truncated");
}

void DaemonLog::TellFiles(Sheet& sheet) const {
  for (const std::string_view log : {"supervisor", "lighthouse", "prysm"}) {
    struct stat found{};
    const std::string path = logs_dir_ + "/" + std::string(log) + ".log";
    if (::stat(path.c_str(), &found) != 0) continue;
    sheet.Set(kLogSize, static_cast<double>(found.st_size), log);
    sheet.Set(kLogWritten, static_cast<double>(found.st_mtim.tv_sec), log);
  }
}

Result<void> DaemonLog::Scrape(const Deadline& deadline, Sheet& sheet) {
  // By the wall clock: of a wait by the steady one, the thread sanitizer of g++ 12 knows nothing.
  const std::unique_lock lock(mutex_, std::chrono::system_clock::now() + deadline.Left());
  if (!lock.owns_lock()) return Fail(Reason::kTimeout, "another scrape still reads the log");
  const auto looked = tail_.Look(deadline, [this](std::string_view line) { OnLine(line); });
  TellEvents(sheet);
  TellFiles(sheet);
  if (!looked) return Fail(Reason::kUnreachable, looked.error());
  return {};
}

}  // namespace stakewatch::supervisor
