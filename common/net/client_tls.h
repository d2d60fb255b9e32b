#pragma once
// TLS towards upstreams: whom to believe, and whom to show.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <openssl/ssl.h>

#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

struct FreeSslCtx {
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using SslCtx = std::unique_ptr<SSL_CTX, FreeSslCtx>;
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

// TLS 1.2 or later, the server's certificate verified for `host`, a name or an address. Without
// certificates: LoadCertificates reads those.
SslCtx ClientSslCtx(const std::string& host);
// Reads (again) the CA, the client's certificate and its key.
Checked<void> LoadCertificates(SSL_CTX* ctx, const UpstreamOptions& options);
// TLS with the one peer that shows just the certificate in `file` (PEM, the first in it), whatever
// its name; and when that ends. What it has signed is not believed either.
Checked<SslCtx> PinCertificate(const std::string& file);
// When the first certificate of a file (PEM) ends, in Unix seconds.
Checked<std::int64_t> CertificateEnd(const std::string& file);
// When the certificate that is being verified ends, in Unix seconds.
std::optional<std::int64_t> NotAfter(X509_STORE_CTX* verified);
std::optional<std::int64_t> NotAfter(const X509* certificate);

// The first error that OpenSSL noted on this thread; the rest is forgotten, so that it is blamed on
// nobody else.
std::string OpenSslError();

}  // namespace stakewatch
