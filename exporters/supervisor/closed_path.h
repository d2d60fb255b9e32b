#pragma once
// What this exporter never opens, also where a flag or a link leads to it: keys, passwords, and the
// configuration that holds all RPC keys.
#include <string>

#include "common/result.h"

namespace stakewatch::supervisor {

// An error for such a path, wherever its links lead to. Looks at links and opens nothing. Identity
// files of ssh are known by their usual names alone.
Checked<void> CheckNotClosed(const std::string& path);

}  // namespace stakewatch::supervisor
