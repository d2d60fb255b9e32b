#include "common/secrets.h"

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "common/file.h"
#include "common/net/client_tls.h"
#include "common/web/config.h"

namespace stakewatch {
namespace {

constexpr std::size_t kSecretBytesMax = 8 << 10;  // More is taken in a header by few servers.

std::string Base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

Checked<std::string> ReadSecret(const std::string& path) {
  const auto wrong = [&](const std::string& why) { return std::unexpected(path + ": " + why); };
  auto file = ReadFile(path, kSecretBytesMax);
  if (!file) return wrong(file.error());
  if ((file->mode & S_IRWXO) != 0) {
    return wrong("open to all users of the machine; chmod o-rwx is right");
  }
  std::string& secret = file->text;
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return wrong("empty");
  for (const char c : secret) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return wrong("more than one line");
  }
  return std::move(secret);
}

bool SameSecret(std::string_view a, std::string_view b) {
  const auto digest = [](std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> made{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data());
    return made;
  };
  // Digests have one length, so that also the length is not told.
  const auto of_a = digest(a);
  const auto of_b = digest(b);
  return CRYPTO_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

Checked<std::string> Authorization(const UpstreamOptions& options) {
  if (!options.bearer_token_file.empty()) {
    const auto token = ReadSecret(options.bearer_token_file);
    if (!token) return token;
    return "Bearer " + *token;
  }
  if (options.username.empty()) return "";
  const auto password = ReadSecret(options.password_file);
  if (!password) return password;
  return "Basic " + Base64(options.username + ":" + *password);
}

Checked<void> CheckOptions(const UpstreamOptions& options) {
  if (options.username.empty() != options.password_file.empty()) {
    return std::unexpected("a username and a password file go together");
  }
  if (options.username.find(':') != std::string::npos) {
    return std::unexpected("a username of basic authentication has no colon");
  }
  if (!options.username.empty() && !options.bearer_token_file.empty()) {
    return std::unexpected("either a username or a bearer token, not both");
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return std::unexpected("a certificate file and its key file go together");
  }
  if (!options.key_file.empty()) {
    if (const auto why = WhyNotSecret(options.key_file)) return std::unexpected(*why);
  }
  if (const auto header = Authorization(options); !header) return std::unexpected(header.error());
  // The system's own certificates are not ours to check, and take 20 ms to read.
  if (options.ca_file.empty() && options.cert_file.empty()) return {};
  const SslCtx ctx = ClientSslCtx("localhost");
  return LoadCertificates(ctx.get(), options);
}

}  // namespace stakewatch
