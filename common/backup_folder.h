#pragma once
// What stat tells of a folder of backups: nothing in it is opened, so that whoever watches it needs
// no right to read one.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"

namespace stakewatch {

struct BackupFile {
  double modified = 0;  // Unix seconds.
  std::uint64_t bytes = 0;
};

struct BackupFolder {
  std::uint64_t files = 0;           // Of those names, the empty ones included.
  std::uint64_t empty = 0;           // With fewer bytes than a backup can have.
  std::uint64_t bytes = 0;           // Of all of them.
  std::optional<BackupFile> newest;  // By the time of its last change; of those that are not empty.
};

// What is a backup there.
struct BackupNames {
  std::string pattern = "*";    // Of the shell: *.bin, backup-*.
  std::uint64_t bytes_min = 1;  // With less it is empty.
};

// Takes one more into account.
void CountBackup(const BackupFile& backup, const BackupNames& names, BackupFolder& found);

// Regular files right in the folder; links are not followed. An error says what is wrong with the
// folder, with its path.
Checked<BackupFolder> ReadBackupFolder(const std::string& path, const BackupNames& names);

}  // namespace stakewatch
