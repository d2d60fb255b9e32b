#include "common/upstream/http_body.h"

#include <strings.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <system_error>
#include <utility>

#include "common/number.h"

namespace stakewatch {
namespace {

using End = HttpBody::End;

constexpr std::size_t kSpareBytes = 64;          // What simdjson wants to read past the end.
constexpr std::size_t kReserveMax = 4U << 20;    // A length is believed so far before it comes.
constexpr std::size_t kPieceBytes = 256U << 10;  // Of one read.
constexpr std::size_t kUntilClosedBytes = 16U << 10;  // Of one read when nobody knows how much.
constexpr std::size_t kChunkLineBytesMax = 256;       // The size and any extensions.
constexpr std::size_t kTrailerBytesMax = 8U << 10;

// Where a body goes, and how long it may be.
class Sink {
 public:
  virtual ~Sink() = default;
  // One read of at most `size` bytes: what Connection::Read says. -1 also for a body that is not
  // wanted any more.
  virtual ssize_t ReadFrom(Connection& connection, std::size_t size) = 0;
  virtual std::uint64_t Bytes() const = 0;
  virtual std::uint64_t BytesMax() const = 0;
  virtual std::size_t ReadBytesWithoutLength() const = 0;  // One read when nobody knows how much.
  virtual bool Refused() const { return false; }
};

// Onto the end of `text`.
class TextSink final : public Sink {
 public:
  TextSink(std::string& text, std::size_t bytes_max, std::size_t large_bytes)
      : text_(text), bytes_max_(bytes_max), large_bytes_(large_bytes) {}

  ssize_t ReadFrom(Connection& connection, std::size_t size) override {
    size = std::min(size, kPieceBytes);
    MakeRoom(size);
    const std::size_t before = text_.size();
    ssize_t n = 0;
    text_.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
      n = connection.Read(data + before, size);
      return before + static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    });
    return n;
  }
  std::uint64_t Bytes() const override { return text_.size(); }
  std::uint64_t BytesMax() const override { return bytes_max_; }
  std::size_t ReadBytesWithoutLength() const override { return kUntilClosedBytes; }

 private:
  // Doubles what there is, up to the limit, so that a long body is copied a few times at most.
  void MakeRoom(std::size_t more) {
    const std::size_t needed = text_.size() + more + kSpareBytes;
    if (needed <= text_.capacity()) return;
    const std::size_t wished =
        needed < HttpBody::kLargeBytes ? 0 : std::max(2 * text_.capacity(), large_bytes_);
    text_.reserve(std::max(needed, std::min(wished, bytes_max_) + kSpareBytes));
  }

  std::string& text_;
  std::size_t bytes_max_;
  std::size_t large_bytes_;
};

// Into the room that `to` offers.
class PiecesSink final : public Sink {
 public:
  PiecesSink(Pieces& to, std::uint64_t bytes_max, Error& refusal)
      : to_(to), bytes_max_(bytes_max), refusal_(refusal) {}

  ssize_t ReadFrom(Connection& connection, std::size_t size) override {
    const std::span<char> room = to_.Room();
    if (room.empty()) return Refuse({Reason::kBadAnswer, "there is no room for the answer"});
    const ssize_t n = connection.Read(room.data(), std::min(size, room.size()));
    if (n <= 0) return n;
    bytes_ += static_cast<std::size_t>(n);
    if (bytes_ > bytes_max_) return n;  // Told as too long; what is over is nobody's.
    const auto taken = to_.Take(static_cast<std::size_t>(n));
    return taken ? n : Refuse(taken.error());
  }
  std::uint64_t Bytes() const override { return bytes_; }
  std::uint64_t BytesMax() const override { return bytes_max_; }
  std::size_t ReadBytesWithoutLength() const override { return kPieceBytes; }
  bool Refused() const override { return refused_; }

 private:
  ssize_t Refuse(Error why) {
    refusal_ = std::move(why);
    refused_ = true;
    return -1;
  }

  Pieces& to_;
  std::uint64_t bytes_max_;
  Error& refusal_;
  std::uint64_t bytes_ = 0;
  bool refused_ = false;
};

End ReadExactly(Connection& connection, std::uint64_t size, Sink& sink) {
  while (size > 0) {
    const ssize_t n = sink.ReadFrom(connection, std::min<std::uint64_t>(size, SIZE_MAX));
    if (n <= 0) return sink.Refused() ? End::kRefused : End::kCut;
    size -= static_cast<std::size_t>(n);
  }
  return End::kWhole;
}

End ReadUntilClosed(Connection& connection, Sink& sink) {
  for (;;) {
    // One byte over the limit tells a body that fits from one that does not.
    const std::uint64_t left = sink.BytesMax() - sink.Bytes();
    const std::size_t read = sink.ReadBytesWithoutLength();
    const ssize_t n = sink.ReadFrom(connection, left < read ? left + 1 : read);
    if (sink.Refused()) return End::kRefused;
    if (n < 0) return connection.Why() == Connection::End::kBudget ? End::kTooLong : End::kCut;
    if (n == 0) return End::kWhole;
    if (sink.Bytes() > sink.BytesMax()) return End::kTooLong;
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

std::optional<std::uint64_t> ChunkSize(std::string_view line) {
  line = line.substr(0, line.find(';'));
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  return WholeNumber<std::uint64_t>(line, 16);
}

End ReadTrailers(Connection& connection, std::string& line) {
  std::size_t left = kTrailerBytesMax;
  for (;;) {
    if (const auto end = ReadLine(connection, left, line)) return *end;
    if (line.empty()) return End::kWhole;
    left -= line.size();
  }
}

End ReadChunks(Connection& connection, Sink& sink) {
  std::string line;
  for (;;) {
    if (const auto end = ReadLine(connection, kChunkLineBytesMax, line)) return *end;
    const auto size = ChunkSize(line);
    if (!size) return End::kBad;
    if (*size == 0) return ReadTrailers(connection, line);
    if (*size > sink.BytesMax() - sink.Bytes()) return End::kTooLong;
    if (const End end = ReadExactly(connection, *size, sink); end != End::kWhole) {
      return end;
    }
    if (const auto end = ReadLine(connection, 1, line)) return *end;
    if (!line.empty()) return End::kBad;
  }
}

// What a Content-Length says; none when there are several that differ, or it is no number.
std::optional<std::uint64_t> Length(const BodyFrame& frame) {
  const std::string& told = frame.content_lengths.front();
  if (std::ranges::any_of(frame.content_lengths,
                          [&](const std::string& other) { return other != told; })) {
    return std::nullopt;
  }
  return WholeNumber<std::uint64_t>(told, 10);
}

End ReadBody(Connection& connection, const BodyFrame& frame, Sink& sink) {
  if (!frame.transfer_encodings.empty()) {
    // With a length as well it is not clear where the answer ends: nobody honest sends both.
    const bool chunked = frame.content_lengths.empty() && frame.transfer_encodings.size() == 1 &&
                         strcasecmp(frame.transfer_encodings.front().c_str(), "chunked") == 0;
    return chunked ? ReadChunks(connection, sink) : End::kBad;
  }
  if (frame.content_lengths.empty()) return ReadUntilClosed(connection, sink);
  const auto length = Length(frame);
  if (!length) return End::kBad;
  if (*length > sink.BytesMax()) return End::kTooLong;
  return ReadExactly(connection, *length, sink);
}

}  // namespace

HttpBody::End HttpBody::Read(Connection& connection, const BodyFrame& frame, std::size_t bytes_max,
                             std::size_t large_bytes, std::string& text) {
  text.clear();
  std::size_t known = 0;
  if (frame.transfer_encodings.empty() && !frame.content_lengths.empty()) {
    known = std::min({Length(frame).value_or(0), bytes_max, kReserveMax});
  }
  text.reserve(known + kSpareBytes);
  TextSink sink(text, bytes_max, large_bytes);
  return ReadBody(connection, frame, sink);
}

HttpBody::End HttpBody::ReadInPieces(Connection& connection, const BodyFrame& frame,
                                     std::uint64_t bytes_max, Pieces& to, Error& refusal) {
  PiecesSink sink(to, bytes_max, refusal);
  return ReadBody(connection, frame, sink);
}

}  // namespace stakewatch
