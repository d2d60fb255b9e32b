#pragma once
// Secrets are files: in no flag, no environment, no process list, no log.
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// The content without the newline at its end. Refused: what the world can read or write, what is
// longer than 8 KiB, what is empty, and line breaks or NUL within. The error never shows content.
Checked<std::string> ReadSecret(const std::string& path);

// Compared in a time that tells nothing of either.
bool SameSecret(std::string_view a, std::string_view b);

// The value of the header Authorization, empty without authentication. Reads the secret (again).
Checked<std::string> Authorization(const UpstreamOptions& options);

}  // namespace stakewatch
