#pragma once
// The flags of an exporter that asks a database.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.h"
#include "common/result.h"
#include "common/sql/dsn.h"
#include "common/sql/query_file.h"

namespace stakewatch {

// --<prefix>.dsn, --<prefix>.password-file, --sql.extra, --sql.disable.
struct SqlSettings {
  SqlOptions database;
  std::string extra_file;
  std::vector<std::string> disabled;
  std::chrono::milliseconds look{5000};  // How often one looks whether the database is there.
};
void DeclareSqlFlags(Flags& flags, std::string_view prefix, SqlSettings& settings);
// The queries of --sql.extra, none without one. An error names the flag.
Checked<std::vector<SqlQuery>> ExtraQueries(const std::string& path);

}  // namespace stakewatch
