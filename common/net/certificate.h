#pragma once
// A certificate in a file, without the headers of OpenSSL.
#include <cstdint>
#include <optional>
#include <string>

namespace stakewatch {

// When the first certificate of a PEM file ends, in Unix seconds; none if there is none.
std::optional<std::int64_t> CertificateFileNotAfter(const std::string& path);

}  // namespace stakewatch
