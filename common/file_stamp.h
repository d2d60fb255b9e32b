#pragma once
// Whether a file is still the one that was read.
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace stakewatch {

// All zero when there is no such file. The time of the last status change is in it too: a chmod or
// a file moved into place with an old mtime is a change.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

FileStamp StampOf(const std::string& path);

}  // namespace stakewatch
