// TLS to a PostgreSQL: whom we believe, what we say of others, and when the certificate ends.
#include <string>

#include <doctest/doctest.h>

#include "common/net/client_tls.h"
#include "common/net/net.h"
#include "common/sql/database.h"
#include "tests/sql/private_postgres.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

using namespace std::chrono_literals;

std::string FreePort() {
  const auto socket = ListenOn("127.0.0.1", 0);
  REQUIRE(socket);
  return std::to_string(ParseHostPort(BoundAddress(socket->Fd()))->port);
}

// A server that shows `cert`, on TCP.
struct TlsServer {
  TestFolder files;
  std::string port = FreePort();
  PrivatePostgres server;

  explicit TlsServer(const TestCert& cert)
      : server({"listen_addresses=127.0.0.1", "port=" + port,
                "tls=" + files.Write("cert.pem", cert.CertPem()) + "," +
                    files.Write("key.pem", cert.KeyPem())}) {}

  Database At(const std::string& host, const TestCert& ca) const {
    auto target = CheckDsn({.dsn = "host=" + host + " port=" + port +
                                   " user=postgres dbname=postgres sslmode=verify-full "
                                   "sslrootcert=" +
                                   files.Write("ca.pem", ca.CertPem()),
                            .password_file = "",
                            .application_name = "sql_tls_test"});
    REQUIRE(target);
    return Database(std::move(*target));
  }
};

TEST_CASE("the server that the certificate names is believed, and nobody else") {
  const TestCert ca = TestCert::Make("ca", "", nullptr, true);
  const TestCert other = TestCert::Make("other", "", nullptr, true);
  const TestCert cert = TestCert::Make("server", "DNS:localhost", &ca);
  const TlsServer server(cert);

  Database named = server.At("localhost", ca);
  REQUIRE(named.Connect(Deadline(10s)));
  CHECK(named.CertificateNotAfter() == NotAfter(cert.x509.get()));
  const auto rows = named.Ask("SELECT ssl AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()", {},
                              5s, Deadline(10s));
  REQUIRE(rows);
  CHECK(rows->One().Flag("tls") == true);

  const auto refused = [](Database stranger) {
    const auto connected = stranger.Connect(Deadline(10s));
    REQUIRE_FALSE(connected);
    CHECK(connected.error().reason == Reason::kTls);
  };
  refused(server.At("127.0.0.1", ca));
  refused(server.At("localhost", other));
}

TEST_CASE("a server without TLS is no server to us where TLS is asked for") {
  const std::string port = FreePort();
  const PrivatePostgres server({"listen_addresses=127.0.0.1", "port=" + port});
  auto target = CheckDsn({.dsn = "hostaddr=127.0.0.1 user=postgres sslmode=require port=" + port,
                          .password_file = "",
                          .application_name = "sql_tls_test"});
  REQUIRE(target);
  Database database(std::move(*target));
  const auto connected = database.Connect(Deadline(10s));
  REQUIRE_FALSE(connected);
  CHECK(connected.error().reason == Reason::kTls);
  CHECK_FALSE(database.CertificateNotAfter());
}

}  // namespace
}  // namespace stakewatch::testing
