#pragma once
// BLAKE2b with a key, as those use it who prove with it that they know the key.
#include <string>
#include <string_view>

namespace stakewatch {

// In lower hex: 32 bytes of BLAKE2b of `message`, keyed by the 1 to 64 bytes of `key`, with the 16
// bytes of `personalisation` and a salt of zeros. Empty when OpenSSL refuses them.
std::string Blake2bMac(std::string_view key, std::string_view personalisation,
                       std::string_view message);

}  // namespace stakewatch
