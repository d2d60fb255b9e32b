#pragma once
// JSON-RPC 2.0 as Geth speaks it: envelopes, batches, errors; and answers that are wrong on
// purpose.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/faults.h"
#include "tests/sim/geth.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {

using Pieces = std::vector<SharedText>;

std::size_t Bytes(const Pieces& pieces);
std::string Join(const Pieces& pieces);

struct RpcReply {
  Pieces body;                   // Empty: only notifications, nothing to answer.
  bool parse_error = false;      // The request is no JSON.
  std::optional<Fault> carried;  // The fault of how the answer travels, if there is one.
  std::vector<std::string> methods;
};

// Answers one request or batch; the body ends in a newline, but for a parse error, as Geth's.
RpcReply AnswerRpc(Geth& geth, const FaultSet& faults, int node, std::string_view request,
                   Subscriber* subscriber, double now);

// The first fault that concerns how an answer of `node` to `method` travels, or what stands in
// its place; kHang included. An empty `method` finds only those not narrowed to one.
const Fault* FindCarried(const FaultSet& faults, int node, std::string_view method);

// Where the first JSON value in `text` ends (one past it), or npos: it is not complete yet.
// Anything that is no object or array ends at the next newline.
std::size_t EndOfValue(std::string_view text);

}  // namespace stakewatch::sim
