// The daemon's family in a /proc that is made for it.
#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "exporters/supervisor/processes.h"
#include "tests/supervisor/replay.h"

namespace stakewatch::supervisor {
namespace {

using namespace std::chrono_literals;
using Argv = std::vector<std::string>;

const std::vector<Node> kNodes = {{"10.77.1.2:2222", "10.77.1.2", "2222"},
                                  {"bastion.example:22", "bastion.example", "22"}};
const Argv kDaemon = {"/venv/bin/python", "-m", "validator_supervisor", "daemon"};
const Argv kValidator = {"docker", "run", "--rm", "--name", "validator-supervisor_validator"};

Argv Tunnel(const std::string& port, const std::string& to) {
  return {"/usr/bin/ssh",
          "-p",
          port,
          "-L",
          "localhost:13000:lighthouse:5052",
          "-R",
          "localhost:8000:/data/rpc.sock",
          to};
}
Argv Shipper(const std::string& node) {
  return {"docker", "run", "--rm", "--name", "validator-supervisor_65_alloy_" + node};
}

Family FamilyOf(const testing::FakeProc& proc) {
  const auto processes = ReadProcesses(proc.Path(), Deadline(5s));
  REQUIRE(processes);
  return FindFamily(*processes, kNodes);
}

TEST_CASE("processes: each of the family is found by its command line") {
  const testing::FakeProc proc;
  proc.Add(65, 1, 10, kDaemon);
  proc.Add(70, 65, 11, Tunnel("2222", "root@10.77.1.2"));
  proc.Add(71, 65, 12, Tunnel("22", "me@bastion.example"));
  proc.Add(72, 65, 13, kValidator);
  proc.Add(73, 65, 14, Shipper("bastion_example"));
  proc.Add(80, 65, 15, {"ssh", "-p", "2222", "root@10.77.1.2", "true"});
  proc.Add(81, 65, 15, {"scp", "-P", "2222", "a", "root@10.77.1.2:b"});
  const Family family = FamilyOf(proc);
  REQUIRE(family.daemon);
  CHECK(family.daemon->pid == 65);
  CHECK(family.daemon->start == testing::FakeProc::kBoot + 10);
  CHECK(family.daemon->cpu_seconds == 200.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  CHECK(family.tunnels[0]->pid == 70);
  CHECK(family.tunnels[1]->pid == 71);
  CHECK(family.validator->pid == 72);
  CHECK_FALSE(family.log_shippers[0]);
  CHECK(family.log_shippers[1]->pid == 73);
  CHECK(family.orphans == 0);
}

TEST_CASE("processes: a tunnel is that of its host and port, without -p of port 22") {
  const auto is = [](const Argv& argv) {
    Process process;
    process.argv = argv;
    return IsTunnel(process, kNodes[1]);
  };
  CHECK(is(Tunnel("22", "bastion.example")));
  CHECK(is({"ssh", "-L", "1:a:1", "-R", "2:b:2", "root@bastion.example"}));
  CHECK_FALSE(is(Tunnel("2222", "root@bastion.example")));
  CHECK_FALSE(is(Tunnel("22", "root@bastion.example.org")));
  CHECK_FALSE(is({"ssh", "root@bastion.example"}));
  CHECK_FALSE(is({"/bin/echo", "-L", "-R", "root@bastion.example"}));
  CHECK_FALSE(is({}));
}

TEST_CASE("processes: the daemon is what runs it, not what starts it") {
  const testing::FakeProc proc;
  Argv sudo = {"sudo", "-u", "validator"};
  sudo.insert(sudo.end(), kDaemon.begin(), kDaemon.end());
  proc.Add(60, 1, 5, sudo);
  proc.Add(65, 60, 10, kDaemon);
  proc.Add(66, 1, 20, {"vim", "/src/validator_supervisor/daemon.py"});
  proc.Add(67, 1, 20, {"sh", "-c", "python -m validator_supervisor daemon"});
  proc.Add(68, 1, 20, {"python", "-m", "validator_supervisor", "setup"});
  CHECK(FamilyOf(proc).daemon->pid == 65);
  proc.Remove(65);
  CHECK(FamilyOf(proc).daemon->pid == 60);
  proc.Remove(60);
  CHECK_FALSE(FamilyOf(proc).daemon);
}

TEST_CASE("processes: what a killed daemon leaves is orphaned, not its successor's") {
  const testing::FakeProc proc;
  proc.Add(70, 1, 11, Tunnel("2222", "root@10.77.1.2"));
  proc.Add(72, 1, 13, kValidator);
  CHECK_FALSE(FamilyOf(proc).daemon);
  CHECK(FamilyOf(proc).orphans == 2);
  CHECK_FALSE(FamilyOf(proc).validator);
  proc.Add(165, 1, 100, kDaemon);
  proc.Add(170, 165, 101, Tunnel("2222", "root@10.77.1.2"));
  const Family family = FamilyOf(proc);
  CHECK(family.orphans == 2);
  CHECK(family.tunnels[0]->pid == 170);
  CHECK_FALSE(family.validator);
}

TEST_CASE("processes: sudo in front of docker is one validator, and the last tunnel counts") {
  const testing::FakeProc proc;
  proc.Add(65, 1, 10, kDaemon);
  Argv sudo = {"sudo"};
  sudo.insert(sudo.end(), kValidator.begin(), kValidator.end());
  proc.Add(72, 65, 13, sudo);
  proc.Add(73, 72, 13, kValidator);
  proc.Add(70, 65, 11, Tunnel("2222", "root@10.77.1.2"));
  proc.Add(74, 65, 50, Tunnel("2222", "root@10.77.1.2"));
  const Family family = FamilyOf(proc);
  CHECK(family.validator);
  CHECK(family.orphans == 0);
  CHECK(family.tunnels[0]->pid == 74);
}

TEST_CASE("processes: what vanishes while it is read is not there, and fails nothing") {
  const testing::FakeProc proc;
  proc.Add(65, 1, 10, kDaemon);
  proc.Add(70, 65, 11, Tunnel("2222", "root@10.77.1.2"), 'Z');  // Ended, and not waited for.
  proc.Add(71, 65, 11, {});                                     // Without a command line.
  std::filesystem::create_directory(proc.Path() + "/72");       // Gone after it was listed.
  std::filesystem::create_directory_symlink("/nonexistent", proc.Path() + "/73");
  proc.Add(74, 65, 11, Tunnel("2222", "root@10.77.1.2"));
  std::filesystem::remove(proc.Path() + "/74/cmdline");  // Gone between two files.
  proc.Add(75, 65, 11, kValidator);
  for (const std::string text : {"", "75", "75 (a", "75 (a)", "75 (a) S", "75 (a) S x y z",
                                 "75 (a) S 65 1 1 0 -1 4194304 100 0 0 0 15"}) {
    CAPTURE(text);
    proc.Write("75/stat", text);
    const Family family = FamilyOf(proc);
    CHECK(family.daemon);
    CHECK_FALSE(family.tunnels[0]);
    CHECK_FALSE(family.validator);
    CHECK(family.orphans == 0);
  }
}

TEST_CASE("processes: a PID that another process has got is that other one") {
  const testing::FakeProc proc;
  proc.Add(65, 1, 10, kDaemon);
  proc.Add(70, 65, 11, Tunnel("2222", "root@10.77.1.2"));
  CHECK(FamilyOf(proc).tunnels[0]->start == testing::FakeProc::kBoot + 11);
  proc.Add(70, 65, 500, Tunnel("2222", "root@10.77.1.2"));
  CHECK(FamilyOf(proc).tunnels[0]->start == testing::FakeProc::kBoot + 500);
  proc.Add(70, 1, 600, {"sleep", "60"});
  CHECK_FALSE(FamilyOf(proc).tunnels[0]);
  // The daemon's PID, now that of another daemon: a child that is older than it is none of its.
  proc.Add(65, 1, 900, kDaemon);
  proc.Add(72, 65, 800, kValidator);
  CHECK_FALSE(FamilyOf(proc).validator);
  CHECK(FamilyOf(proc).orphans == 1);
}

TEST_CASE("processes: parents that go in a circle end") {
  const testing::FakeProc proc;
  proc.Add(65, 66, 10, kDaemon);
  proc.Add(66, 65, 10, kDaemon);
  proc.Add(70, 71, 10, kValidator);
  proc.Add(71, 70, 10, kValidator);
  FamilyOf(proc);
}

TEST_CASE("processes: hidden processes are an error, not an absence") {
  const testing::FakeProc proc;
  proc.Remove(1);
  const auto hidden = ReadProcesses(proc.Path(), Deadline(5s));
  REQUIRE_FALSE(hidden);
  CHECK(hidden.error().what.contains("hidepid"));
  CHECK_FALSE(ReadProcesses(proc.Path() + "/none", Deadline(5s)));
  proc.Write("stat", "cpu 1\n");
  CHECK_FALSE(ReadProcesses(proc.Path(), Deadline(5s)));
}

TEST_CASE("processes: a command line as long as one likes, and this machine's own") {
  const testing::FakeProc proc;
  proc.Add(65, 1, 10, Argv(100'000, "x"));
  CHECK_FALSE(FamilyOf(proc).daemon);
  const auto own = ReadProcesses("/proc", Deadline(5s));
  REQUIRE(own);
  const auto self = own->find(::getpid());
  REQUIRE(self != own->end());
  CHECK(self->second.parent == ::getppid());
  CHECK(self->second.argv[0].contains("supervisor_test"));
  CHECK(self->second.resident_bytes > 1e6);
}

}  // namespace
}  // namespace stakewatch::supervisor
