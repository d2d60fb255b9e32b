#pragma once
// Certificates made on the spot, a TLS client, and a folder for a test's files.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/net/stream.h"
#include "tests/web/testing.h"

namespace stakewatch::testing {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "web_test_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  // Into place by a rename, as careful tools do it.
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string fresh = Path(name + ".new");
    std::ofstream(fresh) << text;
    REQUIRE(::chmod(fresh.c_str(), mode) == 0);
    std::filesystem::rename(fresh, Path(name));
    return Path(name);
  }

 private:
  std::string path_;
};

struct TestCert {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> x509;

  // `sans` as OpenSSL's configuration writes them: "DNS:a,IP:127.0.0.1". Signed by itself without
  // an issuer.
  static TestCert Make(const std::string& name, const std::string& sans,
                       const TestCert* issuer = nullptr, bool ca = false) {
    TestCert made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
    X509* const x = made.x509.get();
    X509_set_version(x, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->x509.get() : x));
    Extend(x, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!sans.empty()) Extend(x, NID_subject_alt_name, sans);
    REQUIRE(X509_sign(x, (issuer ? issuer->key : made.key).get(), EVP_sha256()) > 0);
    return made;
  }
  std::string CertPem() const {
    return Pem([this](BIO* to) { PEM_write_bio_X509(to, x509.get()); });
  }
  std::string KeyPem(const char* pass_phrase = nullptr) const {
    return Pem([&](BIO* to) {
      PEM_write_bio_PKCS8PrivateKey(to, key.get(), pass_phrase ? EVP_aes_128_cbc() : nullptr,
                                    pass_phrase, pass_phrase ? 6 : 0, nullptr, nullptr);
    });
  }

 private:
  static void Extend(X509* x, int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string Pem(Write write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> to(BIO_new(BIO_s_mem()), BIO_free);
    write(to.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(to.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

struct TlsClientOptions {
  int min_version = 0, max_version = 0;  // Of OpenSSL; 0: any.
  const TestCert* certificate = nullptr;
  std::string ciphers12{};
  std::string groups{};
};

struct TlsReply {
  bool shook_hands = false;
  Reply reply;
  std::string server_name;  // The common name of its certificate.
  std::string cipher;
};

inline TlsReply TlsFetch(const std::string& address, const std::string& request,
                         const TlsClientOptions& options = {}) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                             SSL_CTX_free);
  // Old versions are refused by the client's own security level otherwise.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context.get(), options.max_version);
  if (!options.ciphers12.empty()) {
    SSL_CTX_set_cipher_list(context.get(), options.ciphers12.c_str());
  }
  if (!options.groups.empty()) SSL_CTX_set1_groups_list(context.get(), options.groups.c_str());
  if (options.certificate != nullptr) {
    SSL_CTX_use_certificate(context.get(), options.certificate->x509.get());
    SSL_CTX_use_PrivateKey(context.get(), options.certificate->key.get());
  }
  RawClient client(address);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), client.Fd());
  SSL_set_connect_state(ssl.get());
  Connection connection(client.Fd(), ssl.get());
  connection.Start(Deadline(10s), 1U << 30);
  TlsReply result;
  result.shook_hands = connection.Handshake();
  if (result.shook_hands) {
    const std::unique_ptr<X509, void (*)(X509*)> peer(SSL_get1_peer_certificate(ssl.get()),
                                                      X509_free);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    result.server_name = name;
    result.cipher = SSL_get_cipher_name(ssl.get());
    connection.Write(request.data(), request.size());
    std::string all;
    char some[4096];
    for (ssize_t n = 0; (n = connection.Read(some, sizeof some)) > 0;) {
      all.append(some, static_cast<std::size_t>(n));
    }
    result.reply = ParseReply(all);
  }
  ERR_clear_error();
  return result;
}

}  // namespace stakewatch::testing
