#pragma once
// The three things that are said to supervisord about one program. Two of them write: this is the
// only place of the suite that can, and no exporter links it.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actions/restart_hook/config.h"
#include "actions/restart_hook/decide.h"
#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch::restart_hook {

// Supervisor's faults.
inline constexpr int kFaultShutdownState = 6;
inline constexpr int kFaultAlreadyStarted = 60;

// An error of the reason kRpcError is a fault: supervisord's own no. After any other, whether it
// has heard us is unknown.
class Supervisor {
 public:
  virtual ~Supervisor() = default;
  virtual Result<Process> Look() const = 0;
  // Asks for the end of the program, without waiting for it.
  virtual Result<void> Stop() const = 0;
  virtual Result<void> Start() const = 0;
  // Whether the process has children, as far as that can be seen: on this machine. Supervisor ends
  // but the process that it has started; what that has started itself may run on, and then there
  // would be two.
  virtual bool HasChildren(const Process& process) const = 0;
};

using Supervisors = std::function<std::unique_ptr<const Supervisor>(const Target&)>;

// Each question on a connection of its own: one that is kept may have been closed just then, and
// HttpUpstream would ask once more, which is no way to stop or start anything.
std::unique_ptr<const Supervisor> SupervisorOf(const Target& target);

// Of getProcessInfo.
Result<Process> ParseProcess(const std::string& answer);
// Of stopProcess and startProcess.
Result<void> ParseYes(const std::string& answer);

}  // namespace stakewatch::restart_hook
