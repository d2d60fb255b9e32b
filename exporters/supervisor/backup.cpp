#include "exporters/supervisor/backup.h"

#include <optional>

#include "common/backup_folder.h"
#include "exporters/supervisor/metrics_host.h"

namespace stakewatch::supervisor {
namespace {

// A nonce of 24 bytes, a MAC of 16 and a time of 4.
constexpr std::uint64_t kBackupBytesMin = 44;

}  // namespace

Result<void> ScrapeBackups(const std::vector<BackupPlace>& places, const std::string& pattern,
                           Sheet& sheet) {
  std::optional<std::string> error;
  for (const auto& [location, path] : places) {
    const auto folder = ReadBackupFolder(path, {.pattern = pattern, .bytes_min = kBackupBytesMin});
    if (!folder) {
      if (!error) error = folder.error();
      continue;
    }
    sheet.Set(kBackupFiles, static_cast<double>(folder->files), location);
    sheet.Set(kBackupEmptyFiles, static_cast<double>(folder->empty), location);
    const auto& newest = folder->newest;
    if (!newest) continue;
    sheet.Set(kBackupTime, newest->modified, location);
    sheet.Set(kBackupSize, static_cast<double>(newest->bytes), location);
  }
  if (error) return Fail(Reason::kUnreachable, *error);
  return {};
}

}  // namespace stakewatch::supervisor
