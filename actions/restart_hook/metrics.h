#pragma once
// What restart_hook tells of itself, in the order of docs/metrics.md.
#include "common/metrics.h"

namespace stakewatch::restart_hook {

inline constexpr auto kDryRunGauge =
    Gauge("restart_hook_dry_run", "1 if nothing is restarted, only said; 0 if it is.");
inline constexpr auto kLastNotification =
    Gauge("restart_hook_last_notification_timestamp_seconds",
          "When the last notification came that could be read, in Unix time; 0 before the first.");
inline constexpr auto kUnreadable =
    Counter("restart_hook_unreadable_notifications_total",
            "Notifications that could not be read; after one, nothing is restarted until all that "
            "fires must have been said again.");
inline constexpr auto kDecisions =
    Counter("restart_hook_decisions_total",
            "Decisions about a target, one for each notification that names it and one whenever "
            "the reason changes: restart or refuse, and why.",
            "group", "target", "decision", "reason");
inline constexpr auto kRestarts =
    Counter("restart_hook_restarts_total", "Restarts that were begun, by how they ended.", "group",
            "target", "result");
inline constexpr auto kLastRestart = Gauge(
    "restart_hook_last_restart_timestamp_seconds",
    "When the last restart of the target was begun, in Unix time; 0 if none is known of the last "
    "day.",
    "group", "target");
inline constexpr auto kUnfinishedGauge =
    Gauge("restart_hook_unfinished",
          "1 from the stop of the program until it is seen to run again: while it lasts, a person "
          "may have to start it.",
          "group", "target");
inline constexpr auto kDoubtfulGauge =
    Gauge("restart_hook_reference_doubtful",
          "1 while an alert fires that puts the group's reference in doubt.", "group");

inline constexpr auto kMetrics = Table(kDryRunGauge, kLastNotification, kUnreadable, kDecisions,
                                       kRestarts, kLastRestart, kUnfinishedGauge, kDoubtfulGauge);

}  // namespace stakewatch::restart_hook
