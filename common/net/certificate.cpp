#include "common/net/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "common/file.h"
#include "common/net/client_tls.h"

namespace stakewatch {
namespace {

constexpr std::size_t kFileBytesMax = 1U << 20;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

std::optional<std::int64_t> CertificateFileNotAfter(const std::string& path) {
  const auto file = ReadFile(path, kFileBytesMax);
  if (!file) return std::nullopt;
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(file->text.data(), static_cast<int>(file->text.size())));
  const std::unique_ptr<X509, FreeX509> certificate(
      bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) OpenSslError();  // Forgets what it noted.
  return NotAfter(certificate.get());
}

}  // namespace stakewatch
