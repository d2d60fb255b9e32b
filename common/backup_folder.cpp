#include "common/backup_folder.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/folder.h"
#include "common/text.h"

namespace stakewatch {
namespace {

// Of any kind. With more the folder is another than was meant.
constexpr std::size_t kEntriesMax = 100'000;

double SecondsOf(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

void CountBackup(const BackupFile& backup, const BackupNames& names, BackupFolder& found) {
  ++found.files;
  found.bytes += backup.bytes;
  if (backup.bytes < names.bytes_min) {
    ++found.empty;
  } else if (!found.newest || found.newest->modified < backup.modified) {
    found.newest = backup;
  }
}

Checked<BackupFolder> ReadBackupFolder(const std::string& path, const BackupNames& names) {
  const Folder folder(::opendir(path.c_str()));
  const int descriptor = folder ? ::dirfd(folder.get()) : -1;
  if (descriptor < 0) return std::unexpected(path + " cannot be listed: " + SystemMessage(errno));
  BackupFolder found;
  std::size_t entries = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      if (errno == 0) return found;
      return std::unexpected(path + " cannot be listed: " + SystemMessage(errno));
    }
    if (++entries > kEntriesMax) {
      return std::unexpected(path + " has more than " + std::to_string(kEntriesMax) + " entries");
    }
    if (::fnmatch(names.pattern.c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
    struct stat file{};
    if (::fstatat(descriptor, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // Removed in between.
      return std::unexpected(path + "/" + entry->d_name + ": " + SystemMessage(errno));
    }
    if (!S_ISREG(file.st_mode)) continue;
    CountBackup({SecondsOf(file.st_mtim), static_cast<std::uint64_t>(file.st_size)}, names, found);
  }
}

}  // namespace stakewatch
