#pragma once
// The sources of one ComputeHorde validator, and the flags that say where they are.
#include <string>
#include <vector>

#include "common/backup.h"
#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/redis.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/sql/watch.h"

namespace stakewatch::computehorde {

struct Settings {
  SqlSettings sql;
  bool serving_default = true;
  RedisOptions redis;  // Without a URL it is not asked.
  std::vector<std::string> queues;
  BackupSettings backup{
      .folder = {}, .names = "db_dump_*.Fc.dump.zstd", .keep_last = 0, .listings = {}};
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
// Checks the settings, too. Connects to nothing.
Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own);

}  // namespace stakewatch::computehorde
