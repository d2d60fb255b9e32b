// Handshake and frames.
#include "tests/sim/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace stakewatch::sim {
namespace {

constexpr std::uint64_t kPayloadBytesMax = 32U << 20;

unsigned char Byte(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

std::string AcceptKey(std::string_view client_key) {
  const std::string text = std::string(client_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

std::string FrameHead(Opcode opcode, std::size_t payload_bytes) {
  std::string head(1, static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
  const auto big_endian = [&head](std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) head += static_cast<char>(value >> (8 * i) & 0xffU);
  };
  if (payload_bytes < 126) {
    head += static_cast<char>(payload_bytes);
  } else if (payload_bytes < 65'536) {
    head += static_cast<char>(126);
    big_endian(payload_bytes, 2);
  } else {
    head += static_cast<char>(127);
    big_endian(payload_bytes, 8);
  }
  return head;
}

FrameParse ParseFrame(std::string_view text, Frame& frame) {
  if (text.size() < 2) return FrameParse::kMore;
  frame.last = (Byte(text, 0) & 0x80U) != 0;
  frame.opcode = static_cast<Opcode>(Byte(text, 0) & 0x0fU);
  if ((Byte(text, 1) & 0x80U) == 0) return FrameParse::kBad;  // A client must mask.
  std::uint64_t length = Byte(text, 1) & 0x7fU;
  std::size_t at = 2;
  if (length >= 126) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    if (text.size() < at + bytes) return FrameParse::kMore;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = length << 8U | Byte(text, at + i);
    at += bytes;
  }
  if (length > kPayloadBytesMax) return FrameParse::kBad;
  if (text.size() < at + 4 + length) return FrameParse::kMore;
  const std::string_view mask = text.substr(at, 4);
  frame.payload = text.substr(at + 4, length);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  }
  frame.bytes = at + 4 + length;
  return FrameParse::kComplete;
}

}  // namespace stakewatch::sim
