#include "common/websocket/handshake.h"

#include "common/text.h"

namespace stakewatch {

Error Handshake::Failure(std::string_view text) const {
  const std::string said = CleanText(text, 200);
  if (!verify_error.empty()) {
    return {Reason::kTls, "the certificate of " + peer + " is refused: " + verify_error};
  }
  if (status != 0 && status != 101) {
    std::string what =
        peer + " answers the WebSocket handshake with HTTP status " + std::to_string(status);
    if (status >= 300 && status < 400) what += "; redirects are not followed";
    return {Reason::kHttpStatus, what, status};
  }
  if (request_sent) {
    const bool answered = status != 0 || said.starts_with("HS:") || said.contains("pars");
    if (answered) return {Reason::kBadAnswer, peer + " speaks no WebSocket: " + said};
    // With TLS 1.3 a server that refuses our certificate says so only now.
    return {Reason::kUnreachable, peer + " ended the WebSocket handshake" +
                                      (tls ? " (or wants another client certificate): " : ": ") +
                                      said};
  }
  if (tls && (said.contains("SSL") || said.contains("SYSCALL") || said.contains("tls") ||
              said.contains("cert"))) {
    return {Reason::kTls, "no TLS connection to " + peer + ": " + said};
  }
  return {Reason::kUnreachable, "no connection to " + peer + (said.empty() ? "" : ": " + said)};
}

}  // namespace stakewatch
