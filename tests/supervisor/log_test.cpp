// The daemon's log: what a line says, and a file that is added to, renamed and truncated meanwhile.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "exporters/supervisor/log_events.h"
#include "exporters/supervisor/log_tail.h"
#include "tests/testing.h"

namespace stakewatch::supervisor {
namespace {

const Deadline kSoon(std::chrono::seconds(30));

TEST_CASE("supervisor log: each text of the daemon is its event, with the bastion it names") {
  const std::pair<std::string, LogEvent> texts[] = {
      {"INFO     validator_supervisor.ssh Connected to root@10.77.1.2:2222, forwarding ports "
       "localhost:13000->lighthouse:5052",
       {Event::kTunnelConnected, "10.77.1.2:2222"}},
      {"WARNING  validator_supervisor.ssh Unexpectedly disconnected from root@b.example:22, "
       "closing",
       {Event::kTunnelLost, "b.example:22"}},
      {"INFO     validator_supervisor.ssh Disconnected from root@10.77.1.2:2222, closing ports",
       {Event::kTunnelClosed, "10.77.1.2:2222"}},
      {"INFO     validator_supervisor.subprocess Supervised process SSH tunnel to "
       "root@10.77.1.2:2222 exited",
       {Event::kTunnelExited, "10.77.1.2:2222"}},
      {"INFO     validator_supervisor.subprocess Started supervised process validator",
       {Event::kValidatorStarted, ""}},
      {"INFO     validator_supervisor.subprocess Supervised process validator exited",
       {Event::kValidatorExited, ""}},
      {"INFO     validator_supervisor.subprocess Started supervised process Alloy to 10.77.2.2",
       {Event::kLogShipperStarted, "10.77.2.2"}},
      {"INFO     validator_supervisor.subprocess Supervised process Alloy to 10.77.2.2 exited",
       {Event::kLogShipperExited, "10.77.2.2"}},
      {"ERROR    validator_supervisor.subprocess Error starting supervised process SSH tunnel to "
       "root@fd00::1:2222: no route",
       {Event::kStartError, "fd00::1:2222"}},
      {"ERROR    validator_supervisor.subprocess Error starting supervised process validator: no",
       {Event::kStartError, ""}},
      {"INFO     validator_supervisor.subprocess Stopping validator due to failing health checks",
       {Event::kHealthStop, ""}},
      {"WARNING  validator_supervisor.subprocess Did not terminate after another 10 seconds, "
       "sending "
       "SIGKILL",
       {Event::kForcedKill, ""}},
      {"WARNING  validator_supervisor.validators.base No healthy beacon nodes found",
       {Event::kNoBeacon, ""}},
      {"DEBUG    validator_supervisor.backup_archive Wrote backup to /d/supervisor-backup.bin with "
       "timestamp 2026-11-21T06:22:27, 904 bytes",
       {Event::kBackupSaved, ""}},
      {"INFO     validator_supervisor.supervisor Loading backup from 2026-11-21T06:22:01",
       {Event::kBackupLoaded, ""}},
      {"DEBUG    validator_supervisor.supervisor Uploaded scp backup to root@10.77.1.2:2222",
       {Event::kBackupUploadOk, "10.77.1.2:2222"}},
      {"WARNING  validator_supervisor.supervisor Failed to upload scp backup to "
       "root@10.77.2.2:2222",
       {Event::kBackupUploadFailed, "10.77.2.2:2222"}},
      {"WARNING  validator_supervisor.supervisor Failed to download scp backup from "
       "root@10.77.2.2:2222",
       {Event::kBackupDownloadFailed, "10.77.2.2:2222"}},
      {"ERROR    validator_supervisor.supervisor On disk backup is corrupt!",
       {Event::kBackupCorrupt, ""}},
      {"WARNING  validator_supervisor.supervisor Backup archive on node root@10.77.1.2:2222 is "
       "corrupt!\r",
       {Event::kBackupCorrupt, "10.77.1.2:2222"}},
      {"ERROR    validator_supervisor.supervisor Could not find any valid backups",
       {Event::kNoBackup, ""}},
      {"INFO     validator_supervisor.supervisor Executing shutdown to shut down the host",
       {Event::kHostShutdown, ""}},
  };
  std::map<Event, int> seen;
  for (const auto& [line, event] : texts) {
    CAPTURE(line);
    const auto parsed = ParseLogLine(line);
    REQUIRE(parsed);
    CHECK(NameOf(parsed->event) == NameOf(event.event));
    CHECK(parsed->address == event.address);
    ++seen[event.event];
  }
  CHECK(seen.size() == kEventNames.size());
}

TEST_CASE("supervisor log: what others write into a line is no event") {
  for (const std::string& line : std::vector<std::string>{
           "",
           " ",
           "INFO",
           "INFO     ",
           "INFO     validator_supervisor.ssh",
           "INFO     validator_supervisor.ssh ",
           "INFO     other.ssh Connected to root@h:1, forwarding ports",
           "WARNING  validator_supervisor.rpc.server Received malformed JSON-RPC request: "
           "validator_supervisor.supervisor Executing shutdown to shut down the host",
           "Executing shutdown to shut down the host",
           "    INFO validator_supervisor.supervisor Executing shutdown to shut down the host",
           "INFO     validator_supervisor.subprocess Started supervised process validator2",
           "INFO     validator_supervisor.supervisor Connected to root@h:1, forwarding ports",
           "DEBUG    validator_supervisor.subprocess Health check failure (3/3)",
           "DEBUG    validator_supervisor.supervisor Saving backup to supervisor-backup.bin",
       }) {
    CAPTURE(line);
    CHECK_FALSE(ParseLogLine(line));
  }
  CHECK_FALSE(ParseLogLine(std::string("\0\xff\x1b", 3)));
}

class Log {
 public:
  Log() : path_(folder_.Path() + "/supervisor.log"), tail_(path_, {.look_bytes_max = 1 << 20}) {}

  const std::string& Path() const { return path_; }
  void Add(std::string_view text) const { std::ofstream(path_, std::ios::app) << text; }
  std::vector<std::string> Look() {
    std::vector<std::string> lines;
    looked_ = tail_.Look(kSoon, [&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  const Checked<void>& Looked() const { return looked_; }
  LogTail& Tail() { return tail_; }

 private:
  const testing::TemporaryFolder folder_;
  const std::string path_;
  LogTail tail_;
  Checked<void> looked_;
};

using Lines = std::vector<std::string>;

TEST_CASE("supervisor log: from the end at the first look, then what is added, line by line") {
  Log log;
  log.Add("old\nhalf");
  CHECK(log.Look().empty());
  log.Add(" of an old one\nnew\nunfini");
  CHECK(log.Look() == Lines{"new"});
  CHECK(log.Look().empty());
  log.Add("shed\n\n");
  CHECK(log.Look() == Lines{"unfinished", ""});
}

TEST_CASE("supervisor log: one that was not there is read from its beginning") {
  Log log;
  CHECK(log.Look().empty());
  REQUIRE_FALSE(log.Looked());
  CHECK(log.Looked().error() == log.Path() + " cannot be opened: No such file or directory");
  log.Add("first\n");
  CHECK(log.Look() == Lines{"first"});
  CHECK(log.Looked());
}

TEST_CASE("supervisor log: a renamed one is read to its end before the new one") {
  Log log;
  log.Add("old\n");
  CHECK(log.Look().empty());
  log.Add("a\n");
  REQUIRE(::rename(log.Path().c_str(), (log.Path() + ".1").c_str()) == 0);
  CHECK(log.Look() == Lines{"a"});
  std::ofstream(log.Path() + ".1", std::ios::app) << "b\n";  // The daemon keeps its file open.
  log.Add("c\n");
  CHECK(log.Look() == Lines{"b", "c"});
  CHECK(log.Tail().Rotations() == 1);
  CHECK(log.Tail().Truncations() == 0);
}

TEST_CASE("supervisor log: a truncated one is read from its beginning") {
  Log log;
  log.Add("a long line of old\n");
  CHECK(log.Look().empty());
  log.Add("unfinished");
  CHECK(log.Look().empty());
  REQUIRE(::truncate(log.Path().c_str(), 0) == 0);
  log.Add("new\n");
  CHECK(log.Look() == Lines{"new"});
  CHECK(log.Tail().Truncations() == 1);
}

TEST_CASE("supervisor log: 50 MB that are renamed while they are read are all read, in pieces") {
  Log log;
  log.Add("old\n");
  CHECK(log.Look().empty());
  const std::string line(99, 'x');
  std::size_t written = 0;
  {
    std::ofstream file(log.Path(), std::ios::app);
    for (; written < 500'000; ++written) file << line << '\n';
  }
  std::size_t read = 0;
  std::size_t looks = 0;
  std::size_t most = 0;
  while (read < written + 1 && looks < 100) {
    if (looks == 3) {
      REQUIRE(::rename(log.Path().c_str(), (log.Path() + ".1").c_str()) == 0);
      log.Add("after\n");
    }
    const std::size_t now = log.Look().size();
    CHECK(log.Looked());
    if (looks == 0) CHECK(log.Tail().Unread() > 45'000'000);
    most = std::max(most, now);
    read += now;
    ++looks;
  }
  CHECK(read == written + 1);
  CHECK(looks >= 48);
  CHECK(most <= (1 << 20) / 100 + 2);
  CHECK(log.Tail().Unread() == 0);
}

TEST_CASE("supervisor log: a line without end is cut, binary is a line like another") {
  Log log;
  log.Add("old\n");
  CHECK(log.Look().empty());
  log.Add(std::string(300'000, 'x'));
  CHECK(log.Look().empty());
  log.Add(std::string("y\n\0\xff\n", 5));
  const Lines lines = log.Look();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == std::string(4096, 'x'));
  CHECK(lines[1] == std::string("\0\xff", 2));
}

TEST_CASE("supervisor log: one that is a link to a key is not opened") {
  Log log;
  log.Add("old\n");
  CHECK(log.Look().empty());
  REQUIRE(::unlink(log.Path().c_str()) == 0);
  const testing::TemporaryFolder folder;
  const std::string key = folder.Write("supervisor-key.hex", "a secret\n");
  REQUIRE(::symlink(key.c_str(), log.Path().c_str()) == 0);
  CHECK(log.Look().empty());
  REQUIRE_FALSE(log.Looked());
  CHECK(log.Looked().error().ends_with("what stays closed: keys and their passwords"));
}

TEST_CASE("supervisor log: a pipe or a folder is an error, and nothing waits") {
  const testing::TemporaryFolder folder;
  REQUIRE(::mkfifo((folder.Path() + "/pipe").c_str(), 0600) == 0);
  for (const std::string& path : {folder.Path() + "/pipe", folder.Path()}) {
    LogTail tail(path);
    const auto looked = tail.Look(kSoon, [](std::string_view) {});
    REQUIRE_FALSE(looked);
    CHECK(looked.error() == path + " is no regular file");
  }
}

}  // namespace
}  // namespace stakewatch::supervisor
