#pragma once
// A conversation in lines: one is sent, one comes back. Over a unix socket or TCP, plain or TLS.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/net/net.h"
#include "common/result.h"

namespace stakewatch {

// Who speaks in lines, and where.
struct LinePeer {
  std::string socket;  // The path of a unix socket, or, if empty,
  HostPort tcp;
  std::string certificate_file;  // The only one it may show (PEM); empty: plain.

  std::string Name() const;  // As it was given.
};
// An absolute path, or host:port.
Checked<LinePeer> ParseLinePeer(std::string_view text);

// One connection, with one question at a time. Not thread-safe.
class LineLink {
 public:
  virtual ~LineLink() = default;
  // kUnreachable has errno as its code. Refused is a unix socket on which another user listens than
  // root, ourselves or the owner of its folder: who can put a socket there could pass our
  // authentication on.
  static Result<std::unique_ptr<LineLink>> Connect(const LinePeer& peer, const Deadline& deadline);

  // `question` has no line break; the answer comes without its own. An answer of more than
  // `bytes_max` bytes, more than one answer and one that is cut off are kBadAnswer; an end before
  // any byte of it is kUnreachable. After an error the link is of no more use.
  virtual Result<std::string> Ask(std::string_view question, std::size_t bytes_max,
                                  const Deadline& deadline) = 0;
  // The last question failed before a byte of an answer, because the connection ended.
  virtual bool WentAway() const = 0;
};

// The answer at the front of what came, without its line break (LF or CR LF); none while that is
// missing. kBadAnswer if it is longer than `bytes_max`, or more follows.
Result<std::optional<std::string_view>> CutLine(std::string_view came, std::size_t bytes_max);

}  // namespace stakewatch
