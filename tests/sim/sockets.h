#pragma once
// Listening sockets of the simulator.
#include <cstdint>
#include <string>

#include "common/result.h"
#include "tests/sim/simulator.h"

namespace stakewatch::sim {

// host:port or [v6]:port.
std::string TextOf(const Address& address);
Checked<Address> ParseAddress(std::string_view text);
bool IsLoopback(const Address& address);

// A non-blocking listening descriptor, the caller's to close; `address.port` becomes the bound one.
Checked<int> ListenTcp(Address& address);
// Mode 0600. A socket file that nobody listens on any more is replaced.
Checked<int> ListenUnix(const std::string& path);

// Closes with RST instead of FIN.
void ResetAndClose(int fd);

}  // namespace stakewatch::sim
