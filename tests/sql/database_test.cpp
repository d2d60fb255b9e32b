// The connection to a PostgreSQL, against a real one: what it tells, what it refuses, and that
// nothing of it waits longer than it was given.
#include <signal.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/sql/database.h"
#include "tests/sql/private_postgres.h"

namespace stakewatch {
namespace {

using testing::PrivatePostgres;
using namespace std::chrono_literals;

PrivatePostgres& Server() {
  static PrivatePostgres server;
  return server;
}

Database Connected(const std::string& dsn = Server().Dsn()) {
  auto target = CheckDsn({.dsn = dsn, .password_file = "", .application_name = "sql_test"});
  REQUIRE_MESSAGE(target, target.error());
  return Database(std::move(*target));
}

Result<SqlRows> Ask(Database& database, const std::string& statement,
                    const std::vector<std::string>& values = {}, milliseconds within = 5s) {
  if (!database.Connected()) {
    const auto connected = database.Connect(Deadline(10s));
    if (!connected) return std::unexpected(connected.error());
  }
  return database.Ask(statement, values, within, Deadline(20s));
}

std::string Refusal(const std::string& dsn) {
  const auto target = CheckDsn({.dsn = dsn, .password_file = "", .application_name = ""});
  return target ? "accepted" : target.error();
}

std::string Parameter(const SqlTarget& target, std::string_view keyword) {
  for (const auto& [key, value] : target.parameters) {
    if (key == keyword) return value;
  }
  return "";
}

SqlTarget TargetOf(const std::string& dsn) {
  auto target = CheckDsn({.dsn = dsn, .password_file = "", .application_name = "x"});
  REQUIRE_MESSAGE(target, target.error());
  return std::move(*target);
}

TEST_CASE("a connection string is checked, and never shown") {
  CHECK(Refusal("host=/tmp password=secret") ==
        "a password in it is seen by all; put it into a file");
  CHECK(Refusal("postgresql://u:secret@h/db") ==
        "a password in it is seen by all; put it into a file");
  CHECK(Refusal("host=a,b dbname=x") ==
        "one host is expected; watch each server by an exporter of its own");
  CHECK(Refusal("dbname=x replication=true") == "replication is not for us");
  CHECK(Refusal("nonsense=secret").find("secret") == std::string::npos);
  CHECK(Refusal("nonsense=secret").starts_with("not a connection string"));
}

TEST_CASE("another machine has to show the certificate that names it") {
  const SqlTarget far = TargetOf("host=db.example dbname=x");
  CHECK(far.host == "db.example");
  CHECK(Parameter(far, "sslmode") == "verify-full");
  CHECK(Parameter(far, "sslrootcert") == "/etc/ssl/certs/ca-certificates.crt");
  CHECK(Parameter(TargetOf("host=db.example sslmode=disable"), "sslmode") == "disable");
  CHECK(Parameter(TargetOf("host=db.example sslrootcert=/ca.pem"), "sslrootcert") == "/ca.pem");
  CHECK(Parameter(TargetOf("hostaddr=10.1.2.3"), "sslmode") == "verify-full");
  CHECK(Parameter(TargetOf("host=127.0.0.1"), "sslmode").empty());
  CHECK(Parameter(TargetOf("host=/run/postgresql"), "sslmode").empty());
  CHECK(TargetOf("host=/run/postgresql").host.empty());
}

TEST_CASE("rows, types and values") {
  Database database = Connected();
  const auto rows = Ask(database,
                        "SELECT i, 'a' || i AS name, NULL::float8 AS none, i > 1 AS big "
                        "FROM generate_series(1, $1::int) i",
                        {"3"});
  REQUIRE(rows);
  CHECK(rows->Count() == 3);
  CHECK(rows->columns == std::vector<std::string>{"i", "name", "none", "big"});
  CHECK(rows->numeric == std::vector<bool>{true, false, true, false});
  CHECK(rows->Row(2).Whole("i") == 3);
  CHECK(rows->Row(2).Text("name") == "a3");
  CHECK_FALSE(rows->Row(2).Number("none"));
  CHECK(rows->Row(2).Flag("big") == true);
}

TEST_CASE("a query without rows has its columns") {
  Database database = Connected();
  const auto rows = Ask(database, "SELECT 1 AS one WHERE false");
  REQUIRE(rows);
  CHECK(rows->Count() == 0);
  CHECK(rows->columns == std::vector<std::string>{"one"});
}

TEST_CASE("the session is one that only reads, in UTC") {
  Database database = Connected();
  const auto zone = Ask(database,
                        "SELECT current_setting('timezone') AS zone, "
                        "current_setting('lock_timeout') AS wait");
  REQUIRE(zone);
  CHECK(zone->One().Text("zone") == "UTC");
  CHECK(zone->One().Text("wait") == "1s");
  const auto written = Ask(database, "CREATE TABLE written (i int)");
  REQUIRE_FALSE(written);
  CHECK(written.error().reason == Reason::kQueryError);
  CHECK(written.error().what == "cannot execute CREATE TABLE in a read-only transaction (25006)");
}

TEST_CASE("what the server refuses leaves the connection") {
  Database database = Connected();
  const auto missing = Ask(database, "SELECT no_such_column FROM pg_class");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().reason == Reason::kQueryError);
  CHECK(missing.error().what == "column \"no_such_column\" does not exist (42703)");
  CHECK(database.Connected());
  const auto two = Ask(database, "SELECT 1; SELECT 2");
  REQUIRE_FALSE(two);
  CHECK(two.error().reason == Reason::kQueryError);
  CHECK(Ask(database, "SELECT 1"));
}

TEST_CASE("a query that takes too long is ended by the server, and the connection kept") {
  Database database = Connected();
  const auto slow = Ask(database, "SELECT pg_sleep(30)", {}, 200ms);
  REQUIRE_FALSE(slow);
  CHECK(slow.error().reason == Reason::kTimeout);
  CHECK(slow.error().what == "canceling statement due to statement timeout (57014)");
  CHECK(database.Connected());
  CHECK(Ask(database, "SELECT 1"));
}

std::int64_t BackendOf(Database& database) {
  const auto rows = Ask(database, "SELECT pg_backend_pid() AS pid");
  REQUIRE(rows);
  return *rows->One().Whole("pid");
}

TEST_CASE("a backend that hangs is given up, and the next one answers") {
  Database database = Connected();
  const auto backend = static_cast<pid_t>(BackendOf(database));
  REQUIRE(::kill(backend, SIGSTOP) == 0);
  const auto began = Deadline::Clock::now();
  const auto hung = Ask(database, "SELECT 1", {}, 200ms);
  CHECK(Deadline::Clock::now() - began < 5s);
  REQUIRE_FALSE(hung);
  CHECK(hung.error().reason == Reason::kTimeout);
  CHECK_FALSE(database.Connected());
  CHECK(Ask(database, "SELECT 1"));
  ::kill(backend, SIGCONT);
}

TEST_CASE("a connection that is terminated is gone, and the next one answers") {
  Database database = Connected(), other = Connected();
  const auto backend = BackendOf(database);
  REQUIRE(Ask(other, "SELECT pg_terminate_backend($1::int)", {std::to_string(backend)}));
  const auto lost = Ask(database, "SELECT 1");
  REQUIRE_FALSE(lost);
  CHECK(lost.error().reason == Reason::kUnreachable);
  CHECK_FALSE(database.Connected());
  CHECK(Ask(database, "SELECT 1"));
}

TEST_CASE("an answer has a bound") {
  Database database = Connected();
  const auto many = Ask(database, "SELECT generate_series(1, 100000)");
  REQUIRE_FALSE(many);
  CHECK(many.error().reason == Reason::kBadAnswer);
  CHECK(Ask(database, "SELECT 1"));
  const auto wide = Ask(database, "SELECT repeat('x', 5000000)");
  REQUIRE_FALSE(wide);
  CHECK(wide.error().reason == Reason::kBadAnswer);
  CHECK(Ask(database, "SELECT 1"));
}

TEST_CASE("no server, no such role") {
  Database nobody = Connected("host=/nonexistent dbname=x");
  const auto connected = nobody.Connect(Deadline(5s));
  REQUIRE_FALSE(connected);
  CHECK(connected.error().reason == Reason::kUnreachable);
  Database stranger =
      Connected("host=" + Server().SocketFolder() + " user=stranger dbname=postgres");
  const auto refused = stranger.Connect(Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kQueryError);
  CHECK(refused.error().what.find("role \"stranger\" does not exist") != std::string::npos);
}

TEST_CASE("a stop ends what waits") {
  Database database = Connected();
  REQUIRE(database.Connect(Deadline(5s)));
  std::stop_source stop;
  stop.request_stop();
  const auto began = Deadline::Clock::now();
  const auto stopped =
      database.Ask("SELECT pg_sleep(30)", {}, 30s, Deadline(60s, stop.get_token()));
  CHECK_FALSE(stopped);
  CHECK(Deadline::Clock::now() - began < 5s);
}

}  // namespace
}  // namespace stakewatch
