#pragma once
// The body of an HTTP/1.1 answer (RFC 9112, 6 and 7), read from a connection in bounded memory.
// cpp-httplib's own reader takes a chunk without its end for a whole body, a Content-Length of
// words for 0 and a chunk-size line of any length, and copies by 4 KiB.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/net/stream.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// What the header says about where the body ends.
struct BodyFrame {
  std::vector<std::string> content_lengths;
  std::vector<std::string> transfer_encodings;
};

class HttpBody {
 public:
  static constexpr std::size_t kLargeBytes = 64U << 10;  // From here on a body is large.

  enum class End {
    kWhole,    // And the connection stands at the next answer.
    kCut,      // The connection ended first: its Why says how.
    kTooLong,  // More than `bytes_max`.
    kBad,      // A frame that HTTP does not know.
    kRefused,  // By the one who takes the pieces: `refusal` says why.
  };

  // Reads at most `bytes_max` bytes into `text`, whose capacity is then at least 64 bytes more than
  // its size. A body that turns out large without having told its length is given room for
  // `large_bytes` at once (what the last such body took; 0: unknown). On kTooLong, kCut and kBad
  // `text` has what came.
  static End Read(Connection& connection, const BodyFrame& frame, std::size_t bytes_max,
                  std::size_t large_bytes, std::string& text);
  // Reads at most `bytes_max` bytes into `to`, by reads as large as its room.
  static End ReadInPieces(Connection& connection, const BodyFrame& frame, std::uint64_t bytes_max,
                          Pieces& to, Error& refusal);
  // Without a length or chunks the body lasts until the connection does; it is not for a second
  // answer then.
  static bool UntilClosed(const BodyFrame& frame) {
    return frame.content_lengths.empty() && frame.transfer_encodings.empty();
  }
};

}  // namespace stakewatch
