#include "common/upstream/http_body.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace stakewatch {
namespace {

using End = HttpBody::End;

constexpr std::size_t kSpareBytes = 64;          // What simdjson wants to read past the end.
constexpr std::size_t kReserveMax = 4U << 20;    // A length is believed so far before it comes.
constexpr std::size_t kPieceBytes = 256U << 10;  // Of one read.
constexpr std::size_t kUntilClosedBytes = 16U << 10;  // Of one read when nobody knows how much.
constexpr std::size_t kChunkLineBytesMax = 256;       // The size and any extensions.
constexpr std::size_t kTrailerBytesMax = 8U << 10;

std::optional<std::size_t> Number(std::string_view text, int base) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The text that grows, and how far it may.
struct Body {
  std::string& text;
  std::size_t bytes_max;
  std::size_t large_bytes;

  // Doubles what there is, up to the limit, so that a long body is copied a few times at most.
  void MakeRoom(std::size_t more) const {
    const std::size_t needed = text.size() + more + kSpareBytes;
    if (needed <= text.capacity()) return;
    const std::size_t wished =
        needed < HttpBody::kLargeBytes ? 0 : std::max(2 * text.capacity(), large_bytes);
    text.reserve(std::max(needed, std::min(wished, bytes_max) + kSpareBytes));
  }
};

// One read of at most `size` bytes onto the end of `text`: what Connection::Read says.
ssize_t ReadOnto(Connection& connection, std::size_t size, const Body& body) {
  size = std::min(size, kPieceBytes);
  body.MakeRoom(size);
  std::string& text = body.text;
  const std::size_t before = text.size();
  ssize_t n = 0;
  text.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
    n = connection.Read(data + before, size);
    return before + static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  });
  return n;
}

End ReadExactly(Connection& connection, std::size_t size, const Body& body) {
  while (size > 0) {
    const ssize_t n = ReadOnto(connection, size, body);
    if (n <= 0) return End::kCut;
    size -= static_cast<std::size_t>(n);
  }
  return End::kWhole;
}

End ReadUntilClosed(Connection& connection, const Body& body) {
  for (;;) {
    // One byte over the limit tells a body that fits from one that does not.
    const std::size_t room = std::min(body.bytes_max - body.text.size() + 1, kUntilClosedBytes);
    const ssize_t n = ReadOnto(connection, room, body);
    if (n < 0) return connection.Why() == Connection::End::kBudget ? End::kTooLong : End::kCut;
    if (n == 0) return End::kWhole;
    if (body.text.size() > body.bytes_max) return End::kTooLong;
  }
}

// Without its line break. None when there is none within `bytes_max`: kBad, or kCut.
std::optional<End> ReadLine(Connection& connection, std::size_t bytes_max, std::string& line) {
  line.clear();
  for (;;) {
    char c = 0;
    if (connection.Read(&c, 1) <= 0) return End::kCut;
    if (c == '\n') break;
    if (line.size() == bytes_max) return End::kBad;
    line += c;
  }
  if (!line.ends_with('\r')) return End::kBad;
  line.pop_back();
  return std::nullopt;
}

std::optional<std::size_t> ChunkSize(std::string_view line) {
  line = line.substr(0, line.find(';'));
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  return Number(line, 16);
}

End ReadTrailers(Connection& connection, std::string& line) {
  std::size_t left = kTrailerBytesMax;
  for (;;) {
    if (const auto end = ReadLine(connection, left, line)) return *end;
    if (line.empty()) return End::kWhole;
    left -= line.size();
  }
}

End ReadChunks(Connection& connection, const Body& body) {
  std::string line;
  for (;;) {
    if (const auto end = ReadLine(connection, kChunkLineBytesMax, line)) return *end;
    const auto size = ChunkSize(line);
    if (!size) return End::kBad;
    if (*size == 0) return ReadTrailers(connection, line);
    if (*size > body.bytes_max - body.text.size()) return End::kTooLong;
    if (const End end = ReadExactly(connection, *size, body); end != End::kWhole) {
      return end;
    }
    if (const auto end = ReadLine(connection, 1, line)) return *end;
    if (!line.empty()) return End::kBad;
  }
}

}  // namespace

HttpBody::End HttpBody::Read(Connection& connection, const BodyFrame& frame, std::size_t bytes_max,
                             std::size_t large_bytes, std::string& text) {
  const Body body{text, bytes_max, large_bytes};
  text.clear();
  text.reserve(kSpareBytes);
  if (!frame.transfer_encodings.empty()) {
    // With a length as well it is not clear where the answer ends: nobody honest sends both.
    const bool chunked = frame.content_lengths.empty() && frame.transfer_encodings.size() == 1 &&
                         strcasecmp(frame.transfer_encodings.front().c_str(), "chunked") == 0;
    return chunked ? ReadChunks(connection, body) : End::kBad;
  }
  if (frame.content_lengths.empty()) return ReadUntilClosed(connection, body);
  const std::string& told = frame.content_lengths.front();
  const auto length = Number(told, 10);
  if (!length || std::ranges::any_of(frame.content_lengths,
                                     [&](const std::string& other) { return other != told; })) {
    return End::kBad;
  }
  if (*length > bytes_max) return End::kTooLong;
  text.reserve(std::min(*length, kReserveMax) + kSpareBytes);
  return ReadExactly(connection, *length, body);
}

}  // namespace stakewatch
