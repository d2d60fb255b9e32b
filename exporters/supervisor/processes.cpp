#include "exporters/supervisor/processes.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "exporters/supervisor/metrics.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::size_t kAncestorsMax = 64;  // What was read while it changed may go in a circle.

std::string_view BaseName(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// What follows `flag` as an argument of its own; empty if nothing does.
std::string_view After(const Process& process, std::string_view flag) {
  const auto found = std::ranges::find(process.argv, flag);
  if (found == process.argv.end() || found + 1 == process.argv.end()) return {};
  return *(found + 1);
}

bool Has(const Process& process, std::string_view argument) {
  return std::ranges::find(process.argv, argument) != process.argv.end();
}

// `docker run`, or an interpreter or sudo with it; then the name of the container.
std::string_view ContainerOf(const Process& process) {
  const auto& argv = process.argv;
  for (std::size_t i = 0; i < 2 && i + 1 < argv.size(); ++i) {
    if (BaseName(argv[i]) == "docker" && argv[i + 1] == "run") return After(process, "--name");
  }
  return {};
}

// The part of a container's name that is of the node.
std::string CleanHost(const std::string& host) {
  std::string clean = host;
  for (char& c : clean) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return clean;
}

bool IsBelow(const Processes& processes, const Process& process, const Process& ancestor) {
  const Process* at = &process;
  for (std::size_t i = 0; i < kAncestorsMax; ++i) {
    const auto parent = processes.find(at->parent);
    // A child that is older than its parent is that of an earlier process with that PID.
    if (parent == processes.end() || parent->second.start > at->start) return false;
    if (parent->first == ancestor.pid) return true;
    at = &parent->second;
  }
  return false;
}

// What starts it (sudo, a shell, tmux) may have its command line, too: the last in line is it. Of
// several the oldest.
std::optional<Process> FindDaemon(const Processes& processes) {
  std::optional<Process> found;
  for (const auto& [pid, process] : processes) {
    if (!IsDaemon(process)) continue;
    const bool starter = std::ranges::any_of(processes, [&](const auto& other) {
      return IsDaemon(other.second) && IsBelow(processes, other.second, process);
    });
    if (!starter && (!found || process.start < found->start)) found = process;
  }
  return found;
}

void TellOwn(const std::optional<Process>& process, const Metric<1>& up, const Metric<1>& start,
             const std::string& node, Sheet& sheet) {
  sheet.Set(up, process ? 1 : 0, node);
  if (process) sheet.Set(start, process->start, node);
}

}  // namespace

bool IsDaemon(const Process& process) {
  const auto module = std::ranges::find_if(process.argv, [](const std::string& argument) {
    const std::string_view name = BaseName(argument);
    return name == "validator_supervisor" || name == "validator-supervisor";
  });
  return module != process.argv.end() &&
         std::find(module, process.argv.end(), "daemon") != process.argv.end();
}

bool IsTunnel(const Process& process, const Node& node) {
  const auto& argv = process.argv;
  if (argv.empty() || BaseName(argv[0]) != "ssh" || !Has(process, "-L") || !Has(process, "-R")) {
    return false;
  }
  const std::string_view port = After(process, "-p");
  const std::string_view to = argv.back();
  return to.substr(to.rfind('@') + 1) == node.host && (port.empty() ? "22" : port) == node.port;
}

bool IsValidator(const Process& process) {
  return ContainerOf(process) == "validator-supervisor_validator";
}

bool IsLogShipper(const Process& process, const Node& node) {
  const std::string_view name = ContainerOf(process);
  return name.starts_with("validator-supervisor_") &&
         name.ends_with("_alloy_" + CleanHost(node.host));
}

Family FindFamily(const Processes& processes, const std::vector<Node>& nodes) {
  Family family{FindDaemon(processes), {}, {}, {}, 0};
  family.tunnels.resize(nodes.size());
  family.log_shippers.resize(nodes.size());
  for (const auto& [pid, process] : processes) {
    std::optional<Process>* place = nullptr;
    if (IsValidator(process)) place = &family.validator;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (IsTunnel(process, nodes[i])) place = &family.tunnels[i];
      if (IsLogShipper(process, nodes[i])) place = &family.log_shippers[i];
    }
    if (place == nullptr) continue;
    if (!family.daemon || !IsBelow(processes, process, *family.daemon)) {
      ++family.orphans;
    } else if (!*place || (*place)->start < process.start) {
      *place = process;
    }
  }
  return family;
}

void TellFamily(const Family& family, const std::vector<Node>& nodes, Sheet& sheet) {
  sheet.Set(kDaemonUp, family.daemon ? 1 : 0);
  if (family.daemon) {
    sheet.Set(kDaemonStart, family.daemon->start);
    sheet.Set(kDaemonCpu, family.daemon->cpu_seconds);
    sheet.Set(kDaemonMemory, family.daemon->resident_bytes);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& tunnel = family.tunnels[i];
    TellOwn(tunnel, kTunnelUp, kTunnelStart, nodes[i].name, sheet);
    if (tunnel) {
      sheet.Set(kTunnelCpu, tunnel->cpu_seconds, nodes[i].name);
      sheet.Set(kTunnelMemory, tunnel->resident_bytes, nodes[i].name);
    }
    TellOwn(family.log_shippers[i], kLogShipperUp, kLogShipperStart, nodes[i].name, sheet);
  }
  sheet.Set(kValidatorUp, family.validator ? 1 : 0);
  if (family.validator) sheet.Set(kValidatorStart, family.validator->start);
  sheet.Set(kOrphans, family.orphans);
}

Result<void> ScrapeProcesses(const std::string& procfs, const std::vector<Node>& nodes,
                             const Deadline& deadline, Sheet& sheet) {
  const auto processes = ReadProcesses(procfs, deadline);
  if (!processes) return std::unexpected(processes.error());
  TellFamily(FindFamily(*processes, nodes), nodes, sheet);
  return {};
}

}  // namespace stakewatch::supervisor
