#pragma once
// The source backup: what stat tells of the daemon's backups, here and where they are uploaded to.
#include <string>
#include <vector>

#include "common/backup.h"
#include "common/metrics.h"
#include "common/result.h"

namespace stakewatch::supervisor {

// Tells of each place that can be listed; the first that cannot is the error.
Result<void> ScrapeBackups(const std::vector<BackupPlace>& places, const std::string& pattern,
                           Sheet& sheet);

}  // namespace stakewatch::supervisor
