#pragma once
// systemd's notification protocol (sd_notify(3)), by hand: one datagram, no library.
#include <string_view>

namespace stakewatch {

// "READY=1", "STOPPING=1"; nothing where no NOTIFY_SOCKET is set.
void NotifySystemd(std::string_view state);

}  // namespace stakewatch
