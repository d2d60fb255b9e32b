#include <doctest/doctest.h>

#include "common/net/client_tls.h"
#include "common/upstream/upstream.h"
#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

Context ServerContext(const TestCert& cert) {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), cert.x509.get());
  SSL_CTX_use_PrivateKey(context.get(), cert.key.get());
  return context;
}

TestCert Expired(const TestCert& issuer) {
  TestCert cert = TestCert::Make("old", "IP:127.0.0.1", &issuer);
  X509_gmtime_adj(X509_getm_notAfter(cert.x509.get()), -60);
  X509_sign(cert.x509.get(), issuer.key.get(), EVP_sha256());
  return cert;
}

std::int64_t EndOf(const TestCert& cert) {
  std::tm at{};
  ASN1_TIME_to_tm(X509_get0_notAfter(cert.x509.get()), &at);
  return timegm(&at);
}

void Greet(RawPeer& peer) {
  while (!peer.ReadRequest().empty()) {
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  }
}

// An authority whose certificate is a file, and what it takes to trust it.
struct Authority {
  TestFolder folder;
  TestCert ca = TestCert::Make("ca", "", nullptr, true);
  UpstreamOptions options;

  Authority() { options.ca_file = folder.Write("ca.pem", ca.CertPem(), 0644); }
  TestCert Local() const { return TestCert::Make("server", "IP:127.0.0.1,DNS:localhost", &ca); }
};

Error Refused(const std::string& url, const UpstreamOptions& options) {
  const auto answer = HttpUpstream(url, options).value()->Ask({"a", "", "{}"}, Deadline(5s));
  REQUIRE_FALSE(answer);
  return answer.error();
}

bool Says(const Error& error, std::string_view words) {
  if (error.what.find(words) != std::string::npos) return true;
  MESSAGE(error.what);
  return false;
}

TEST_CASE("https: a certificate of the CA is believed, and its end is told") {
  const Authority authority;
  const TestCert cert = authority.Local();
  const Context context = ServerContext(cert);
  const RawServer server(Greet, context.get());
  const auto upstream = HttpUpstream(server.Url(), authority.options).value();
  CHECK_FALSE(upstream->CertificateNotAfter());
  for (int i = 0; i < 5; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)).value() == "{}");
  CHECK(server.Connections() == 1);
  CHECK(upstream->CertificateNotAfter() == EndOf(cert));
  const std::string port = server.Address().substr(server.Address().find(':'));
  CHECK(HttpUpstream("https://localhost" + port, authority.options)
            .value()
            ->Ask({"a", "", "{}"}, Deadline(5s)));
}

TEST_CASE("https: CA certificates are read once for all targets, and again when they change") {
  const Authority authority;
  const auto store = [&](const SslCtx& ctx) {
    REQUIRE(LoadCertificates(ctx.get(), authority.options));
    return SSL_CTX_get_cert_store(ctx.get());
  };
  const SslCtx one = ClientSslCtx("one"), two = ClientSslCtx("two");
  CHECK(store(one) == store(two));
  const TestCert other = TestCert::Make("other", "", nullptr, true);
  authority.folder.Write("ca.pem", other.CertPem(), 0644);
  const SslCtx three = ClientSslCtx("three");
  CHECK(store(three) != SSL_CTX_get_cert_store(one.get()));
  authority.folder.Write("ca.pem", "", 0644);
  CHECK_FALSE(LoadCertificates(two.get(), authority.options));
  CHECK(SSL_CTX_get_cert_store(two.get()) != SSL_CTX_get_cert_store(one.get()));
  const SslCtx system = ClientSslCtx("system"), again = ClientSslCtx("again");
  REQUIRE(LoadCertificates(system.get(), {}));
  REQUIRE(LoadCertificates(again.get(), {}));
  CHECK(SSL_CTX_get_cert_store(system.get()) == SSL_CTX_get_cert_store(again.get()));
}

TEST_CASE("https: large bodies both ways") {
  const Authority authority;
  const Context context = ServerContext(authority.Local());
  const std::string body(3 << 20, 'x');
  const RawServer server(
      [&](RawPeer& peer) {
        if (peer.ReadRequest().ends_with(body)) {
          peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
        }
      },
      context.get());
  const auto answer =
      HttpUpstream(server.Url(), authority.options).value()->Ask({"a", "", body}, Deadline(20s));
  REQUIRE(answer);
  CHECK(*answer == body);
}

TEST_CASE("https: a certificate that is not to be believed") {
  const Authority authority;
  const Authority other;
  struct Case {
    TestCert cert;
    const char* words;
  };
  for (const Case& c :
       {Case{Expired(authority.ca), "certificate has expired"},
        Case{TestCert::Make("x", "IP:127.0.0.2", &authority.ca), "IP address mismatch"},
        Case{TestCert::Make("127.0.0.1", "", &authority.ca), "IP address mismatch"},
        Case{TestCert::Make("x", "IP:127.0.0.1"), "self-signed certificate"},
        Case{other.Local(), "certificate signature failure"}}) {
    const Context context = ServerContext(c.cert);
    const RawServer server(Greet, context.get());
    const auto upstream = HttpUpstream(server.Url(), authority.options).value();
    const auto answer = upstream->Ask({"a", "", "{}"}, Deadline(5s));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().reason == Reason::kTls);
    CHECK(Says(answer.error(), c.words));
    // Also of one that is refused: that it has ended is what to tell.
    CHECK(upstream->CertificateNotAfter() == EndOf(c.cert));
  }
  const Context context = ServerContext(TestCert::Make("x", "DNS:elsewhere", &authority.ca));
  const RawServer server(Greet, context.get());
  const std::string port = server.Address().substr(server.Address().find(':'));
  const Error error = Refused("https://localhost" + port, authority.options);
  CHECK(error.reason == Reason::kTls);
  CHECK(Says(error, "hostname mismatch"));
  // The system's authorities know none of ours.
  CHECK(Refused(server.Url(), {}).reason == Reason::kTls);
}

TEST_CASE("https: a client's certificate is shown when it is asked for") {
  Authority authority;
  const TestCert cert = authority.Local();
  const Context context = ServerContext(cert);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.ca.x509.get());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(context.get(), version);
    const RawServer server(Greet, context.get());
    const Error error = Refused(server.Url(), authority.options);
    CHECK(error.reason == Reason::kTls);
    CHECK(Says(error, version == TLS1_2_VERSION ? "handshake failure" : "certificate required"));
    const TestCert client = TestCert::Make("client", "", &authority.ca);
    UpstreamOptions with = authority.options;
    with.cert_file = authority.folder.Write("client.pem", client.CertPem());
    with.key_file = authority.folder.Write("client.key", client.KeyPem());
    CHECK(CheckOptions(with));
    CHECK(HttpUpstream(server.Url(), with).value()->Ask({"a", "", "{}"}, Deadline(5s)));
  }
}

TEST_CASE("https: changed files are read again") {
  const Authority authority;
  const Authority other;
  const Context context = ServerContext(authority.Local());
  // Each answer ends its connection, so that each question makes one.
  const RawServer server(
      [](RawPeer& peer) {
        if (!peer.ReadRequest().empty()) {
          peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
        }
      },
      context.get());
  UpstreamOptions options;
  options.ca_file = authority.folder.Write("changing.pem", other.ca.CertPem());
  const auto upstream = HttpUpstream(server.Url(), options).value();
  CHECK_FALSE(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  authority.folder.Write("changing.pem", authority.ca.CertPem());
  CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
  authority.folder.Write("changing.pem", "rubbish");
  const auto unreadable = upstream->Ask({"a", "", "{}"}, Deadline(5s));
  REQUIRE_FALSE(unreadable);
  CHECK(unreadable.error().reason == Reason::kTls);
  CHECK(Says(unreadable.error(), "changing.pem"));
}

TEST_CASE("https: no TLS at the other end") {
  const Authority authority;
  const RawServer plain([](RawPeer& peer) {
    peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.AwaitGone();
  });
  CHECK(Refused("https://" + plain.Address(), authority.options).reason == Reason::kTls);
  const RawServer closing([](RawPeer&) {});
  CHECK(Refused("https://" + closing.Address(), authority.options).reason == Reason::kTls);
  const RawServer silent([](RawPeer& peer) { peer.AwaitGone(); });
  const auto answer = HttpUpstream("https://" + silent.Address(), authority.options)
                          .value()
                          ->Ask({"a", "", "{}"}, Deadline(300ms));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason == Reason::kTimeout);
}

TEST_CASE("https: only TLS 1.2 and later") {
  const Authority authority;
  const Context context = ServerContext(authority.Local());
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  const RawServer server(Greet, context.get());
  CHECK(Refused(server.Url(), authority.options).reason == Reason::kTls);
}

TEST_CASE("https: a body until the end must end by TLS's own goodbye") {
  const Authority authority;
  const Context context = ServerContext(authority.Local());
  for (const bool goodbye : {true, false}) {
    const RawServer server(
        [&](RawPeer& peer) {
          peer.ReadRequest();
          peer.Send("HTTP/1.1 200 OK\r\n\r\nhalf");
          if (!goodbye) peer.HangUp();
        },
        context.get());
    const auto answer =
        HttpUpstream(server.Url(), authority.options).value()->Ask({"a", "", "{}"}, Deadline(5s));
    CHECK(answer.has_value() == goodbye);
    if (!answer) CHECK(answer.error().reason == Reason::kBadAnswer);
  }
}

TEST_CASE("https: an endless body and a dripping one are bounded") {
  const Authority authority;
  const Context context = ServerContext(authority.Local());
  UpstreamOptions options = authority.options;
  options.body_bytes_max = 1 << 20;
  for (const milliseconds pause : {0ms, 20ms}) {
    const RawServer server(
        [&](RawPeer& peer) {
          peer.ReadRequest();
          peer.Send("HTTP/1.1 200 OK\r\n\r\n");
          peer.SendForever("x", pause);
        },
        context.get());
    const milliseconds time = pause == 0ms ? 10000ms : 400ms;
    const auto answer =
        HttpUpstream(server.Url(), options).value()->Ask({"a", "", "{}"}, Deadline(time));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().reason == (pause == 0ms ? Reason::kBadAnswer : Reason::kTimeout));
  }
}

TEST_CASE("https: a kept connection that the server closed is made again") {
  const Authority authority;
  const Context context = ServerContext(authority.Local());
  for (const bool goodbye : {true, false}) {
    const RawServer server(
        [&](RawPeer& peer) {
          if (peer.ReadRequest().empty()) return;
          peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
          peer.ReadRequest();
          if (!goodbye) peer.HangUp();
        },
        context.get());
    const auto upstream = HttpUpstream(server.Url(), authority.options).value();
    for (int i = 0; i < 4; ++i) CHECK(upstream->Ask({"a", "", "{}"}, Deadline(5s)));
    CHECK(server.Connections() == 4);
  }
}

}  // namespace
}  // namespace stakewatch::testing
