#pragma once
// RFC 6455, the server's side.
#include <cstddef>
#include <string>
#include <string_view>

namespace stakewatch::sim {

// The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string AcceptKey(std::string_view client_key);

enum class Opcode : unsigned char {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// The bytes that go before an unmasked payload.
std::string FrameHead(Opcode opcode, std::size_t payload_bytes);

struct Frame {
  Opcode opcode{};
  bool last = false;
  std::string payload;    // Unmasked.
  std::size_t bytes = 0;  // Of the whole frame.
};
enum class FrameParse { kComplete, kMore, kBad };
// The first frame of `text`; kBad: unmasked, or above 32 MiB (Geth's limit).
FrameParse ParseFrame(std::string_view text, Frame& frame);

}  // namespace stakewatch::sim
