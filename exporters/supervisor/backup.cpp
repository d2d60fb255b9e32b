#include "exporters/supervisor/backup.h"

#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {
namespace {

// A nonce of 24 bytes, a MAC of 16 and a time of 4.
constexpr std::uint64_t kBackupBytesMin = 44;

}  // namespace

Result<void> ScrapeBackups(const std::vector<BackupPlace>& places, const std::string& pattern,
                           Sheet& sheet) {
  return stakewatch::ScrapeBackups(
      places, {.pattern = pattern, .bytes_min = kBackupBytesMin},
      [&](const std::string& location, const BackupFolder& folder) {
        sheet.Set(kBackupFiles, static_cast<double>(folder.files), location);
        sheet.Set(kBackupEmptyFiles, static_cast<double>(folder.empty), location);
        if (!folder.newest) return;
        sheet.Set(kBackupTime, folder.newest->modified, location);
        sheet.Set(kBackupSize, static_cast<double>(folder.newest->bytes), location);
      });
}

}  // namespace stakewatch::supervisor
