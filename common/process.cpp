#include "common/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/folder.h"

namespace stakewatch {
namespace {

std::string ReadProc(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text(8192, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  ::close(fd);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

// The fields of /proc/self/stat from the third on (proc(5)): the second is the program's name in
// parentheses, which may hold anything.
std::vector<double> StatFields() {
  const std::string text = ReadProc("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  std::vector<double> fields;
  if (name_end == std::string::npos || name_end + 4 > text.size()) return fields;
  fields.push_back(0);  // The state, a letter.
  const char* at = text.data() + name_end + 4;
  const char* end = text.data() + text.size();
  while (at < end) {
    double field = 0;
    const auto [next, error] = std::from_chars(at, end, field);
    if (error != std::errc()) break;
    fields.push_back(field);
    at = next + 1;
  }
  return fields;
}

// Seconds since the epoch at which the machine booted; it does not change.
std::optional<double> BootTime() {
  const std::string text = ReadProc("/proc/stat");
  const std::size_t at = text.find("\nbtime ");
  double seconds = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at + 7, text.data() + text.size(), seconds).ec != std::errc()) {
    return std::nullopt;
  }
  return seconds;
}

std::optional<double> OpenFds() {
  const Folder folder(::opendir("/proc/self/fd"));
  if (folder == nullptr) return std::nullopt;
  double entries = -3;  // ".", ".." and the folder's own.
  while (::readdir(folder.get()) != nullptr) ++entries;
  return entries;
}

}  // namespace

Families ProcessFamilies() {
  Sheet sheet(kProcessMetrics);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    sheet.Set(kProcessMaxFds, static_cast<double>(limit.rlim_cur));
  }
  sheet.Set(kProcessOpenFds, OpenFds());
  const auto stat = StatFields();
  // The numbers of proc(5), which counts from one and has two fields before the state.
  const auto field = [&](std::size_t number) { return stat[number - 3]; };
  if (stat.size() < 22) return std::move(sheet).TakeFamilies();
  sheet.Set(kProcessCpu, (field(14) + field(15)) / ticks);
  sheet.Set(kProcessThreads, field(20));
  sheet.Set(kProcessVirtual, field(23));
  sheet.Set(kProcessResident, field(24) * page_bytes);
  static const std::optional<double> kBoot = BootTime();
  if (kBoot) sheet.Set(kProcessStart, *kBoot + field(22) / ticks);
  return std::move(sheet).TakeFamilies();
}

}  // namespace stakewatch
