#pragma once
// The database of one Mina uptime coordinator, and the flags that name it and what it does not
// tell.
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/sql/watch.h"

namespace stakewatch::mina {

struct Settings {
  SqlSettings sql;
  std::chrono::milliseconds interval{std::chrono::minutes(20)};
  std::chrono::milliseconds processing_min{std::chrono::seconds(1)};
  std::chrono::milliseconds processing_max{std::chrono::minutes(15)};
  std::size_t uptime_days = 90;
  std::size_t retention_days = 97;
  std::string coordinator_role = "coordinator";
  std::size_t per_producer_limit = 1000;
  std::string storage = "postgres";  // Or cassandra.
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are.
std::vector<std::string> SourceNames();
// Checks the settings, too.
Checked<std::vector<Source>> Sources(const Settings& settings, OwnMetrics& own);

}  // namespace stakewatch::mina
