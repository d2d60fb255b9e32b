// TLS of the server: versions, client certificates, and files that change while it runs.
#include <sys/socket.h>

#include <string>

#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

// A folder with a CA, a certificate of the server and a configuration.
struct TlsFiles {
  explicit TlsFiles(const std::string& more = "") {
    ca = TestCert::Make("ca", "", nullptr, true);
    folder.Write("ca.pem", ca.CertPem(), 0644);
    Certify("one");
    Configure(more);
  }
  void Certify(const std::string& name) {
    const auto cert = TestCert::Make(name, "DNS:localhost,IP:127.0.0.1", &ca);
    folder.Write("key.pem", cert.KeyPem());
    folder.Write("cert.pem", cert.CertPem(), 0644);
  }
  void Configure(const std::string& more) {
    folder.Write("web.yml",
                 "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n" + more, 0644);
  }
  WebOptions Options() const {
    WebOptions options = OnAnyPort();
    options.config_file = folder.Path("web.yml");
    return options;
  }

  TestFolder folder;
  TestCert ca;
};

double ReloadFailures(TestServer& test) {
  return test.own.CounterOf(kWebConfigReloadFailures).Value();
}

TEST_CASE("web TLS: pages over 1.2 and 1.3, not over 1.1, and not in plain") {
  const TlsFiles files;
  TestServer test(files.Options());
  const auto any = TlsFetch(test.address, Get("/metrics"));
  CHECK(any.shook_hands);
  CHECK(any.server_name == "one");
  CHECK(any.reply.body == TestServer::Page());
  CHECK(TlsFetch(test.address, Get("/"), {.max_version = TLS1_2_VERSION}).reply.status == 200);
  CHECK(TlsFetch(test.address, Get("/"), {.min_version = TLS1_3_VERSION}).reply.status == 200);
  CHECK(!TlsFetch(test.address, Get("/"), {.max_version = TLS1_1_VERSION}).shook_hands);
  CHECK(Fetch(test.address, Get("/")).status == 0);
  CHECK(TlsFetch(test.address, Get("/")).reply.status == 200);
}

TEST_CASE("web TLS: a handshake that stalls ends with the request's time") {
  const TlsFiles files;
  WebOptions options = files.Options();
  options.request_timeout = 200ms;
  options.max_requests = 1;
  TestServer test(options);
  RawClient silent(test.address);
  RawClient half(test.address);
  half.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  RawClient rubbish(test.address);
  rubbish.Send(std::string(100'000, '\xAA'));
  CHECK(TlsFetch(test.address, Get("/")).reply.status == 200);
}

TEST_CASE("web TLS: versions, suites and curves as configured") {
  TlsFiles files("  min_version: TLS13\n");
  {
    TestServer test(files.Options());
    CHECK(!TlsFetch(test.address, Get("/"), {.max_version = TLS1_2_VERSION}).shook_hands);
    CHECK(TlsFetch(test.address, Get("/")).reply.status == 200);
  }
  files.Configure(
      "  max_version: TLS12\n"
      "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
      "  curve_preferences: [CurveP384]\n");
  TestServer test(files.Options());
  const auto reply = TlsFetch(test.address, Get("/"));
  CHECK(reply.reply.status == 200);
  CHECK(reply.cipher == "ECDHE-ECDSA-AES256-GCM-SHA384");
  CHECK(!TlsFetch(test.address, Get("/"), {.ciphers12 = "ECDHE-ECDSA-AES128-GCM-SHA256"})
             .shook_hands);
  CHECK(!TlsFetch(test.address, Get("/"), {.groups = "X25519"}).shook_hands);
}

TEST_CASE("web TLS: a client certificate of our CA is required") {
  const TlsFiles files(
      "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n");
  TestServer test(files.Options());
  const auto good = TestCert::Make("client", "DNS:prometheus", &files.ca);
  const auto other_ca = TestCert::Make("ca", "", nullptr, true);
  const auto bad = TestCert::Make("client", "DNS:prometheus", &other_ca);
  const auto status = [&](const TestCert* certificate, int version) {
    return TlsFetch(test.address, Get("/"), {.max_version = version, .certificate = certificate})
        .reply.status;
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CHECK(status(&good, version) == 200);
    CHECK(status(&bad, version) == 0);
    CHECK(status(nullptr, version) == 0);
  }
}

TEST_CASE("web TLS: the other ways to ask for client certificates") {
  TlsFiles files;
  const auto good = TestCert::Make("client", "", &files.ca);
  const auto self_signed = TestCert::Make("client", "");
  struct Case {
    const char* type;
    int none, foreign, ours;  // Status without, with a foreign, with our CA's certificate.
  };
  for (const Case& expected :
       {Case{"NoClientCert", 200, 200, 200}, Case{"RequestClientCert", 200, 200, 200},
        Case{"RequireAnyClientCert", 0, 200, 200}, Case{"VerifyClientCertIfGiven", 200, 0, 200}}) {
    std::string more = std::string("  client_auth_type: ") + expected.type + "\n";
    if (expected.type != std::string("NoClientCert")) more += "  client_ca_file: ca.pem\n";
    files.Configure(more);
    TestServer test(files.Options());
    const auto status = [&](const TestCert* certificate) {
      return TlsFetch(test.address, Get("/"), {.certificate = certificate}).reply.status;
    };
    CHECK_MESSAGE(status(nullptr) == expected.none, expected.type);
    CHECK_MESSAGE(status(&self_signed) == expected.foreign, expected.type);
    CHECK_MESSAGE(status(&good) == expected.ours, expected.type);
  }
}

TEST_CASE("web TLS: only listed names of client certificates") {
  const TlsFiles files(
      "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
      "  client_allowed_sans: [prometheus.example, 10.1.2.3, \"fd00::1\", me@example, "
      "\"spiffe://x/y\"]\n");
  TestServer test(files.Options());
  const auto status = [&](const std::string& sans) {
    const auto certificate = TestCert::Make("prometheus.example", sans, &files.ca);
    return TlsFetch(test.address, Get("/"), {.certificate = &certificate}).reply.status;
  };
  CHECK(status("DNS:prometheus.example") == 200);
  CHECK(status("DNS:other,DNS:prometheus.example") == 200);
  CHECK(status("IP:10.1.2.3") == 200);
  CHECK(status("IP:fd00::1") == 200);
  CHECK(status("email:me@example") == 200);
  CHECK(status("URI:spiffe://x/y") == 200);
  CHECK(status("DNS:other") == 0);
  CHECK(status("DNS:prometheus.example.evil") == 0);
  CHECK(status("IP:10.1.2.4") == 0);
  CHECK(status("") == 0);  // The common name is no SAN.
}

TEST_CASE("web TLS: a changed certificate is shown without a restart") {
  TlsFiles files;
  TestServer test(files.Options());
  CHECK(TlsFetch(test.address, Get("/")).server_name == "one");
  files.Certify("two");
  CHECK(Eventually([&] { return TlsFetch(test.address, Get("/")).server_name == "two"; }));
  CHECK(TlsFetch(test.address, Get("/")).reply.status == 200);
}

TEST_CASE("web TLS: a broken change keeps the last good version and is counted") {
  TlsFiles files;
  TestServer test(files.Options());
  files.folder.Write("cert.pem", "rubbish");
  CHECK(Eventually([&] {
    const auto reply = TlsFetch(test.address, Get("/"));
    return reply.server_name == "one" && reply.reply.status == 200 && ReloadFailures(test) == 1;
  }));
  files.Certify("two");
  CHECK(Eventually([&] { return TlsFetch(test.address, Get("/")).server_name == "two"; }));
  const double failures = ReloadFailures(test);
  files.folder.Write("web.yml", "tls_server_config: {cert_file: 1, key_file: [}");
  CHECK(Eventually([&] {
    const auto reply = TlsFetch(test.address, Get("/"));
    return reply.server_name == "two" && ReloadFailures(test) == failures + 1;
  }));
  // A file that the new configuration names and that comes later.
  files.folder.Write("web.yml", "tls_server_config: {cert_file: new.pem, key_file: newkey.pem}");
  CHECK(Eventually([&] {
    TlsFetch(test.address, Get("/"));
    return ReloadFailures(test) == failures + 2;
  }));
  const auto cert = TestCert::Make("three", "", &files.ca);
  files.folder.Write("newkey.pem", cert.KeyPem());
  files.folder.Write("new.pem", cert.CertPem());
  CHECK(Eventually([&] { return TlsFetch(test.address, Get("/")).server_name == "three"; }));
}

TEST_CASE("web TLS: a change of the client CA holds for the next connection") {
  TlsFiles files("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n");
  TestServer test(files.Options());
  const auto old_client = TestCert::Make("client", "", &files.ca);
  const auto new_ca = TestCert::Make("ca2", "", nullptr, true);
  const auto new_client = TestCert::Make("client", "", &new_ca);
  const auto status = [&](const TestCert& certificate) {
    return TlsFetch(test.address, Get("/"), {.certificate = &certificate}).reply.status;
  };
  CHECK(status(old_client) == 200);
  CHECK(status(new_client) == 0);
  files.folder.Write("ca.pem", new_ca.CertPem());
  CHECK(Eventually([&] { return status(new_client) == 200; }));
  CHECK(status(old_client) == 0);
}

TEST_CASE("web TLS: what is wrong with the files is said at the start") {
  TlsFiles files;
  const auto why = [&] {
    const auto checked = CheckWebConfig(files.folder.Path("web.yml"));
    return checked ? std::string() : checked.error();
  };
  CHECK(why().empty());
  const auto other = TestCert::Make("other", "");
  files.folder.Write("key.pem", other.KeyPem());
  CHECK(why().find("key_file") != std::string::npos);
  files.folder.Write("key.pem", other.KeyPem("secret"));  // Must not ask the terminal.
  CHECK(why().find("unencrypted") != std::string::npos);
  files.Certify("one");
  REQUIRE(::chmod(files.folder.Path("key.pem").c_str(), 0604) == 0);
  CHECK(why().find("key.pem holds secrets") != std::string::npos);
  REQUIRE(::chmod(files.folder.Path("key.pem").c_str(), 0640) == 0);
  CHECK(why().empty());
  std::filesystem::remove(files.folder.Path("cert.pem"));
  CHECK(why().find("cert_file") != std::string::npos);
  files.Certify("one");
  files.Configure("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: no.pem\n");
  CHECK(why().find("client_ca_file") != std::string::npos);
  CHECK(ERR_peek_error() == 0);  // Nothing left for a later call to stumble over.
}

}  // namespace
}  // namespace stakewatch::testing
