// A folder of backups, seen from outside.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "common/backup.h"
#include "common/page.h"
#include "common/scrape/scrape.h"
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

TEST_CASE("a backup listing: the newest that is not empty, by the last part of the path") {
  const auto found = ParseBackupListing(
      "1000 10 a/db_1.zst\n\n2000.5 5 b/db 2.zst\r\n3000 0 db_3.zst\n9000 7 other\n",
      {.pattern = "db*.zst"});
  REQUIRE(found);
  CHECK(found->files == 3);
  CHECK(found->empty == 1);
  REQUIRE(found->newest);
  CHECK(found->newest->modified == 2000.5);
  CHECK(found->newest->bytes == 5);
  CHECK(ParseBackupListing("", {})->files == 0);
  for (const char* wrong : {"x 1 a", "1 x a", "1 1", "1 -1 a", "-1 1 a", "1e3 1 a", "nan 1 a"}) {
    CAPTURE(wrong);
    const auto refused = ParseBackupListing(std::string("1 1 a\n") + wrong, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == "line 2 is not a Unix time, a size in bytes and a name");
  }
}

constexpr auto kNewest = Gauge("t_newest", "Of a test.", "location");
constexpr auto kSize = Gauge("t_size", "Of a test.", "location");
constexpr auto kFiles = Gauge("t_files", "Of a test.", "location", "kind");
constexpr auto kKeep = Gauge("t_keep", "Of a test.");
constexpr auto kListing = Gauge("t_listing", "Of a test.", "location");
constexpr auto kTable = Table(kNewest, kSize, kFiles, kKeep, kListing);
constexpr BackupMetrics kMetrics = {kNewest, kSize, kFiles, kKeep, kListing};

std::string PageOf(const BackupSettings& settings, Result<void>& fared) {
  const auto source = BackupSource(settings, kMetrics);
  REQUIRE(source);
  REQUIRE(*source);
  Crew crew(1);
  std::vector<Source> sources = {**source};
  auto scrape = sources[0].scrape;
  sources[0].scrape = [&fared, scrape](const Upstream& u, const Deadline& d, Sheet& s) {
    fared = scrape(u, d, s);
    return fared;
  };
  Scraper scraper(std::move(sources), kTable, crew, nullptr);
  return WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
}

TEST_CASE("the source backup: here and elsewhere, and what is told when one of them fails") {
  const testing::TemporaryFolder folder;
  SetTime(folder.Write("db_1.zst", "0123456789"), 1000);
  SetTime(folder.Write("db_2.zst", ""), 2000);
  const std::string listing = folder.Write("offsite.txt", "900 10 db_1.zst\n");
  SetTime(listing, 3000);
  const std::string broken = folder.Write("broken.txt", "AccessDenied\n");
  SetTime(broken, 4000);
  Result<void> fared;
  const std::string page = PageOf({.folder = folder.Path(),
                                   .names = "db_*.zst",
                                   .keep_last = 7,
                                   .listings = {"cold=" + broken, listing}},
                                  fared);
  REQUIRE_FALSE(fared);
  CHECK(fared.error().reason == Reason::kBadAnswer);
  CHECK(fared.error().what.starts_with(broken + ": line 1"));
  for (const std::string& line : std::vector<std::string>{
           "t_newest{location=\"local\"} 1000.5\n", "t_newest{location=\"offsite\"} 900\n",
           "t_size{location=\"local\"} 10\n", "t_files{location=\"local\",kind=\"ok\"} 1\n",
           "t_files{location=\"local\",kind=\"empty\"} 1\n", "t_keep 7\n",
           "t_listing{location=\"offsite\"} 3000.5\n", "t_listing{location=\"cold\"} 4000.5\n"}) {
    CAPTURE(line);
    CHECK(page.find(line) != std::string::npos);
  }
  CHECK(page.find("t_newest{location=\"cold\"}") == std::string::npos);
}

TEST_CASE("the source backup: what the flags may say") {
  const auto of = [](std::vector<std::string> listings) {
    return BackupSource(
        {.folder = "", .names = "*", .keep_last = 0, .listings = std::move(listings)}, kMetrics);
  };
  CHECK_FALSE(*of({}));
  CHECK(*of({"/a", "b=/b"}));
  CHECK_FALSE(of({"/a", "/b"}));
  CHECK_FALSE(of({"local=/a"}));
  CHECK_FALSE(of({"a="}));
  CHECK_FALSE(of({""}));
}

}  // namespace
}  // namespace stakewatch
