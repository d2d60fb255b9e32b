#pragma once
// The envelope of JSON-RPC 2.0, the same over every transport.
#include <cstdint>
#include <string>

#include "common/upstream/upstream.h"

namespace stakewatch {

// {"jsonrpc":"2.0","id":<id>,"method":<request.path>,"params":<request.body, or []>}
std::string RpcQuestion(const Request& request, std::uint64_t id);

// False for an answer of another call. An id of null is nobody's: some clients answer so to what
// they could not read.
bool RpcIdIs(const std::string& answer, std::uint64_t id);

}  // namespace stakewatch
