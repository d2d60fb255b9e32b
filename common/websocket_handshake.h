#pragma once
// What a WebSocket needs around its handshake: TLS, the authorization header, and what a handshake
// that failed means.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "common/result.h"
#include "common/upstream.h"

namespace stakewatch {

struct FreeSslCtx {
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using SslCtx = std::unique_ptr<SSL_CTX, FreeSslCtx>;

// TLS 1.2 or later, the server's certificate verified for `host`, a name or an address. Without
// certificates: LoadCertificates reads those.
SslCtx ClientSslCtx(const std::string& host);
// Reads (again) the CA, the client's certificate and its key.
Checked<void> LoadCertificates(SSL_CTX* ctx, const UpstreamOptions& options);
// When the certificate that is being verified ends, in Unix seconds.
std::optional<std::int64_t> NotAfter(X509_STORE_CTX* verified);

// The value of the header Authorization, empty without authentication. Reads the secret (again).
Checked<std::string> Authorization(const UpstreamOptions& options);

// How far a handshake came.
struct Handshake {
  std::string peer;  // host:port.
  bool tls = false;
  bool request_sent = false;
  int status = 0;            // Of the HTTP answer, when one came.
  std::string verify_error;  // Why the server's certificate was refused.

  // `text` is what libwebsockets says, which differs between its versions; never a secret.
  Error Failure(std::string_view text) const;
  // The TCP connection itself failed: another address of the same name may do better.
  bool NoConnection(const Error& failure) const {
    return !request_sent && failure.reason != Reason::kTls;
  }
};

}  // namespace stakewatch
