// The WebSocket client's TLS and authentication.
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "common/net/client_tls.h"
#include "common/websocket/websocket.h"
#include "tests/common/fake_websocket.h"

namespace stakewatch {
namespace {

using std::chrono::milliseconds;
using testing::FakeWebSocketServer;
using testing::Heard;
using testing::Peer;

constexpr WebSocketTimes kQuick{.handshake = milliseconds(2000),
                                .retry_first = milliseconds(10),
                                .retry_longest = milliseconds(40)};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "websocket_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }

 private:
  std::string path_;
};

// A certificate and its key, signed by `issuer` or by itself.
struct Cert {
  Cert(const char* name, const std::string& sans, const Cert* issuer = nullptr, long seconds = 3600)
      : key(EVP_EC_gen("P-256"), EVP_PKEY_free), x509(X509_new(), X509_free) {
    X509_set_version(x509.get(), 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), seconds);
    X509_set_pubkey(x509.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    const Cert& by = issuer != nullptr ? *issuer : *this;
    X509_set_issuer_name(x509.get(), X509_get_subject_name(by.x509.get()));
    Extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!sans.empty()) Extend(NID_subject_alt_name, sans.c_str());
    REQUIRE(X509_sign(x509.get(), by.key.get(), EVP_sha256()) > 0);
  }
  std::string CertPem() const {
    return Pem([this](BIO* to) { PEM_write_bio_X509(to, x509.get()); });
  }
  std::string KeyPem() const {
    return Pem([this](BIO* to) {
      PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> x509;

 private:
  void Extend(int nid, const char* value) const {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    REQUIRE(extension != nullptr);
    X509_add_ext(x509.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string Pem(Write write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    write(bio.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
};

SslCtx ServerTls(const Cert& cert) {
  SslCtx ctx(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(ctx.get(), cert.x509.get());
  SSL_CTX_use_PrivateKey(ctx.get(), cert.key.get());
  return ctx;
}

void Greet(const Peer& peer, int) {
  peer.Accept();
  peer.Text("hello");
  peer.Stay();
}

struct Outcome {
  std::optional<std::string> message;
  std::optional<Error> error;
  std::optional<std::int64_t> not_after;
};

// The first thing that happens at a TLS server with this certificate.
Outcome Try(SSL_CTX* tls, const UpstreamOptions& options, const std::string& host = "localhost") {
  FakeWebSocketServer server(Greet, tls);
  Heard heard;
  const auto socket = WebSocket::Open(server.Url(host), options, heard.Handlers(), kQuick);
  REQUIRE_MESSAGE(socket.has_value(), (socket ? "" : socket.error()));
  Outcome outcome;
  if (heard.WaitAny()) {
    if (heard.Messages() > 0) outcome.message = heard.WaitMessage();
    if (heard.Messages() == 0) outcome.error = heard.WaitError();
  }
  outcome.not_after = (*socket)->CertificateNotAfter();
  return outcome;
}

TEST_CASE("TLS: a good certificate is taken, and its end told") {
  const Folder folder;
  const Cert ca("CA", "");
  const Cert cert("server", "DNS:localhost,IP:127.0.0.1", &ca);
  const SslCtx tls = ServerTls(cert);
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem());
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Outcome outcome = Try(tls.get(), options, host);
    CHECK(outcome.message == "hello");
    REQUIRE(outcome.not_after.has_value());
    CHECK(std::abs(*outcome.not_after - (std::time(nullptr) + 3600)) < 60);
  }
}

TEST_CASE("TLS: what is refused") {
  const Folder folder;
  const Cert ca("CA", "");
  const Cert other("other CA", "");
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem());

  const auto refused = [&](const Cert& cert, const char* host, const UpstreamOptions& with) {
    const SslCtx tls = ServerTls(cert);
    const Outcome outcome = Try(tls.get(), with, host);
    CHECK(!outcome.message.has_value());
    REQUIRE(outcome.error.has_value());
    MESSAGE(outcome.error->what);
    CHECK(outcome.error->reason == Reason::kTls);
    CHECK(outcome.not_after.has_value());
    return outcome.error->what;
  };
  // Another name, another address, another CA, the system's CAs, expired.
  CHECK(refused(Cert("x", "DNS:example.org", &ca), "localhost", options).contains("ostname"));
  refused(Cert("x", "IP:127.0.0.2", &ca), "127.0.0.1", options);
  refused(Cert("x", "DNS:localhost", &other), "localhost", options);
  refused(Cert("x", "DNS:localhost", &ca), "localhost", {});
  CHECK(refused(Cert("x", "DNS:localhost", &ca, -60), "localhost", options).contains("expired"));
}

TEST_CASE("TLS: 1.1 is too old, and a server without TLS is none") {
  const Folder folder;
  const Cert ca("CA", "");
  const Cert cert("server", "DNS:localhost", &ca);
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem());
  const SslCtx old = ServerTls(cert);
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  const Outcome outcome = Try(old.get(), options);
  REQUIRE(outcome.error.has_value());
  CHECK(outcome.error->reason == Reason::kTls);

  FakeWebSocketServer plain([](const Peer& peer, int) {
    peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.Gone();
  });
  Heard heard;
  const auto socket = WebSocket::Open("wss://127.0.0.1:" + std::to_string(plain.Port()), options,
                                      heard.Handlers(), kQuick);
  REQUIRE(socket.has_value());
  const auto error = heard.WaitError();
  REQUIRE(error.has_value());
  CHECK(error->reason == Reason::kTls);
}

TEST_CASE("TLS: the client shows its certificate, also one that replaced the first") {
  const Folder folder;
  const Cert ca("CA", "");
  const Cert first("first", "", &ca);
  const Cert second("second", "", &ca);
  const SslCtx tls = ServerTls(Cert("server", "DNS:localhost", &ca));
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(tls.get()), ca.x509.get());
  SSL_CTX_set_session_id_context(tls.get(), reinterpret_cast<const unsigned char*>("t"), 1);
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem());
  for (int i = 0; i < 10; ++i) {  // Told at once, at whichever step the client notices.
    const Outcome outcome = Try(tls.get(), options);
    CHECK(!outcome.message.has_value());
    REQUIRE(outcome.error.has_value());
    CHECK(outcome.error->reason != Reason::kTimeout);
  }
  options.cert_file = folder.Write("cert.pem", first.CertPem());
  options.key_file = folder.Write("key.pem", first.KeyPem());
  FakeWebSocketServer server(
      [&](const Peer& peer, int number) {
        peer.Accept();
        if (number == 0) {
          folder.Write("cert.pem", second.CertPem());
          folder.Write("key.pem", second.KeyPem());
        }
        peer.Text(peer.ClientName());
        if (number > 0) return peer.Stay();
        peer.Write(Peer::FrameBytes(8, ""));
        peer.ReadFrame();
      },
      tls.get());
  Heard heard;
  const auto socket = WebSocket::Open(server.Url("localhost"), options, heard.Handlers(), kQuick);
  REQUIRE(socket.has_value());
  CHECK(heard.WaitMessage(0) == "first");
  CHECK(heard.WaitMessage(1) == "second");
}

TEST_CASE("files that cannot be used are said at once") {
  const Folder folder;
  const Cert ca("CA", "");
  const Cert one("one", "", &ca);
  const Cert other("other", "", &ca);
  const auto opens = [](const UpstreamOptions& options) {
    return WebSocket::Open("wss://127.0.0.1:1", options, {}).has_value();
  };
  UpstreamOptions options;
  options.ca_file = folder.Write("ca.pem", ca.CertPem());
  CHECK(opens(options));
  options.cert_file = folder.Write("cert.pem", one.CertPem());
  options.key_file = folder.Write("key.pem", other.KeyPem());
  CHECK(!opens(options));
  options.key_file = "";
  CHECK(!opens(options));
  for (const std::string& file :
       {std::string("/nonexistent"), folder.Write("no.pem", "no certificate")}) {
    options = {};
    options.ca_file = file;
    CHECK(!opens(options));
  }
  for (const std::string& file :
       {std::string("/nonexistent"), std::string("/"), folder.Write("empty", "\n"),
        folder.Write("split", "a\r\nX-Other: b\n"),
        folder.Write("long", std::string(13000, 'x'))}) {
    options = {};
    options.bearer_token_file = file;
    CHECK(!opens(options));
  }
}

// The handshake of a client with these options.
std::string RequestOf(const UpstreamOptions& options) {
  std::string request;
  {
    FakeWebSocketServer server([&](const Peer& peer, int) {
      request = peer.Accept();
      peer.Text("read");
      peer.Stay();
    });
    Heard heard;
    const auto socket = WebSocket::Open(server.Url(), options, heard.Handlers(), kQuick);
    REQUIRE(socket.has_value());
    CHECK(heard.WaitMessage() == "read");
  }
  return request;
}

TEST_CASE("authentication is a header, its secret in a file") {
  const Folder folder;
  UpstreamOptions basic;
  basic.username = "user";
  basic.password_file = folder.Write("password", "pass:word\n");
  CHECK(RequestOf(basic).contains("Authorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n"));
  UpstreamOptions bearer;
  bearer.bearer_token_file = folder.Write("token", "eyJ0.abc\n");
  CHECK(RequestOf(bearer).contains("Authorization: Bearer eyJ0.abc\r\n"));
  const std::string long_token(6000, 't');
  folder.Write("token", long_token);
  CHECK(RequestOf(bearer).contains("Authorization: Bearer " + long_token + "\r\n"));
}

TEST_CASE("a rotated secret is taken by the next connection") {
  const Folder folder;
  UpstreamOptions options;
  options.bearer_token_file = folder.Write("token", "old");
  FakeWebSocketServer server([&](const Peer& peer, int) {
    const std::string request = peer.ReadRequest();
    folder.Write("token", "new");
    if (!request.contains("Bearer new")) {
      peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      peer.Gone();
      return;
    }
    peer.Write(Peer::Upgrade(Peer::AcceptKey(request)));
    peer.Text("welcome");
    peer.Stay();
  });
  Heard heard;
  const auto socket = WebSocket::Open(server.Url(), options, heard.Handlers(), kQuick);
  REQUIRE(socket.has_value());
  CHECK(heard.WaitMessage() == "welcome");
  CHECK(heard.WaitError()->code == 403);
}

}  // namespace
}  // namespace stakewatch
