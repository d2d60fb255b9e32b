// A folder of backups, seen from outside.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "common/backup_folder.h"
#include "tests/testing.h"

namespace stakewatch {
namespace {

void SetTime(const std::string& path, std::int64_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 500'000'000}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

TEST_CASE("a backup folder: the newest that is not empty, and how many there are") {
  const testing::TemporaryFolder folder;
  SetTime(folder.Write("backup-1.bin", "0123456789"), 1000);
  SetTime(folder.Write("backup-2.bin", "01234"), 2000);
  SetTime(folder.Write("backup-3.bin", ""), 3000);
  SetTime(folder.Write("backup-4.bin", "01"), 4000);
  SetTime(folder.Write("other.txt", "0123456789"), 9000);
  const auto found = ReadBackupFolder(folder.Path(), {.pattern = "backup-*", .bytes_min = 3});
  REQUIRE(found);
  CHECK(found->files == 4);
  CHECK(found->empty == 2);
  CHECK(found->bytes == 17);
  REQUIRE(found->newest);
  CHECK(found->newest->modified == 2000.5);
  CHECK(found->newest->bytes == 5);
}

TEST_CASE("a backup folder: nothing is opened, links and folders do not count") {
  const testing::TemporaryFolder folder;
  const std::string closed = folder.Write("closed.bin", "0123");
  REQUIRE(::chmod(closed.c_str(), 0) == 0);
  REQUIRE(::symlink("/etc/passwd", (folder.Path() + "/link.bin").c_str()) == 0);
  REQUIRE(::mkdir((folder.Path() + "/folder.bin").c_str(), 0700) == 0);
  REQUIRE(::mkfifo((folder.Path() + "/pipe.bin").c_str(), 0600) == 0);
  const auto found = ReadBackupFolder(folder.Path(), {.pattern = "*.bin"});
  REQUIRE(found);
  CHECK(found->files == 1);
  CHECK(found->newest->bytes == 4);
  CHECK(::rmdir((folder.Path() + "/folder.bin").c_str()) == 0);
}

TEST_CASE("a backup folder: an empty one has no newest, a missing one is an error with its path") {
  const testing::TemporaryFolder folder;
  const auto empty = ReadBackupFolder(folder.Path(), {});
  REQUIRE(empty);
  CHECK(empty->files == 0);
  CHECK_FALSE(empty->newest);
  const auto missing = ReadBackupFolder(folder.Path() + "/no", {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == folder.Path() + "/no cannot be listed: No such file or directory");
}

}  // namespace
}  // namespace stakewatch
