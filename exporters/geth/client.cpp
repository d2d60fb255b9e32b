#include "exporters/geth/client.h"

namespace stakewatch::geth {
namespace {

constexpr int kMethodNotFound = -32601;  // JSON-RPC 2.0, section 5.1.

const CallRow& Row(Call call) {
  return kCalls[static_cast<std::size_t>(call)];
}

}  // namespace

Result<std::string> Client::Answer(Call call, const Deadline& deadline) const {
  const CallRow& row = Row(call);
  return node_.Ask({row.name, std::string(row.method), std::string(row.params)}, deadline);
}

Error Client::Explain(Call call, const Error& error) {
  const CallRow& row = Row(call);
  Error told = error;
  told.what = std::string(row.name) + ": " + error.what;
  if (error.code == kMethodNotFound) {
    const std::string module(row.method.substr(0, row.method.find('_')));
    told.what += "; is the module on? Geth turns it on by --http.api=" + module +
                 ",… (or --ws.api), and always on its IPC socket";
  }
  return told;
}

// Geth: error -32000 "finalized block not found"; Nethermind and others: -32001, -39001 or a null
// result, which DecodeRpc gives without a code. A method that is missing is another matter.
bool NoSuchBlock(const Error& error) {
  return error.reason == Reason::kRpcError && error.code != kMethodNotFound;
}

}  // namespace stakewatch::geth
