#include "common/net/client_tls.h"

#include <ctime>
#include <map>
#include <mutex>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/file.h"

namespace stakewatch {
namespace {

constexpr std::size_t kCertificateBytesMax = 64 << 10;

// The only certificate of the store is the one that the peer may show.
int IsThePinned(int ok, X509_STORE_CTX* verified) {
  if (ok != 1 || X509_STORE_CTX_get_error_depth(verified) != 0) return ok;
  const auto* const objects = X509_STORE_get0_objects(X509_STORE_CTX_get0_store(verified));
  const X509* const pinned = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, 0));
  if (X509_cmp(pinned, X509_STORE_CTX_get0_cert(verified)) == 0) return 1;
  X509_STORE_CTX_set_error(verified, X509_V_ERR_CERT_REJECTED);
  return 0;
}

struct FreeStore {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
using Store = std::unique_ptr<X509_STORE, FreeStore>;

// The CA certificates of a file (the system's, when there is no name), read once for the whole
// process and again when the file has changed: the system's take 20 ms and 0.8 MB, and each target
// of /probe has a context of its own. Null when they cannot be read, which is tried again.
Store CaCertificates(const std::string& ca_file) {
  struct Known {
    FileStamp stamp;
    Store store;
  };
  static std::mutex mutex;
  static std::map<std::string, Known> all;  // As many as there are options named …ca-file.
  const FileStamp stamp = StampOf(ca_file.empty() ? X509_get_default_cert_file() : ca_file);
  const std::lock_guard lock(mutex);
  Known& known = all[ca_file];
  if (!known.store || known.stamp != stamp) {
    Store fresh(X509_STORE_new());
    const int loaded = ca_file.empty() ? X509_STORE_set_default_paths(fresh.get())
                                       : X509_STORE_load_file(fresh.get(), ca_file.c_str());
    if (loaded != 1) return nullptr;
    known = {stamp, std::move(fresh)};
  }
  X509_STORE_up_ref(known.store.get());
  return Store(known.store.get());
}

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Checked<Certificate> ReadCertificate(const std::string& file) {
  const auto read = ReadFile(file, kCertificateBytesMax);
  if (!read) return std::unexpected(file + " " + read.error());
  ERR_clear_error();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(read->text.data(), static_cast<int>(read->text.size())), BIO_free);
  const auto refuse = [](char*, int, int, void*) { return -1; };
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, refuse, nullptr));
  if (certificate == nullptr) {
    return std::unexpected("no certificate in " + file + ": " + OpenSslError());
  }
  return certificate;
}

}  // namespace

std::string OpenSslError() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unreadable";
}

SslCtx ClientSslCtx(const std::string& host) {
  SslCtx ctx(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
  // OpenSSL would ask the terminal for the pass phrase of an encrypted key, and wait.
  SSL_CTX_set_default_passwd_cb(ctx.get(), [](char*, int, int, void*) { return -1; });
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) != 1) {
    X509_VERIFY_PARAM_set1_host(param, host.data(), host.size());
  }
  ERR_clear_error();
  return ctx;
}

Checked<void> LoadCertificates(SSL_CTX* ctx, const UpstreamOptions& options) {
  ERR_clear_error();
  Store store = CaCertificates(options.ca_file);
  if (!store) {
    SSL_CTX_set_cert_store(ctx, X509_STORE_new());  // Nobody is believed.
    return std::unexpected("no CA certificates in " + options.ca_file + ": " + OpenSslError());
  }
  SSL_CTX_set_cert_store(ctx, store.release());  // Owns it now; the earlier one is let go.
  if (options.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(ctx, options.cert_file.c_str()) != 1) {
    return std::unexpected("no certificate in " + options.cert_file + ": " + OpenSslError());
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1) {
    return std::unexpected(options.key_file + " is not the key of " + options.cert_file + ": " +
                           OpenSslError());
  }
  return {};
}

Checked<SslCtx> PinCertificate(const std::string& file) {
  const auto certificate = ReadCertificate(file);
  if (!certificate) return std::unexpected(certificate.error());
  SslCtx ctx = ClientSslCtx("");
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, certificate->get());
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // It may be signed by another.
  SSL_CTX_set_cert_store(ctx.get(), store);
  SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, IsThePinned);
  return ctx;
}

Checked<std::int64_t> CertificateEnd(const std::string& file) {
  const auto certificate = ReadCertificate(file);
  if (!certificate) return std::unexpected(certificate.error());
  const auto end = NotAfter(certificate->get());
  if (!end) return std::unexpected("no end in the certificate of " + file);
  return *end;
}

std::optional<std::int64_t> NotAfter(const X509* certificate) {
  std::tm at{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1) {
    return std::nullopt;
  }
  return timegm(&at);
}

std::optional<std::int64_t> NotAfter(X509_STORE_CTX* verified) {
  return NotAfter(X509_STORE_CTX_get0_cert(verified));
}

}  // namespace stakewatch
