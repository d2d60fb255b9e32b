#pragma once
// --health: is the exporter with these flags serving? For containers, whose image has no curl.
#include "common/result.h"
#include "common/web/web.h"

namespace stakewatch {

// Asks /-/healthy at the first listen address, over loopback where that is all addresses. Any HTTP
// answer in two seconds is good, one that asks for a password included; with TLS, whose certificate
// is for another name, a connection is.
Checked<void> CheckHealth(const WebOptions& options);

}  // namespace stakewatch
