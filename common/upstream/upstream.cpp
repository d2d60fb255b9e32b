#include "common/upstream/upstream.h"

#include <algorithm>
#include <cstring>

namespace stakewatch {

// For what holds its answers anyway: a folder of recorded ones, JSON-RPC.
Result<void> Upstream::AskInPieces(const Request& request, const Deadline& deadline,
                                   std::uint64_t bytes_max, Pieces& to) const {
  const auto answer = Ask(request, deadline);
  if (!answer) return std::unexpected(answer.error());
  if (answer->size() > bytes_max) {
    return Fail(Reason::kBadAnswer, std::string(request.name) + ": the answer is longer than " +
                                        std::to_string(bytes_max) + " bytes");
  }
  for (std::string_view left = *answer; !left.empty();) {
    const std::span<char> room = to.Room();
    const std::size_t n = std::min(left.size(), room.size());
    if (n == 0) {
      return Fail(Reason::kBadAnswer,
                  std::string(request.name) + ": there is no room for the answer");
    }
    std::memcpy(room.data(), left.data(), n);
    left.remove_prefix(n);
    if (const auto taken = to.Take(n); !taken) return taken;
  }
  return {};
}

}  // namespace stakewatch
