#include "common/websocket_handshake.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>

namespace stakewatch {
namespace {

constexpr std::size_t kSecretBytesMax = 8192;

// TODO(lead): replace by ReadSecret of common/secrets.h, which also refuses a file that the world
// can read.
Checked<std::string> ReadSecretHere(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string secret(kSecretBytesMax + 1, '\0');
  file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  if (file.bad() || !(file || file.eof())) return std::unexpected(path + " cannot be read");
  secret.resize(static_cast<std::size_t>(file.gcount()));
  if (secret.size() > kSecretBytesMax) return std::unexpected(path + " is too long for a secret");
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return std::unexpected(path + " is empty");
  return secret;
}

// A header ends at a control character, and so would the secret in it.
Checked<std::string> HeaderSecret(const std::string& path) {
  auto secret = ReadSecretHere(path);
  if (secret &&
      std::ranges::any_of(*secret, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return std::unexpected(path + " has a control character");
  }
  return secret;
}

std::string Base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

// The first error that OpenSSL noted; the rest is forgotten, so that it is blamed on nobody else.
std::string OpenSslError() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unreadable";
}

std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, 200));
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

SslCtx ClientSslCtx(const std::string& host) {
  SslCtx ctx(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
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
  X509_STORE* store = X509_STORE_new();
  const int loaded = options.ca_file.empty() ? X509_STORE_set_default_paths(store)
                                             : X509_STORE_load_file(store, options.ca_file.c_str());
  SSL_CTX_set_cert_store(ctx, store);  // Owns it now; the earlier one is freed.
  if (loaded != 1) {
    return std::unexpected("no CA certificates in " + options.ca_file + ": " + OpenSslError());
  }
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

std::optional<std::int64_t> NotAfter(X509_STORE_CTX* verified) {
  const X509* leaf = X509_STORE_CTX_get0_cert(verified);
  std::tm at{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &at) != 1) return std::nullopt;
  return timegm(&at);
}

Checked<std::string> Authorization(const UpstreamOptions& options) {
  if (!options.bearer_token_file.empty()) {
    const auto token = HeaderSecret(options.bearer_token_file);
    if (!token) return token;
    return "Bearer " + *token;
  }
  if (options.username.empty() && options.password_file.empty()) return "";
  std::string password;
  if (!options.password_file.empty()) {
    auto read = ReadSecretHere(options.password_file);
    if (!read) return read;
    password = std::move(*read);
  }
  return "Basic " + Base64(options.username + ":" + password);
}

Error Handshake::Failure(std::string_view text) const {
  const std::string said = OneLine(text);
  if (!verify_error.empty()) {
    return {Reason::kTls, "the certificate of " + peer + " is refused: " + verify_error};
  }
  if (status != 0 && status != 101) {
    std::string what =
        peer + " answers the WebSocket handshake with HTTP status " + std::to_string(status);
    if (status >= 300 && status < 400) what += "; redirects are not followed";
    return {Reason::kHttpStatus, what, status};
  }
  if (request_sent) {
    const bool answered = status != 0 || said.starts_with("HS:") || said.contains("pars");
    if (answered) return {Reason::kBadAnswer, peer + " speaks no WebSocket: " + said};
    return {Reason::kUnreachable, peer + " ended the WebSocket handshake: " + said};
  }
  if (tls && (said.contains("SSL") || said.contains("SYSCALL") || said.contains("tls") ||
              said.contains("cert"))) {
    return {Reason::kTls, "no TLS connection to " + peer + ": " + said};
  }
  return {Reason::kUnreachable, "no connection to " + peer + (said.empty() ? "" : ": " + said)};
}

}  // namespace stakewatch
