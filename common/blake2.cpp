#include "common/blake2.h"

#include <array>
#include <cstddef>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kPersonalisationBytes = 16;

}  // namespace

std::string Blake2bMac(std::string_view key, std::string_view personalisation,
                       std::string_view message) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(
      EVP_MAC_fetch(nullptr, "BLAKE2BMAC", nullptr), EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> ctx(EVP_MAC_CTX_new(mac.get()),
                                                                      EVP_MAC_CTX_free);
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::size_t size = kDigestBytes;
  std::string custom(personalisation);
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_CUSTOM, custom.data(), custom.size()),
      OSSL_PARAM_construct_end()};
  std::array<unsigned char, kDigestBytes> digest{};
  std::size_t written = 0;
  const bool done = personalisation.size() == kPersonalisationBytes && ctx != nullptr &&
                    EVP_MAC_init(ctx.get(), bytes(key), key.size(), params.data()) == 1 &&
                    EVP_MAC_update(ctx.get(), bytes(message), message.size()) == 1 &&
                    EVP_MAC_final(ctx.get(), digest.data(), &written, digest.size()) == 1 &&
                    written == digest.size();
  ERR_clear_error();
  return done ? HexOf({reinterpret_cast<const char*>(digest.data()), digest.size()}) : "";
}

}  // namespace stakewatch
