#pragma once
// A daemon that repeats a recorded conversation, byte for byte, and a /proc made of a process list.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/common/raw_server.h"
#include "tests/testing.h"

namespace stakewatch::testing {

// Lines of "> sent" and "< answered". What it is asked must be what was asked then.
class Replay {
 public:
  Replay(const std::string& socket, const std::string& exchange_file)
      : lines_(Lines(ReadFile(exchange_file))),
        server_(RawServer::ListenUnix(socket), [this](RawPeer& peer) { Answer(peer); }) {}

  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

 private:
  void Answer(RawPeer& peer) const {
    for (std::size_t i = 0; i + 1 < lines_.size(); i += 2) {
      const std::string asked = peer.ReadLine();
      if (asked.empty()) return;
      CHECK("> " + asked == lines_[i] + "\n");
      if ("> " + asked != lines_[i] + "\n") return;
      peer.Send(lines_[i + 1].substr(2) + "\n");
    }
    peer.AwaitGone();
  }

  const std::vector<std::string> lines_;
  RawServer server_;
};

// A folder like /proc: booted at 1795240000, with ticks of 10 ms.
class FakeProc {
 public:
  static constexpr double kBoot = 1'795'240'000;

  FakeProc() {
    Write("stat", "cpu  1 2 3\nbtime 1795240000\nprocesses 100\n");
    Add(1, 0, 0, {"/sbin/init"});
  }
  const std::string& Path() const { return folder_.Path(); }

  // `start` in seconds after the boot.
  void Add(int pid, int parent, double start, const std::vector<std::string>& argv,
           char state = 'S') const {
    std::filesystem::create_directories(Path() + "/" + std::to_string(pid));
    const std::string ticks = std::to_string(static_cast<long>(start * 100));
    Write(std::to_string(pid) + "/stat",
          std::to_string(pid) + " (a) b (c) " + state + " " + std::to_string(parent) +
              " 1 1 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 " + ticks +
              " 9000000 256 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n");
    std::string line;
    for (const std::string& argument : argv) line += argument + '\0';
    Write(std::to_string(pid) + "/cmdline", line);
  }
  void Remove(int pid) const { std::filesystem::remove_all(Path() + "/" + std::to_string(pid)); }
  // "PID parent age command line" each, as recorded `now` seconds after the boot.
  void AddAll(const std::string& file, double now) const {
    for (const std::string& line : Replay::Lines(ReadFile(file))) {
      std::istringstream words(line);
      int pid = 0, parent = 0;
      double age = 0;
      words >> pid >> parent >> age;
      std::vector<std::string> argv;
      for (std::string word; words >> word;) argv.push_back(word);
      Add(pid, parent, now - age, argv);
    }
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path() + "/" + name, std::ios::binary) << text;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace stakewatch::testing
