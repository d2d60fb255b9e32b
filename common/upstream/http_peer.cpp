#include "common/upstream/http_peer.h"

#include <string>

#include "common/net/client_tls.h"

namespace stakewatch {
namespace {

// Also of a certificate that is then refused: one that has ended is the one to tell about.
int NoteCertificate(int ok, X509_STORE_CTX* verified) {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verified, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<HttpPeer*>(SSL_get_app_data(ssl))->Note(NotAfter(verified));
  return ok;
}

}  // namespace

Result<Ssl> HttpPeer::NewSsl(int fd) {
  const auto context = Context();
  if (!context) return Fail(Reason::kTls, context.error());
  Ssl ssl(SSL_new(context->get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return Fail(Reason::kTls, OpenSslError());
  SSL_set_connect_state(ssl.get());
  SSL_set_app_data(ssl.get(), this);
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, NoteCertificate);
  // With it, SSL_read would stay in a stream of records without content past any deadline.
  SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  // A server name is no address (RFC 6066).
  const std::string& host = url.host;
  if (host.find_first_not_of("0123456789.") != std::string::npos &&
      host.find(':') == std::string::npos) {
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  }
  return ssl;
}

Checked<std::shared_ptr<SSL_CTX>> HttpPeer::Context() {
  const std::vector<FileStamp> stamps = {StampOf(options.ca_file), StampOf(options.cert_file),
                                         StampOf(options.key_file)};
  const std::lock_guard lock(mutex_);
  if (tls_ && stamps == stamps_) return tls_;
  SslCtx fresh = ClientSslCtx(url.host);
  if (const auto loaded = LoadCertificates(fresh.get(), options); !loaded) {
    return std::unexpected(loaded.error());
  }
  tls_ = std::shared_ptr<SSL_CTX>(std::move(fresh));
  stamps_ = stamps;
  return tls_;
}

void HttpPeer::Note(std::optional<std::int64_t> not_after) {
  const std::lock_guard lock(mutex_);
  not_after_ = not_after;
}

std::optional<std::int64_t> HttpPeer::CertificateNotAfter() const {
  const std::lock_guard lock(mutex_);
  return not_after_;
}

}  // namespace stakewatch
