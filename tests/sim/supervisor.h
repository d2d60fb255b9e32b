#pragma once
// A validator supervisor with two bastions, as its daemon of 2026-03 answers over its RPC; what is
// true of it besides: tunnels, and processes in a folder like /proc.
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "tests/sim/faults.h"

namespace stakewatch::sim {

inline constexpr std::string_view kSupervisorUser = "exporter";
inline constexpr std::string_view kSupervisorKey = "ffeeddccbbaa99887766554433221100";
inline constexpr std::array<std::string_view, 2> kBastions = {"10.77.1.2", "10.77.2.2"};
inline constexpr std::size_t kSupervisorLineMax = 65536;

// A row of the table "what health says and what is true".
struct Reality {
  enum class Tunnel { kUp, kDown, kSilent };

  std::string_view name;
  bool unlocked = true, supervised = true;
  int connected = 0;  // Which bastion health names; -1: none.
  bool validator = true;
  std::array<Tunnel, kBastions.size()> tunnels = {};
};
// By the fault `reality`, running without it. When the daemon is stopped, its tunnels are down.
Reality RealityOf(const FaultSet& faults);

// What one connection knows.
struct SupervisorSession {
  std::string challenge;
  bool authenticated = false;
};

// The answer to one line, without its line break; empty: the connection is closed. `method` is what
// it asked for.
std::string AnswerSupervisor(const FaultSet& faults, std::string_view line,
                             SupervisorSession& session, std::string& method);

// HTTP through a tunnel: `service` 0 the beacon node, 1 Loki.
std::string AnswerForward(int service);

// A folder like /proc with the daemon, its tunnels, the validator and the log collectors.
class Procfs {
 public:
  explicit Procfs(std::string folder);
  void Follow(const FaultSet& faults, double now);

 private:
  void Write(int pid, int parent, const std::string& arguments, double now);
  void Remove(int pid);

  std::string folder_;
  std::map<int, double> started_;  // By PID.
};

}  // namespace stakewatch::sim
