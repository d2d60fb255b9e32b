#pragma once
// One connection to a PostgreSQL, each step of it under our own deadline: libpq's calls that wait
// do so for ever when a backend is stopped. The only door to libpq.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/deadline.h"
#include "common/result.h"
#include "common/sql/dsn.h"
#include "common/sql/rows.h"

namespace stakewatch {

// Not thread-safe. A connection is read-only, its time zone UTC, its lock_timeout a second, and no
// query of it takes more than one core.
class Database {
 public:
  explicit Database(SqlTarget target);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  bool Connected() const;
  // When the server's certificate ends, in Unix seconds; none without TLS.
  std::optional<std::int64_t> CertificateNotAfter() const;
  // Ends the one there is, if any.
  Result<void> Connect(const Deadline& deadline);
  // One statement, `values` for its $1, $2, …. The server ends it after `within`, which fails as
  // kTimeout and keeps the connection; a second later, or when `deadline` is over, we end the
  // connection. kQueryError is the server's own answer; after kUnreachable there is no connection
  // any more. At most 10,000 rows and 4 MiB.
  Result<SqlRows> Ask(const std::string& statement, std::span<const std::string> values,
                      std::chrono::milliseconds within, const Deadline& deadline);

 private:
  struct Connection;
  Result<void> ConnectBy(const SqlParameters& parameters, const Deadline& deadline);

  SqlTarget target_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace stakewatch
