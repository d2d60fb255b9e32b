#pragma once
// The listening sockets of --web.listen-address.
#include <string>
#include <vector>

#include "common/net/net.h"
#include "common/web/web.h"

namespace stakewatch {

// All of them, non-blocking, or why there are not.
std::expected<std::vector<Socket>, WebServer::StartError> OpenListeners(
    const std::vector<std::string>& addresses);

}  // namespace stakewatch
