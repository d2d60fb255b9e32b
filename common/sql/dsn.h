#pragma once
// How to get to a database: libpq's connection string, checked.
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

namespace stakewatch {

struct SqlOptions {
  // A connection string or URI of libpq, without a password; what it leaves out libpq takes from
  // its own places (PGHOST, PGSERVICE, ~/.pgpass).
  std::string dsn;
  std::string password_file;     // Read again for each connection; empty: none.
  std::string application_name;  // In pg_stat_activity.
};

using SqlParameters =
    std::vector<std::pair<std::string, std::string>>;  // libpq's keywords, values.

// Checked once; how to connect.
struct SqlTarget {
  SqlParameters parameters;
  std::string host;  // To be looked up under our deadline; empty: a socket or an address.
  std::string password_file;
};
// Refused: a password in it, several hosts, replication. Without an sslmode the connection to
// another machine is verify-full, by the certificates of the system unless it names others.
Checked<SqlTarget> CheckDsn(const SqlOptions& options);

}  // namespace stakewatch
