#pragma once
// The source `backup`, of any exporter: what stat tells of a folder of backups, and what a listing
// says of the copies elsewhere. No backup is opened.
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/backup_folder.h"
#include "common/flags.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"

namespace stakewatch {

struct BackupPlace {
  std::string location;  // Of the label.
  std::string folder;
};

// Tells of each place that can be listed; the first that cannot is the error.
using TellBackups = std::function<void(const std::string& location, const BackupFolder& found)>;
Result<void> ScrapeBackups(const std::vector<BackupPlace>& places, const BackupNames& names,
                           const TellBackups& tell);

// Copies elsewhere, by a file that a cron job writes: for each of them a line with the Unix time of
// its last change, its size in bytes and its name, with spaces between. What does not match
// `names`, by the last part of its path, is left out, and so are empty lines.
Checked<BackupFolder> ParseBackupListing(std::string_view text, const BackupNames& names);

struct BackupSettings {
  std::string folder;                 // Empty: not looked at.
  std::string names;                  // Of backups, as the shell writes it.
  std::size_t keep_last = 0;          // What the rotation leaves; 0: not known.
  std::vector<std::string> listings;  // [location=]path.
};
// --backup.folder, --backup.names, --backup.keep-last, --backup.offsite-listing. The variables hold
// the defaults.
void DeclareBackupFlags(Flags& flags, BackupSettings& settings);

// What each exporter declares for it, all gauges.
struct BackupMetrics {
  const Metric<1>& newest;   // <…>_backup_newest_nonempty_timestamp_seconds{location}
  const Metric<1>& size;     // <…>_backup_newest_size_bytes{location}
  const Metric<2>& files;    // <…>_backup_files{location,kind}: ok, empty.
  const Metric<0>& keep;     // <…>_backup_keep_last
  const Metric<1>& listing;  // <…>_backup_listing_timestamp_seconds{location}
};
// None when nothing is to be looked at. Checks the settings.
Checked<std::optional<Source>> BackupSource(const BackupSettings& settings,
                                            const BackupMetrics& metrics);

}  // namespace stakewatch
