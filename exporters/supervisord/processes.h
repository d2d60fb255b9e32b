#pragma once
// Sources of one supervisord: version, state and processes.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics.h"
#include "exporters/supervisord/client.h"

namespace stakewatch::supervisord {

// A state of supervisord or of a process: its code, and its name there.
struct StateRow {
  std::int64_t code;
  std::string_view name;
};

// supervisor/states.py of 4.2.5.
inline constexpr std::array<StateRow, 4> kStates = {
    {{1, "RUNNING"}, {2, "FATAL"}, {0, "RESTARTING"}, {-1, "SHUTDOWN"}}};
inline constexpr std::array<StateRow, 8> kProcessStates = {{{0, "STOPPED"},
                                                            {10, "STARTING"},
                                                            {20, "RUNNING"},
                                                            {30, "BACKOFF"},
                                                            {40, "STOPPING"},
                                                            {100, "EXITED"},
                                                            {200, "FATAL"},
                                                            {1000, "UNKNOWN"}}};

// What getAllProcessInfo tells of one process.
struct Process {
  std::string group, name;
  std::string_view state;  // One of kProcessStates; UNKNOWN for a code that is none of them.
  std::int64_t start = 0;  // Unix seconds; 0: never.
  std::int64_t stop = 0;
  std::int64_t now = 0;
  std::int64_t exit_status = 0;
  std::string spawn_error;  // Empty: none.
};

Result<std::string> ParseText(const std::string& answer);
Result<std::int64_t> ParseState(const std::string& answer);  // The code.
Result<std::vector<Process>> ParseProcesses(const std::string& answer);

Result<void> ScrapeVersion(const Client& client, const Deadline& deadline, Sheet& sheet);
Result<void> ScrapeState(const Client& client, const Deadline& deadline, Sheet& sheet);
// `now` in Unix seconds.
Result<void> ScrapeProcesses(const Client& client, const Deadline& deadline, double now,
                             Sheet& sheet);

}  // namespace stakewatch::supervisord
