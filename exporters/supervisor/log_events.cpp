#include "exporters/supervisor/log_events.h"

#include <algorithm>

namespace stakewatch::supervisor {
namespace {

// Where the name of a bastion stands in a text.
enum class Named { kNowhere, kNext };

struct Pattern {
  std::string_view logger;  // Below validator_supervisor.
  std::string_view begin;   // Of the text.
  std::string_view end;     // What the text ends with, if anything.
  Event event;
  Named named = Named::kNowhere;  // kNext: the bastion follows the beginning.
};

// The first that fits counts. A process is the validator, an SSH tunnel or an Alloy.
constexpr Pattern kPatterns[] = {
    {"ssh", "Connected to ", "", Event::kTunnelConnected, Named::kNext},
    {"ssh", "Unexpectedly disconnected from ", "", Event::kTunnelLost, Named::kNext},
    {"ssh", "Disconnected from ", "", Event::kTunnelClosed, Named::kNext},
    {"subprocess", "Supervised process SSH tunnel to ", " exited", Event::kTunnelExited,
     Named::kNext},
    {"subprocess", "Started supervised process validator", "validator", Event::kValidatorStarted},
    {"subprocess", "Supervised process validator exited", "exited", Event::kValidatorExited},
    {"subprocess", "Started supervised process Alloy to ", "", Event::kLogShipperStarted,
     Named::kNext},
    {"subprocess", "Supervised process Alloy to ", " exited", Event::kLogShipperExited,
     Named::kNext},
    {"subprocess", "Error starting supervised process SSH tunnel to ", "", Event::kStartError,
     Named::kNext},
    {"subprocess", "Error starting supervised process Alloy to ", "", Event::kStartError,
     Named::kNext},
    {"subprocess", "Error starting supervised process ", "", Event::kStartError},
    {"subprocess", "Stopping ", " due to failing health checks", Event::kHealthStop},
    {"subprocess", "Did not terminate after another 10 seconds, sending SIGKILL", "",
     Event::kForcedKill},
    {"validators.base", "No healthy beacon nodes found", "", Event::kNoBeacon},
    {"backup_archive", "Wrote backup to ", "", Event::kBackupSaved},
    {"supervisor", "Loading backup from ", "", Event::kBackupLoaded},
    {"supervisor", "Uploaded scp backup to ", "", Event::kBackupUploadOk, Named::kNext},
    {"supervisor", "Failed to upload scp backup to ", "", Event::kBackupUploadFailed, Named::kNext},
    {"supervisor", "Failed to download scp backup from ", "", Event::kBackupDownloadFailed,
     Named::kNext},
    {"supervisor", "On disk backup is corrupt!", "", Event::kBackupCorrupt},
    {"supervisor", "Backup archive on node ", " is corrupt!", Event::kBackupCorrupt, Named::kNext},
    {"supervisor", "Could not find any valid backups", "", Event::kNoBackup},
    {"supervisor", "Executing shutdown to shut down the host", "", Event::kHostShutdown},
};

// Takes the first word off, and the spaces behind it.
std::string_view TakeWord(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return word;
}

}  // namespace

std::optional<LogEvent> ParseLogLine(std::string_view line) {
  constexpr std::string_view kPackage = "validator_supervisor.";
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view level = TakeWord(line);
  if (level != "DEBUG" && level != "INFO" && level != "WARNING" && level != "ERROR") {
    return std::nullopt;
  }
  std::string_view logger = TakeWord(line);
  if (!logger.starts_with(kPackage)) return std::nullopt;
  logger.remove_prefix(kPackage.size());
  for (const Pattern& pattern : kPatterns) {
    if (logger != pattern.logger || !line.starts_with(pattern.begin) ||
        !line.ends_with(pattern.end)) {
      continue;
    }
    if (pattern.named == Named::kNowhere) return LogEvent{pattern.event, {}};
    std::string_view rest = line.substr(pattern.begin.size());
    rest = rest.substr(0, rest.find(' '));
    if (rest.ends_with(',')) rest.remove_suffix(1);
    // An error ends the name by a colon: "Error starting supervised process Alloy to h: …".
    if (rest.ends_with(':')) rest.remove_suffix(1);
    rest.remove_prefix(rest.find('@') + 1);  // The user; nothing where there is none.
    return LogEvent{pattern.event, rest};
  }
  return std::nullopt;
}

}  // namespace stakewatch::supervisor
