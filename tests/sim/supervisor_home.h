#pragma once
// What the simulated validator supervisor leaves on its disk: backups in data/, its log in
// logs/supervisor.log, and beside them an export of its slashing protection.
#include <array>
#include <string>

#include "tests/sim/supervisor.h"

namespace stakewatch::sim {

class SupervisorHome {
 public:
  explicit SupervisorHome(std::string folder);
  // Logs what has changed since the last time, in the daemon's words; a validator that stops leaves
  // a backup, which goes to the bastions with a tunnel. A daemon that was killed says nothing.
  void Follow(const FaultSet& faults);

 private:
  void Log(const std::string& line) const;
  void Backup(const Reality& reality) const;

  std::string folder_;
  std::array<bool, kBastions.size()> tunnels_ = {};  // At the last time.
  bool validator_ = false;
};

}  // namespace stakewatch::sim
