#pragma once
// What this exporter tells, in the order of docs/metrics.md. Words are those of Supervisor's
// XML-RPC.
#include "common/metrics.h"

namespace stakewatch::supervisord {

// version: getSupervisorVersion, getAPIVersion, getIdentification.
inline constexpr auto kInfo =
    Gauge("supervisord_info", "1, with the version, API version and identifier of supervisord.",
          "version", "api_version", "identifier");

// state: getState.
inline constexpr auto kState =
    Gauge("supervisord_state",
          "1 for the state that supervisord is in, 0 for the others: RUNNING, FATAL, RESTARTING or "
          "SHUTDOWN.",
          "state");

// processes: getAllProcessInfo.
inline constexpr auto kProcesses =
    Gauge("supervisord_processes", "Processes of the configuration by their state.", "state");
inline constexpr auto kProcessState =
    Gauge("supervisord_process_state",
          "1 for the state that the process is in, 0 for the others: STOPPED, STARTING, RUNNING, "
          "BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN.",
          "group", "name", "state");
inline constexpr auto kProcessUp =
    Gauge("supervisord_process_up", "1 if the process is RUNNING, 0 in every other state.", "group",
          "name");
inline constexpr auto kProcessStartTime = Gauge(
    "supervisord_process_start_time_seconds",
    "When the process was started last, in Unix time; missing if it never was.", "group", "name");
inline constexpr auto kProcessStopTime =
    Gauge("supervisord_process_stop_time_seconds",
          "When the process ended last, in Unix time; missing if it never did.", "group", "name");
inline constexpr auto kProcessExitStatus =
    Gauge("supervisord_process_exit_status",
          "Exit status of a process that is EXITED, -1 if a signal ended it; missing in all other "
          "states, for which supervisord says 0 whatever happened.",
          "group", "name");
inline constexpr auto kProcessSpawnErrorInfo =
    Gauge("supervisord_process_spawn_error_info",
          "1, with what supervisord says of a process that it could not start or keep running.",
          "group", "name", "error");
inline constexpr auto kClockOffset = Gauge(
    "supervisord_clock_offset_seconds",
    "What supervisord takes the time to be, less ours, to a second; missing without processes.");

inline constexpr auto kMetrics =
    Table(kInfo, kState, kProcesses, kProcessState, kProcessUp, kProcessStartTime, kProcessStopTime,
          kProcessExitStatus, kProcessSpawnErrorInfo, kClockOffset);

}  // namespace stakewatch::supervisord
