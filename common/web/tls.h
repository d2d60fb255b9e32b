#pragma once
// The server's side of TLS: one immutable context for each version of the configuration. A
// connection holds the context it began with, so a reload never touches one in use.
#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "common/result.h"
#include "common/web/config.h"

namespace stakewatch {

class TlsContext {
 public:
  // Reads the files that `config` names.
  static Checked<std::shared_ptr<const TlsContext>> Make(const WebTlsConfig& config);

  // Set up as a server on `fd`; null when there is no memory.
  std::unique_ptr<SSL, void (*)(SSL*)> Accept(int fd) const;

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context, &SSL_CTX_free) {}
  Checked<void> LoadFiles(const WebTlsConfig& config);
  Checked<void> Restrict(const WebTlsConfig& config);
  Checked<void> AskForClientCertificates(const WebTlsConfig& config);
  static int VerifyChain(X509_STORE_CTX* store, void* self);

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::vector<std::string> allowed_sans_;
};

}  // namespace stakewatch
