#pragma once
// JSON-RPC over a unix stream socket, as Geth's IPC: one JSON value after the other each way.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/upstream/upstream.h"

namespace stakewatch {

std::shared_ptr<Upstream> IpcRpcUpstream(std::string path, const UpstreamOptions& options);

// Finds where a JSON object or array that comes in pieces ends, by brackets and strings alone.
class JsonEnd {
 public:
  enum class State { kMore, kDone, kBad };
  // Takes the next bytes; `taken` says how many of them belong to the value.
  State Take(std::string_view bytes, std::size_t& taken);

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace stakewatch
