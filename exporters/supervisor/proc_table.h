#pragma once
// The processes of the host, as /proc tells them: read afresh each time, so that a PID that another
// process has got is that other one.
#include <map>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch::supervisor {

struct Process {
  int pid = 0;
  int parent = 0;
  std::vector<std::string> argv;
  double start = 0;  // Unix seconds.
  double cpu_seconds = 0;
  double resident_bytes = 0;
};
using Processes = std::map<int, Process>;  // By PID.

// Of `root` (/proc). What ends while it is read, is a zombie or has no command line (kernel
// threads) is left out. An error when the processes of other users are hidden.
Result<Processes> ReadProcesses(const std::string& root, const Deadline& deadline);

// proc(5): the text of <pid>/stat, without its PID and name; false if it is none, or of a zombie.
// `boot` in Unix seconds.
bool ParseStat(const std::string& text, double boot, Process& process);
// <pid>/cmdline: arguments that end in NUL.
std::vector<std::string> ParseCommandLine(const std::string& text);

}  // namespace stakewatch::supervisor
