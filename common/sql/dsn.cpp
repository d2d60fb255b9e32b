#include "common/sql/dsn.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

#include "common/secrets.h"

namespace stakewatch {
namespace {

constexpr std::string_view kSystemCertificates = "/etc/ssl/certs/ca-certificates.crt";

struct FreeParameters {
  void operator()(PQconninfoOption* parameters) const { PQconninfoFree(parameters); }
};
using Parameters = std::unique_ptr<PQconninfoOption, FreeParameters>;

using Given = std::map<std::string, std::string, std::less<>>;

Given ValuesOf(const PQconninfoOption* parameters) {
  Given given;
  for (; parameters != nullptr && parameters->keyword != nullptr; ++parameters) {
    if (parameters->val != nullptr && *parameters->val != '\0') {
      given[parameters->keyword] = parameters->val;
    }
  }
  return given;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool IsSocketPath(std::string_view host) {
  return host.starts_with('/') || host.starts_with('@');
}

// Without an sslmode, what is sent to another machine is only for the server that a certificate
// names; libpq itself would take what it gets.
void AddTls(Given& given, std::string_view where) {
  const auto from_outside = [](const char* variable) { return std::getenv(variable) != nullptr; };
  if (!given.contains("sslmode") && !from_outside("PGSSLMODE") && !where.empty() &&
      !IsSocketPath(where) && !IsLoopback(where)) {
    given["sslmode"] = "verify-full";
  }
  const auto mode = given.find("sslmode");
  if (mode != given.end() && mode->second.starts_with("verify-") &&
      !given.contains("sslrootcert") && !from_outside("PGSSLROOTCERT")) {
    given["sslrootcert"] = kSystemCertificates;
  }
}

}  // namespace

Checked<SqlTarget> CheckDsn(const SqlOptions& options) {
  char* message = nullptr;
  const Parameters parsed(PQconninfoParse(options.dsn.c_str(), &message));
  if (!parsed) {
    // What libpq says may quote what it was given, and that may be a password.
    PQfreemem(message);
    return std::unexpected("not a connection string of libpq, as host=/run/postgresql dbname=name");
  }
  Given given = ValuesOf(parsed.get());
  if (given.contains("password")) {
    return std::unexpected("a password in it is seen by all; put it into a file");
  }
  for (const char* const refused : {"replication", "service"}) {
    if (given.contains(refused)) return std::unexpected(std::string(refused) + " is not for us");
  }
  const Parameters standard(PQconndefaults());
  const Given defaults = ValuesOf(standard.get());
  const auto of = [&](const char* keyword) {
    if (const auto at = given.find(keyword); at != given.end()) return at->second;
    const auto at = defaults.find(keyword);
    return at == defaults.end() ? std::string() : at->second;
  };
  SqlTarget target;
  const std::string host = of("host"), address = of("hostaddr");
  if ((host + address + of("port")).find(',') != std::string::npos) {
    return std::unexpected("one host is expected; watch each server by an exporter of its own");
  }
  if (address.empty() && !IsSocketPath(host)) target.host = host;
  AddTls(given, address.empty() ? host : address);
  given.try_emplace("gssencmode", "disable");
  given.try_emplace("client_encoding", "UTF8");
  given.try_emplace("tcp_user_timeout", "10000");
  given.try_emplace("keepalives_idle", "30");
  given.try_emplace("fallback_application_name", options.application_name);
  target.parameters.assign(given.begin(), given.end());
  target.password_file = options.password_file;
  if (!target.password_file.empty()) {
    if (const auto secret = ReadSecret(target.password_file); !secret) {
      return std::unexpected(secret.error());
    }
  }
  return target;
}

}  // namespace stakewatch
