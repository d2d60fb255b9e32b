#pragma once
// The lines of supervisor.log that say what happened, in the daemon's own words: DEBUG to ERROR,
// the logger's name, the text. What others can put into a line (a request, a path) is never looked
// at.
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace stakewatch::supervisor {

enum class Event {
  kTunnelConnected,
  kTunnelLost,
  kTunnelClosed,
  kTunnelExited,
  kValidatorStarted,
  kValidatorExited,
  kLogShipperStarted,
  kLogShipperExited,
  kStartError,
  kHealthStop,
  kForcedKill,
  kNoBeacon,
  kBackupSaved,
  kBackupLoaded,
  kBackupUploadOk,
  kBackupUploadFailed,
  kBackupDownloadFailed,
  kBackupCorrupt,
  kNoBackup,
  kHostShutdown,
};

// In the order of Event: values of the label `event`.
inline constexpr std::array<std::string_view, 20> kEventNames = {
    "tunnel_connected",       "tunnel_lost",      "tunnel_closed",       "tunnel_exited",
    "validator_started",      "validator_exited", "log_shipper_started", "log_shipper_exited",
    "process_start_error",    "health_stop",      "forced_kill",         "no_beacon",
    "backup_saved",           "backup_loaded",    "backup_upload_ok",    "backup_upload_failed",
    "backup_download_failed", "backup_corrupt",   "no_backup",           "host_shutdown"};

constexpr std::string_view NameOf(Event event) {
  return kEventNames[static_cast<std::size_t>(event)];
}

struct LogEvent {
  Event event;
  // Of the bastion, as the line has it: host:port, or the host alone; empty where it names none.
  std::string_view address;

  bool operator==(const LogEvent&) const = default;
};

// One line without its end; any bytes. None for a line that says none of these.
std::optional<LogEvent> ParseLogLine(std::string_view line);

}  // namespace stakewatch::supervisor
