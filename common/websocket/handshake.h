#pragma once
// What a WebSocket handshake that failed means.
#include <string>
#include <string_view>

#include "common/result.h"

namespace stakewatch {

// How far a handshake came.
struct Handshake {
  std::string peer;  // host:port.
  bool tls = false;
  bool request_sent = false;
  int status = 0;            // Of the HTTP answer, when one came.
  std::string verify_error;  // Why the server's certificate was refused.

  // `text` is what libwebsockets says, which differs between its versions; never a secret.
  Error Failure(std::string_view text) const;
  // The TCP connection itself failed: another address of the same name may do better.
  bool NoConnection(const Error& failure) const {
    return !request_sent && failure.reason != Reason::kTls;
  }
};

}  // namespace stakewatch
