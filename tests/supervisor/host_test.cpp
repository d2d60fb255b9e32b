// Pages of the sources backup, log and exposure, of folders made for it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "common/net/net.h"
#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/supervisor/backup.h"
#include "exporters/supervisor/daemon_log.h"
#include "exporters/supervisor/exposure.h"
#include "exporters/supervisor/host.h"
#include "exporters/supervisor/metrics.h"
#include "exporters/supervisor/nodes.h"
#include "exporters/supervisor/supervisor.h"
#include "tests/testing.h"

namespace stakewatch::supervisor {
namespace {

namespace fs = std::filesystem;

bool Has(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

// What a host looks like to the exporter.
class Host {
 public:
  Host() {
    for (const char* name : {"data", "logs", "shm", "proc/net", "sys/dev/block", "uploads"}) {
      fs::create_directories(Path(name));
    }
    settings_.data_dir = Path("data");
    settings_.logs_dir = Path("logs");
    settings_.nodes = {"10.77.1.2:2222", "10.77.2.2:2222"};
    settings_.procfs = Path("proc");
    settings_.host.shared_memory = Path("shm");
    settings_.host.sysfs = Path("sys");
    settings_.host.remote_backups = Path("uploads");
    settings_.host.reverse_ports = {"8000", "2222"};
    Write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    Write("proc/net/tcp", "  sl  local_address rem_address   st\n");
    Write("logs/supervisor.log", "");
  }

  std::string Path(const std::string& name) const { return folder_.Path() + "/" + name; }
  void Write(const std::string& name, std::string_view text) const {
    std::ofstream(Path(name)) << text;
  }
  void Log(std::string_view text) const {
    std::ofstream(Path("logs/supervisor.log"), std::ios::app) << text << '\n';
  }
  std::string Page() {
    if (!scraper_) {
      const auto nodes = ParseNodes(settings_.nodes);
      REQUIRE(nodes);
      auto sources = HostSources(settings_, *nodes, [] { return 1'795'241'521.5; });
      REQUIRE(sources);
      scraper_ = std::make_unique<Scraper>(std::move(*sources), kMetrics, crew_, nullptr);
    }
    return WritePage(scraper_->Scrape(Deadline(std::chrono::seconds(10))));
  }
  Settings& Of() { return settings_; }

 private:
  const testing::TemporaryFolder folder_;
  Settings settings_;
  Crew crew_{16};
  std::unique_ptr<Scraper> scraper_;
};

TEST_CASE("supervisor host: nothing is looked at without a flag") {
  const auto sources = HostSources(Settings(), {});
  REQUIRE(sources);
  CHECK(sources->empty());
}

TEST_CASE("supervisor host: a wrong flag is an error that names it") {
  const auto error = [](const auto& change) {
    Settings settings;
    change(settings);
    const auto sources = HostSources(settings, {});
    return sources ? std::string() : sources.error();
  };
  CHECK(error([](Settings& s) { s.host.reverse_ports = {"x"}; }) ==
        "--supervisor.reverse-port: \"x\" is no port");
  CHECK(error([](Settings& s) { s.host.reverse_ports = {"0"}; }).contains("\"0\""));
  CHECK(error([](Settings& s) { s.host.reverse_ports = {"65536"}; }).contains("\"65536\""));
  CHECK(error([](Settings& s) {
          s.host.interchanges = {"/a", "/a"};
        }).starts_with("--supervisor.interchange: /a stands twice"));
  CHECK(error([](Settings& s) {
          s.host.interchanges = {"/dev/shm/validator_supervisor-validator_data1/canonical/x.json"};
        }).starts_with("--supervisor.interchange: "));
}

TEST_CASE("supervisor backup: time, size and count, here and where they are uploaded to") {
  Host host;
  host.Write("data/supervisor-backup.bin", std::string(904, 'x'));
  host.Write("data/supervisor-key.hex", std::string(32, 'a'));
  host.Write("uploads/supervisor-backup.bin", std::string(43, 'x'));
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, host.Path("data/supervisor-backup.bin").c_str(), times, 0) == 0);
  const std::string page = host.Page();
  CHECK(Has(page, R"(stakewatch_source_up{source="backup"} 1)"));
  CHECK(Has(page, R"(validator_supervisor_backup_timestamp_seconds{location="local"} 1000)"));
  CHECK(Has(page, R"(validator_supervisor_backup_size_bytes{location="local"} 904)"));
  CHECK(Has(page, R"(validator_supervisor_backup_files{location="local"} 1)"));
  CHECK(Has(page, R"(validator_supervisor_backup_empty_files{location="local"} 0)"));
  CHECK(Has(page, R"(validator_supervisor_backup_files{location="remote"} 1)"));
  CHECK(Has(page, R"(validator_supervisor_backup_empty_files{location="remote"} 1)"));
  CHECK_FALSE(page.contains(R"(backup_size_bytes{location="remote"})"));
  fs::remove_all(host.Path("uploads"));
  const std::string less = host.Page();
  CHECK(Has(less, R"(stakewatch_source_up{source="backup"} 0)"));
  CHECK(Has(less, R"(validator_supervisor_backup_size_bytes{location="local"} 904)"));
}

TEST_CASE("supervisor log: events by bastion, from 0 on, and those of a bastion no flag names") {
  Host host;
  host.Log("INFO     validator_supervisor.supervisor Executing shutdown to shut down the host");
  const std::string first = host.Page();
  CHECK(Has(first, R"(validator_supervisor_events_total{event="host_shutdown",bastion=""} 0)"));
  CHECK(
      Has(first,
          R"(validator_supervisor_events_total{event="tunnel_lost",bastion="10.77.2.2:2222"} 0)"));
  CHECK_FALSE(first.contains("bastion=\"other\""));
  CHECK_FALSE(first.contains("last_upload_success{"));
  CHECK_FALSE(first.contains("last_exit_timestamp_seconds "));
  for (const char* line :
       {"WARNING  validator_supervisor.ssh Unexpectedly disconnected from root@10.77.1.2:2222, c",
        "INFO     validator_supervisor.subprocess Supervised process Alloy to 10.77.2.2 exited",
        "INFO     validator_supervisor.subprocess Supervised process Alloy to 10.9.9.9 exited",
        "INFO     validator_supervisor.subprocess Supervised process Alloy to 10.9.9.8 exited",
        "WARNING  validator_supervisor.supervisor Failed to upload scp backup to "
        "root@10.77.1.2:2222",
        "DEBUG    validator_supervisor.supervisor Uploaded scp backup to root@10.77.2.2:2222",
        "DEBUG    validator_supervisor.supervisor Uploaded scp backup to root@10.77.2.2:22",
        "INFO     validator_supervisor.subprocess Supervised process validator exited"}) {
    host.Log(line);
  }
  const std::string page = host.Page();
  const std::string events = "validator_supervisor_events_total";
  CHECK(Has(page, events + R"({event="tunnel_lost",bastion="10.77.1.2:2222"} 1)"));
  CHECK(Has(page, events + R"({event="tunnel_lost",bastion="10.77.2.2:2222"} 0)"));
  CHECK(Has(page, events + R"({event="log_shipper_exited",bastion="10.77.2.2:2222"} 1)"));
  CHECK(Has(page, events + R"({event="log_shipper_exited",bastion="other"} 2)"));
  CHECK(Has(page, events + R"({event="backup_upload_ok",bastion="other"} 1)"));
  const std::string uploads = "validator_supervisor_backup_last_upload_success";
  CHECK(Has(page, uploads + R"({bastion="10.77.1.2:2222"} 0)"));
  CHECK(Has(page, uploads + R"({bastion="10.77.2.2:2222"} 1)"));
  CHECK_FALSE(page.contains(uploads + R"({bastion="other"})"));
  CHECK(Has(page, "validator_supervisor_validator_last_exit_timestamp_seconds 1795241521.5"));
  CHECK(Has(page, "validator_supervisor_log_lines_total 8"));
  CHECK(page.contains("validator_supervisor_log_size_bytes{log=\"supervisor\"} "));
  CHECK_FALSE(page.contains("log=\"prysm\""));
}

TEST_CASE("supervisor log: what was counted is told while the log is away") {
  Host host;
  host.Page();
  host.Log("WARNING  validator_supervisor.validators.base No healthy beacon nodes found");
  CHECK(Has(host.Page(), R"(validator_supervisor_events_total{event="no_beacon",bastion=""} 1)"));
  Host away;
  fs::remove_all(away.Path("logs"));
  const std::string page = away.Page();
  CHECK(Has(page, R"(stakewatch_source_up{source="log"} 0)"));
  CHECK(Has(page, R"(validator_supervisor_events_total{event="no_beacon",bastion=""} 0)"));
}

TEST_CASE("supervisor log: the recorded daemon's, as it was written") {
  const std::string recorded =
      testing::ReadFile(testing::TestsFolder() + "/supervisor/recordings/supervisor.log");
  Host host;
  host.Page();
  host.Log(recorded);
  const std::string page = host.Page();
  const std::string events = "validator_supervisor_events_total";
  for (const auto& [labels, count] :
       std::map<std::string, int>{{R"(event="tunnel_connected",bastion="10.77.1.2:2222")", 5},
                                  {R"(event="tunnel_connected",bastion="10.77.2.2:2222")", 2},
                                  {R"(event="tunnel_lost",bastion="10.77.1.2:2222")", 5},
                                  {R"(event="validator_started",bastion="")", 2},
                                  {R"(event="validator_exited",bastion="")", 3},
                                  {R"(event="health_stop",bastion="")", 1},
                                  {R"(event="forced_kill",bastion="")", 1},
                                  {R"(event="no_beacon",bastion="")", 1},
                                  {R"(event="backup_saved",bastion="")", 1},
                                  {R"(event="backup_upload_ok",bastion="10.77.1.2:2222")", 1},
                                  {R"(event="backup_download_failed",bastion="10.77.2.2:2222")", 2},
                                  {R"(event="backup_corrupt",bastion="")", 1},
                                  {R"(event="backup_corrupt",bastion="10.77.1.2:2222")", 1},
                                  {R"(event="no_backup",bastion="")", 1}}) {
    CAPTURE(labels);
    CHECK(Has(page, events + "{" + labels + "} " + std::to_string(count)));
  }
}

TEST_CASE("supervisor exposure: a host that is as it should be") {
  Host host;
  const std::string page = host.Page();
  CHECK(Has(page, R"(stakewatch_source_up{source="exposure"} 1)"));
  CHECK(Has(page, "validator_supervisor_tmpfs_folders 0"));
  CHECK(Has(page, "validator_supervisor_root_key_file_present 0"));
  CHECK(Has(page, "validator_supervisor_swap_bytes 0"));
  CHECK(Has(page, R"(validator_supervisor_exposed_listeners{port="8000"} 0)"));
  CHECK_FALSE(page.contains("tmpfs_folder_oldest_timestamp_seconds "));
  CHECK_FALSE(page.contains("rpc_socket_world_writable "));
  CHECK_FALSE(page.contains("data_encrypted "));  // sysfs has no such device.
}

TEST_CASE("supervisor exposure: all that is open is told") {
  Host host;
  host.Write("data/supervisor-key.hex", std::string(32, 'a'));
  REQUIRE(::chmod(host.Path("data/supervisor-key.hex").c_str(), 0) == 0);
  for (const auto& [name, time] :
       {std::pair("validator_supervisor-validator_dataab", 2000),
        std::pair("validator_supervisor-validator_datacd", 1000), std::pair("other", 1)}) {
    const std::string path = host.Path(std::string("shm/") + name);
    REQUIRE(::mkdir(path.c_str(), 0) == 0);
    const timespec times[2] = {{time, 0}, {time, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  host.Write("shm/validator_supervisor-validator_datafile", "");
  host.Write("proc/swaps",
             "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
             "/dev/nvme0n1p3                          partition\t2097148\t\t0\t\t-2\n"
             "/swap\\040file                          file\t\t1048576\t\t0\t\t-3\n");
  host.Write("proc/net/tcp",
             "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
             "   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
             "   1: 0100007F:08AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000\n"
             "   2: 00000000:1F40 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000\n");
  host.Write(
      "proc/net/tcp6",
      "  sl  local_address                         remote_address  st\n"
      "   0: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A\n"
      "   1: 00000000000000000000000001000000:08AE 00000000000000000000000000000000:0000 0A\n"
      "   2: 0000000000000000FFFF00000100007F:08AE 00000000000000000000000000000000:0000 0A\n");
  struct stat data{};
  REQUIRE(::stat(host.Path("data").c_str(), &data) == 0);
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = host.Path("data/rpc.sock");
  REQUIRE(path.size() < sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(socket.Fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::chmod(path.c_str(), 0777) == 0);
  REQUIRE(::chmod(host.Path("data").c_str(), 0755) == 0);
  const std::string page = host.Page();
  CHECK(Has(page, R"(stakewatch_source_up{source="exposure"} 1)"));
  CHECK(Has(page, "validator_supervisor_tmpfs_folders 2"));
  CHECK(Has(page, "validator_supervisor_tmpfs_folder_oldest_timestamp_seconds 1000"));
  CHECK(Has(page, "validator_supervisor_root_key_file_present 1"));
  CHECK(Has(page, "validator_supervisor_rpc_socket_world_writable 1"));
  CHECK(Has(page, "validator_supervisor_swap_bytes 3221221376"));
  CHECK(Has(page, R"(validator_supervisor_exposed_listeners{port="8000"} 2)"));
  CHECK(Has(page, R"(validator_supervisor_exposed_listeners{port="2222"} 0)"));
  REQUIRE(::chmod(host.Path("data").c_str(), 0750) == 0);
  CHECK(Has(host.Page(), "validator_supervisor_rpc_socket_world_writable 0"));
}

TEST_CASE("supervisor exposure: one table that is gone leaves the rest told") {
  Host host;
  fs::remove(host.Path("proc/swaps"));
  const std::string page = host.Page();
  CHECK(Has(page, R"(stakewatch_source_up{source="exposure"} 0)"));
  CHECK(Has(page, "validator_supervisor_root_key_file_present 0"));
  CHECK_FALSE(page.contains("swap_bytes "));
}

TEST_CASE("supervisor exposure: tables in another form") {
  CHECK(ParseWideListeners("").empty());
  CHECK(
      ParseWideListeners("a b c d\n\n0: 0 0 0A\n0: x:1F40 0:0 0A\n0: 00000000:zz 0:0 0A").size() ==
      1);
  CHECK(ParseWideListeners("0: 00000000:10000 0:0 0A").empty());
  CHECK_FALSE(ParseSwaps(""));
  CHECK_FALSE(ParseSwaps("Filename Type\n/x y\n"));
  CHECK_FALSE(ParseSwaps("Filename Type\n/x file z 0 0\n"));
  CHECK(ParseSwaps("Filename Type\n") == 0);
}

TEST_CASE("supervisor exposure: the devices below the data folder") {
  const Host host;
  const std::string block = host.Path("sys/dev/block/");
  const auto device = [&](const std::string& number, const std::string& uuid,
                          const std::vector<std::string>& slaves = {}) {
    fs::create_directories(block + number + "/slaves");
    if (!uuid.empty()) {
      fs::create_directories(block + number + "/dm");
      std::ofstream(block + number + "/dm/uuid") << uuid << '\n';
    }
    for (const std::string& slave : slaves) {
      fs::create_directory_symlink(block + slave, block + number + "/slaves/" + slave);
    }
  };
  const std::string sysfs = host.Path("sys");
  device("8:0", "");
  device("8:16", "");
  device("254:0", "CRYPT-LUKS2-00112233445566778899aabbccddeeff-root", {"8:0"});
  device("254:1", "LVM-abc", {"254:0"});
  device("254:2", "LVM-abd", {"254:0", "8:16"});
  device("254:3", "CRYPT-VERITY-00112233-x", {"8:0"});
  device("254:4", "LVM-loop");
  fs::create_directory_symlink(block + "254:4", block + "254:4/slaves/itself");
  fs::create_directories(block + "9:0/9:1");
  std::ofstream(block + "9:0/9:1/partition") << "1\n";
  fs::create_directories(block + "9:0/slaves");
  fs::create_directory_symlink(block + "254:0", block + "9:0/slaves/254:0");
  fs::create_directory_symlink(block + "9:0/9:1", block + "9:1");
  CHECK(Encrypted(sysfs, 8, 0) == false);
  CHECK(Encrypted(sysfs, 254, 0) == true);
  CHECK(Encrypted(sysfs, 254, 1) == true);
  CHECK(Encrypted(sysfs, 254, 2) == false);
  CHECK(Encrypted(sysfs, 254, 3) == false);
  CHECK(Encrypted(sysfs, 254, 4) == false);
  CHECK(Encrypted(sysfs, 9, 1) == true);
  CHECK_FALSE(Encrypted(sysfs, 0, 57));
}

TEST_CASE("supervisor exposure: when the RPC's certificate ends") {
  Host host;
  host.Of().host.certificate = host.Path("data/rpc.pem");
  CHECK_FALSE(host.Page().contains("not_after_timestamp_seconds{source=\"exposure\"}"));
  host.Write("data/rpc.pem",
             "-----BEGIN CERTIFICATE-----\n"
             "MIIBQTCB9KADAgECAgEBMAUGAytlcDAfMR0wGwYDVQQDDBR2YWxpZGF0b3Itc3Vw\n"
             "ZXJ2aXNvcjAgFw0yNjExMjExODQ0MzdaGA8yMTI2MTAyODE4NDQzN1owHzEdMBsG\n"
             "A1UEAwwUdmFsaWRhdG9yLXN1cGVydmlzb3IwKjAFBgMrZXADIQDCMZD0z4f1mJkE\n"
             "wRy9KFCYyTv8JG/mmZZYgX4ZEZkunKNTMFEwHQYDVR0OBBYEFHZ0CI+VwGu0VpmE\n"
             "5f2B8aYpLfmjMB8GA1UdIwQYMBaAFHZ0CI+VwGu0VpmE5f2B8aYpLfmjMA8GA1Ud\n"
             "EwEB/wQFMAMBAf8wBQYDK2VwA0EAahNYWhMdjeerUQMnw/y96/gy5tw1b+GDbfH0\n"
             "37w8ev7kjmmvUdy8igHrkc3jm7HukM9Xh/AdyrrtZddJCvWiAQ==\n"
             "-----END CERTIFICATE-----\n");
  CHECK(Has(host.Page(),
            "stakewatch_source_certificate_not_after_timestamp_seconds{source=\"exposure\"} "
            "4948886677"));
  host.Write("data/rpc.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  CHECK_FALSE(host.Page().contains("not_after_timestamp_seconds{source=\"exposure\"}"));
}

}  // namespace
}  // namespace stakewatch::supervisor
