#pragma once
// The process_* metrics that every Prometheus client library tells, of /proc/self.
#include "common/metrics.h"

namespace stakewatch {

inline constexpr auto kProcessCpu =
    Counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
inline constexpr auto kProcessOpenFds =
    Gauge("process_open_fds", "Number of open file descriptors.");
inline constexpr auto kProcessMaxFds =
    Gauge("process_max_fds", "Maximum number of open file descriptors.");
inline constexpr auto kProcessVirtual =
    Gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
inline constexpr auto kProcessResident =
    Gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
inline constexpr auto kProcessThreads = Gauge("process_threads", "Number of threads.");
inline constexpr auto kProcessStart = Gauge(
    "process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.");

inline constexpr auto kProcessMetrics =
    Table(kProcessCpu, kProcessOpenFds, kProcessMaxFds, kProcessVirtual, kProcessResident,
          kProcessThreads, kProcessStart);

// What /proc does not tell is left out.
Families ProcessFamilies();

}  // namespace stakewatch
