#include "exporters/supervisor/proc_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "common/folder.h"
#include "common/net/net.h"
#include "common/number.h"
#include "common/text.h"

namespace stakewatch::supervisor {
namespace {

// A command line is as long as its process likes; those that we look for are short.
constexpr std::size_t kTextBytesMax = 32 << 10;

// Empty when there is no such file any more.
std::string ReadAt(int folder, const char* name) {
  const Socket file(::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  std::array<char, 4096> some{};
  while (file.Open() && text.size() < kTextBytesMax) {
    const ssize_t n = ::read(file.Fd(), some.data(), some.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return "";
    if (n == 0) break;
    text.append(some.data(), static_cast<std::size_t>(n));
  }
  return text;
}

std::optional<int> PidOf(std::string_view name) {
  const auto pid = WholeNumber<int>(name);
  return pid && *pid > 0 ? pid : std::nullopt;
}

// When the machine was booted, in Unix seconds.
std::optional<double> BootTime(int root) {
  constexpr std::string_view kName = "\nbtime ";
  const std::string text = ReadAt(root, "stat");
  const std::size_t at = text.find(kName);
  double seconds = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), seconds).ec !=
          std::errc()) {
    return std::nullopt;
  }
  return seconds;
}

// By the folder of the process that was opened, which is never that of a later one with its PID.
std::optional<Process> ReadProcess(int root, int pid, double boot) {
  const Socket folder(
      ::openat(root, std::to_string(pid).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  Process process;
  process.pid = pid;
  if (!folder.Open() || !ParseStat(ReadAt(folder.Fd(), "stat"), boot, process)) {
    return std::nullopt;
  }
  process.argv = ParseCommandLine(ReadAt(folder.Fd(), "cmdline"));
  if (process.argv.empty()) return std::nullopt;
  return process;
}

}  // namespace

bool ParseStat(const std::string& text, double boot, Process& process) {
  // The name may hold anything, so the last parenthesis is its end. The state follows.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > text.size()) return false;
  const char state = text[name_end + 2];
  if (state == 'Z' || state == 'X') return false;
  std::array<double, 25> fields{};  // By the numbers of proc(5).
  const char* at = text.data() + name_end + 4;
  const char* const end = text.data() + text.size();
  for (std::size_t number = 4; number < fields.size(); ++number) {
    const auto [next, error] = std::from_chars(at, end, fields[number]);
    if (error != std::errc()) return false;
    at = next == end ? end : next + 1;
  }
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  process.parent = static_cast<int>(fields[4]);
  process.cpu_seconds = (fields[14] + fields[15]) / ticks;
  process.start = boot + fields[22] / ticks;
  process.resident_bytes = fields[24] * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return true;
}

std::vector<std::string> ParseCommandLine(const std::string& text) {
  std::vector<std::string> argv;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    argv.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return argv;
}

Result<Processes> ReadProcesses(const std::string& root, const Deadline& deadline) {
  const auto wrong = [&](const std::string& why) {
    return Fail(Reason::kUnreachable, root + ": " + why);
  };
  const Folder folder(::opendir(root.c_str()));
  if (folder == nullptr) return wrong(SystemMessage(errno));
  const int fd = ::dirfd(folder.get());
  const auto boot = BootTime(fd);
  if (!boot) return wrong("its file stat has no btime");
  if (Process first; !ParseStat(ReadAt(fd, "1/stat"), *boot, first)) {
    return wrong("the processes of other users are hidden (hidepid, ProtectProc)");
  }
  Processes processes;
  while (const dirent* const entry = ::readdir(folder.get())) {
    const auto pid = PidOf(entry->d_name);
    if (!pid) continue;
    if (deadline.Over()) return Fail(Reason::kTimeout, root + ": not read in time");
    if (auto process = ReadProcess(fd, *pid, *boot)) processes.emplace(*pid, std::move(*process));
  }
  return processes;
}

}  // namespace stakewatch::supervisor
