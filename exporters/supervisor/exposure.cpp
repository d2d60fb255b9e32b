#include "exporters/supervisor/exposure.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "common/file.h"
#include "common/folder.h"
#include "common/number.h"
#include "common/text.h"
#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTableBytesMax = 16U << 20;  // 100,000 connections of 150 bytes.
constexpr int kDeviceDepthMax = 8;
constexpr std::string_view kTmpfsName = "validator_supervisor-validator_data";

// Calls with each line, and gives the words of it, of which there may be any number.
void ForEachLine(std::string_view text,
                 const std::function<void(const std::vector<std::string_view>&)>& on_line) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::vector<std::string_view> words;
    for (;;) {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      if (line.empty()) break;
      words.push_back(line.substr(0, line.find_first_of(" \t")));
      line.remove_prefix(words.back().size());
    }
    on_line(words);
  }
}

// As the kernel prints an address: words of 32 bits in hex, each in the host's order of bytes.
bool IsLoopback(std::string_view address) {
  const auto first_byte = [](std::string_view word) {
    const auto number = WholeNumber<std::uint32_t>(word, 16);
    if (!number) return -1;
    std::array<unsigned char, 4> bytes{};
    std::copy_n(reinterpret_cast<const unsigned char*>(&*number), 4, bytes.begin());
    return int{bytes[0]};
  };
  if (address.size() == 8) return first_byte(address) == 127;
  if (address.size() != 32) return false;
  const std::string_view nulls = "0000000000000000";
  // ::ffff:127.0.0.1, and ::1: only the last byte is set.
  if (!address.starts_with(nulls)) return false;
  const std::string_view third = address.substr(16, 8);
  const std::string_view last = address.substr(24);
  if (third == "0000FFFF" || third == "FFFF0000") return first_byte(last) == 127;
  return third == "00000000" && (last == "01000000" || last == "00000001");
}

void Add(const std::map<std::uint16_t, std::uint64_t>& some,
         std::map<std::uint16_t, std::uint64_t>& all) {
  for (const auto& [port, count] : some) all[port] += count;
}

Checked<void> TellListeners(const ExposurePlaces& places, Sheet& sheet) {
  if (places.ports.empty()) return {};
  std::map<std::uint16_t, std::uint64_t> wide;
  for (const char* name : {"/net/tcp", "/net/tcp6"}) {
    const std::string path = places.procfs + name;
    const auto table = ReadFile(path, kTableBytesMax);
    if (table) {
      Add(ParseWideListeners(table->text), wide);
    } else if (name != std::string_view("/net/tcp6") || fs::exists(path)) {
      return std::unexpected(path + " " + table.error());  // A kernel without IPv6 has no tcp6.
    }
  }
  for (const std::uint16_t port : places.ports) {
    sheet.Set(kExposedListeners, static_cast<double>(wide[port]), std::to_string(port));
  }
  return {};
}

Checked<void> TellSwap(const ExposurePlaces& places, Sheet& sheet) {
  const std::string path = places.procfs + "/swaps";
  const auto table = ReadFile(path, kTableBytesMax);
  if (!table) return std::unexpected(path + " " + table.error());
  const auto bytes = ParseSwaps(table->text);
  if (!bytes) return std::unexpected(path + ": " + bytes.error());
  sheet.Set(kSwapBytes, static_cast<double>(*bytes));
  return {};
}

// The names of the folders and their times, nothing of what is in them.
Checked<void> TellTmpfsFolders(const ExposurePlaces& places, Sheet& sheet) {
  const Folder folder(::opendir(places.shared_memory.c_str()));
  if (!folder) {
    return std::unexpected(places.shared_memory + " cannot be listed: " + SystemMessage(errno));
  }
  std::uint64_t count = 0;
  std::optional<double> oldest;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (!std::string_view(entry->d_name).starts_with(kTmpfsName)) continue;
    struct stat found{};
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(found.st_mode)) {
      continue;
    }
    ++count;
    const auto changed = static_cast<double>(found.st_mtim.tv_sec);
    oldest = std::min(oldest.value_or(changed), changed);
  }
  sheet.Set(kTmpfsFolders, static_cast<double>(count));
  sheet.Set(kTmpfsOldest, oldest);
  return {};
}

Checked<void> TellRootKey(const ExposurePlaces& places, Sheet& sheet) {
  struct stat found{};
  const std::string path = places.data_dir + "/supervisor-key.hex";
  const bool there = ::lstat(path.c_str(), &found) == 0;
  if (!there && errno != ENOENT) return std::unexpected(path + ": " + SystemMessage(errno));
  sheet.Set(kRootKeyPresent, there ? 1 : 0);
  return {};
}

Checked<void> TellSocket(const ExposurePlaces& places, Sheet& sheet) {
  const std::string path = places.socket.empty() ? places.data_dir + "/rpc.sock" : places.socket;
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return std::unexpected(path + ": " + SystemMessage(errno));
  }
  if (!S_ISSOCK(found.st_mode)) return {};
  struct stat folder{};
  const std::string above = fs::path(path).parent_path().string();
  if (::stat(above.c_str(), &folder) != 0) {
    return std::unexpected(above + ": " + SystemMessage(errno));
  }
  const bool all = (found.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_IXOTH) != 0;
  sheet.Set(kSocketWorldWritable, all ? 1 : 0);
  return {};
}

Checked<void> TellEncryption(const ExposurePlaces& places, Sheet& sheet) {
  struct stat found{};
  if (::stat(places.data_dir.c_str(), &found) != 0) {
    return std::unexpected(places.data_dir + ": " + SystemMessage(errno));
  }
  const auto encrypted =
      Encrypted(places.sysfs, gnu_dev_major(found.st_dev), gnu_dev_minor(found.st_dev));
  if (encrypted) sheet.Set(kDataEncrypted, *encrypted ? 1 : 0);
  return {};
}

bool IsCrypt(const fs::path& device) {
  const auto uuid = ReadFile((device / "dm/uuid").string(), 4096);
  if (!uuid || !uuid->text.starts_with("CRYPT-")) return false;
  // These only check what is read.
  return std::ranges::none_of(std::array{"CRYPT-VERITY-", "CRYPT-INTEGRITY-", "CRYPT-SUBDEV-"},
                              [&](const char* begin) { return uuid->text.starts_with(begin); });
}

bool AllCrypt(const fs::path& device, int depth) {
  if (IsCrypt(device)) return true;
  if (depth == kDeviceDepthMax) return false;
  std::error_code error;
  // What a partition stands on is said of its whole device.
  const bool partition = fs::exists(device / "partition", error);
  bool any = false;
  for (fs::directory_iterator below(device / (partition ? "../slaves" : "slaves"), error), end;
       !error && below != end; below.increment(error)) {
    any = true;
    if (!AllCrypt(below->path(), depth + 1)) return false;
  }
  return any && !error;
}

}  // namespace

std::map<std::uint16_t, std::uint64_t> ParseWideListeners(std::string_view table) {
  std::map<std::uint16_t, std::uint64_t> found;
  ForEachLine(table, [&](const std::vector<std::string_view>& words) {
    // "0: 0100007F:1F40 00000000:0000 0A …": the state 0A listens.
    if (words.size() < 4 || words[3] != "0A") return;
    const std::size_t colon = words[1].find(':');
    if (colon == std::string_view::npos || IsLoopback(words[1].substr(0, colon))) return;
    if (const auto port = WholeNumber<std::uint16_t>(words[1].substr(colon + 1), 16))
      ++found[*port];
  });
  return found;
}

Checked<std::uint64_t> ParseSwaps(std::string_view table) {
  if (!table.starts_with("Filename")) return std::unexpected("no table of swap spaces");
  std::uint64_t kilobytes = 0;
  bool head = true, good = true;
  ForEachLine(table, [&](const std::vector<std::string_view>& words) {
    if (std::exchange(head, false)) return;
    const auto size =
        words.size() < 5 ? std::nullopt : WholeNumber<std::uint32_t>(words[words.size() - 3]);
    good = good && size;
    kilobytes += size.value_or(0);
  });
  if (!good) return std::unexpected("no table of swap spaces");
  return kilobytes * 1024;
}

std::optional<bool> Encrypted(const std::string& sysfs, unsigned major, unsigned minor) {
  const fs::path device =
      fs::path(sysfs) / "dev/block" / (std::to_string(major) + ":" + std::to_string(minor));
  std::error_code error;
  if (!fs::exists(device, error)) return std::nullopt;
  return AllCrypt(device, 0);
}

Result<void> ScrapeExposure(const ExposurePlaces& places, Sheet& sheet) {
  std::optional<std::string> error;
  const auto tell = [&](Checked<void> (*what)(const ExposurePlaces&, Sheet&)) {
    if (auto told = what(places, sheet); !told && !error) error = std::move(told).error();
  };
  tell(TellListeners);
  if (!places.data_dir.empty()) {
    for (const auto what : {TellTmpfsFolders, TellRootKey, TellSocket, TellSwap, TellEncryption}) {
      tell(what);
    }
  }
  if (error) return Fail(Reason::kUnreachable, *error);
  return {};
}

}  // namespace stakewatch::supervisor
