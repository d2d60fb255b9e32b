#include "common/sql/database.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <libpq-fe.h>

#include "common/net/client_tls.h"
#include "common/net/lookup.h"
#include "common/net/net.h"
#include "common/secrets.h"
#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::size_t kRowsMax = 10'000;
constexpr std::size_t kBytesMax = 4U << 20;
// What the server has beyond its own time-out to say so.
constexpr milliseconds kGrace{1000};
// Nothing of ours writes, waits for a lock that somebody holds, takes a second core, or compiles
// for longer than it runs.
constexpr const char* kSession =
    "SET timezone = 'UTC'; SET default_transaction_read_only = on; SET lock_timeout = '1s'; "
    "SET idle_in_transaction_session_timeout = '10s'; SET max_parallel_workers_per_gather = 0; "
    "SET jit = off";

struct FreeConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct FreeAnswer {
  void operator()(PGresult* answer) const { PQclear(answer); }
};
using Answer = std::unique_ptr<PGresult, FreeAnswer>;

std::string OneLine(const char* text) {
  std::string line = CleanText(text == nullptr ? "" : text, 300);
  std::ranges::replace(line, '\n', ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '?')) line.pop_back();
  return line;
}

// Of the server's own answer.
Error ErrorOf(const PGresult* answer, PGconn* connection) {
  const char* const state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  const char* const message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  std::string what = OneLine(message == nullptr ? PQresultErrorMessage(answer) : message);
  if (!code.empty()) what += " (" + std::string(code) + ")";
  // statement_timeout and lock_timeout.
  if (code == "57014" || code == "55P03") return {Reason::kTimeout, std::move(what)};
  const bool lost =
      PQstatus(connection) == CONNECTION_BAD || code.starts_with("08") || code.starts_with("57P");
  return {lost ? Reason::kUnreachable : Reason::kQueryError, std::move(what)};
}

// Of an integer or a number with a fraction, by the ids of pg_type.
bool IsNumeric(Oid type) {
  constexpr std::array<Oid, 7> kTypes = {20, 21, 23, 26, 700, 701, 1700};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

}  // namespace

struct Database::Connection {
  std::unique_ptr<PGconn, FreeConnection> pq;
  std::optional<milliseconds> statement_timeout;  // As the server was told.

  Result<void> Establish(const Deadline& deadline);
  // Until what was sent is sent and the next result is whole.
  Result<void> Wait(const Deadline& deadline);
  // Of one or more statements without rows.
  Result<void> Run(const std::string& statements, const Deadline& deadline);
  Result<SqlRows> Read(const Deadline& deadline);

  std::unexpected<Error> Lost() const {
    return Fail(Reason::kUnreachable, OneLine(PQerrorMessage(pq.get())));
  }
};

Result<void> Database::Connection::Establish(const Deadline& deadline) {
  if (!pq) return Fail(Reason::kUnreachable, "out of memory");
  if (PQstatus(pq.get()) == CONNECTION_BAD) return Lost();
  ConnStatusType reached = CONNECTION_STARTED;
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!WaitFor(PQsocket(pq.get()), events, deadline)) {
      return Fail(Reason::kTimeout, "no connection in time");
    }
    next = PQconnectPoll(pq.get());
    if (next == PGRES_POLLING_FAILED) {
      const std::string what = OneLine(PQerrorMessage(pq.get()));
      if (reached == CONNECTION_SSL_STARTUP) return Fail(Reason::kTls, what);
      // From then on it is the server that refuses: no such role, a wrong password, no place left.
      const bool refused = reached == CONNECTION_AWAITING_RESPONSE &&
                           what.find("server closed the connection") == std::string::npos;
      return Fail(refused ? Reason::kQueryError : Reason::kUnreachable, what);
    }
    reached = PQstatus(pq.get());
  }
  PQsetnonblocking(pq.get(), 1);
  return {};
}

Result<void> Database::Connection::Wait(const Deadline& deadline) {
  for (;;) {
    const int unsent = PQflush(pq.get());
    if (unsent < 0) return Lost();
    if (unsent == 0 && PQisBusy(pq.get()) == 0) return {};
    const short events = unsent == 0 ? POLLIN : POLLIN | POLLOUT;
    if (!WaitFor(PQsocket(pq.get()), events, deadline)) {
      return Fail(Reason::kTimeout, "no answer in time");
    }
    if (PQconsumeInput(pq.get()) == 0) return Lost();
  }
}

Result<void> Database::Connection::Run(const std::string& statements, const Deadline& deadline) {
  if (PQsendQuery(pq.get(), statements.c_str()) == 0) return Lost();
  std::optional<Error> error;
  for (;;) {
    if (auto waited = Wait(deadline); !waited) return waited;
    const Answer answer(PQgetResult(pq.get()));
    if (!answer) break;
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK && !error) {
      error = ErrorOf(answer.get(), pq.get());
    }
  }
  if (error) return std::unexpected(std::move(*error));
  return {};
}

Result<SqlRows> Database::Connection::Read(const Deadline& deadline) {
  SqlRows rows;
  std::size_t bytes = 0;
  std::optional<Error> error;
  for (;;) {
    if (auto waited = Wait(deadline); !waited) return std::unexpected(std::move(waited).error());
    const Answer answer(PQgetResult(pq.get()));
    if (!answer) break;
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
      if (!error) error = ErrorOf(answer.get(), pq.get());
      continue;
    }
    const int columns = PQnfields(answer.get());
    if (rows.columns.empty()) {
      for (int i = 0; i < columns; ++i) {
        rows.columns.emplace_back(PQfname(answer.get(), i));
        rows.numeric.push_back(IsNumeric(PQftype(answer.get(), i)));
      }
    }
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
      SqlCells cells;
      for (int i = 0; i < columns; ++i) {
        if (PQgetisnull(answer.get(), row, i) == 1) {
          cells.emplace_back();
          continue;
        }
        const int length = PQgetlength(answer.get(), row, i);
        bytes += static_cast<std::size_t>(length);
        cells.emplace_back(
            std::string(PQgetvalue(answer.get(), row, i), static_cast<std::size_t>(length)));
      }
      rows.cells.push_back(std::move(cells));
    }
    if (rows.Count() > kRowsMax || bytes > kBytesMax) {
      return Fail(Reason::kBadAnswer, "more than 10000 rows or 4 MiB");
    }
  }
  if (error) return std::unexpected(std::move(*error));
  return rows;
}

Database::Database(SqlTarget target) : target_(std::move(target)) {}
Database::~Database() = default;

bool Database::Connected() const {
  return connection_ != nullptr;
}

std::optional<std::int64_t> Database::CertificateNotAfter() const {
  if (!connection_) return std::nullopt;
  auto* const ssl = static_cast<SSL*>(PQsslStruct(connection_->pq.get(), "OpenSSL"));
  return ssl == nullptr ? std::nullopt : NotAfter(SSL_get0_peer_certificate(ssl));
}

Result<void> Database::Connect(const Deadline& deadline) {
  connection_.reset();
  auto parameters = target_.parameters;
  if (!target_.password_file.empty()) {
    auto secret = ReadSecret(target_.password_file);
    if (!secret) return Fail(Reason::kQueryError, secret.error());
    parameters.emplace_back("password", std::move(*secret));
  }
  if (target_.host.empty()) return ConnectBy(parameters, deadline);
  const auto addresses = Lookup(target_.host).Wait(deadline);
  if (!addresses) return std::unexpected(addresses.error());
  Result<void> last = Fail(Reason::kUnreachable, "no address of " + target_.host);
  std::size_t left = addresses->size();
  for (const std::string& address : *addresses) {
    parameters.emplace_back("hostaddr", address);
    // An address that swallows packets leaves time for the next one.
    last = ConnectBy(parameters, deadline.Within(deadline.Left() / static_cast<long>(left--)));
    parameters.pop_back();
    // Whoever has answered is the one.
    if (last || last.error().reason == Reason::kQueryError) return last;
  }
  return last;
}

Result<void> Database::ConnectBy(const SqlParameters& parameters, const Deadline& deadline) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  auto connection = std::make_unique<Connection>();
  connection->pq.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (auto established = connection->Establish(deadline); !established) return established;
  if (auto set = connection->Run(kSession, deadline); !set) return set;
  connection_ = std::move(connection);
  return {};
}

Result<SqlRows> Database::Ask(const std::string& statement, std::span<const std::string> values,
                              milliseconds within, const Deadline& deadline) {
  if (!connection_) return Fail(Reason::kUnreachable, "no connection");
  const Deadline patience = deadline.Within(within + kGrace);
  auto asked = [&]() -> Result<SqlRows> {
    if (connection_->statement_timeout != within) {
      const auto set =
          connection_->Run("SET statement_timeout = " + std::to_string(within.count()), patience);
      if (!set) return std::unexpected(set.error());
      connection_->statement_timeout = within;
    }
    std::vector<const char*> texts;
    for (const std::string& value : values) texts.push_back(value.c_str());
    PGconn* const pq = connection_->pq.get();
    if (PQsendQueryParams(pq, statement.c_str(), static_cast<int>(texts.size()), nullptr,
                          texts.data(), nullptr, nullptr, 0) == 0) {
      return connection_->Lost();
    }
    PQsetSingleRowMode(pq);
    return connection_->Read(patience);
  }();
  // What is still under way on it would be taken for the next query's answer.
  const bool idle = PQtransactionStatus(connection_->pq.get()) == PQTRANS_IDLE;
  if (!asked && (!idle || asked.error().reason == Reason::kUnreachable)) connection_.reset();
  return asked;
}

}  // namespace stakewatch
