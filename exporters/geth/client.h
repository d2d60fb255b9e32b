#pragma once
// Everything this exporter can ask a node for. All of it reads: there is no way to say another
// method, so monitoring can neither change nor stop a node.
#include <array>
#include <string>
#include <string_view>

#include "common/json.h"
#include "common/upstream/upstream.h"

namespace stakewatch::geth {

enum class Call {
  kWeb3ClientVersion,
  kAdminPeers,
  kBlockLatest,
  kBlockSafe,
  kBlockFinalized,
  kBlockGenesis,
  kEthSyncing,
  kTxpoolStatus,
  kEthChainId,
  kNetVersion,
  kNetListening,
  kNetPeerCount,
  kEthGasPrice,
};

struct CallRow {
  std::string_view name;  // Of the recorded answer and in log lines.
  std::string_view method;
  std::string_view params;
};

// In the order of Call.
inline constexpr std::array<CallRow, 13> kCalls = {{
    {"web3_clientVersion", "web3_clientVersion", "[]"},
    {"admin_peers", "admin_peers", "[]"},
    {"block_latest", "eth_getBlockByNumber", R"(["latest",false])"},
    {"block_safe", "eth_getBlockByNumber", R"(["safe",false])"},
    {"block_finalized", "eth_getBlockByNumber", R"(["finalized",false])"},
    {"block_genesis", "eth_getBlockByNumber", R"(["0x0",false])"},
    {"eth_syncing", "eth_syncing", "[]"},
    {"txpool_status", "txpool_status", "[]"},
    {"eth_chainId", "eth_chainId", "[]"},
    {"net_version", "net_version", "[]"},
    {"net_listening", "net_listening", "[]"},
    {"net_peerCount", "net_peerCount", "[]"},
    {"eth_gasPrice", "eth_gasPrice", "[]"},
}};

// Borrows the upstream.
class Client {
 public:
  explicit Client(const Upstream& node) : node_(node) {}

  // The answer to `call` as `parse(const std::string&) -> Result<T>` reads it. An error says which
  // call it was; where the node lacks the method, also which flag of Geth's turns it on.
  template <class Parse>
  auto Ask(Call call, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    const auto answer = Answer(call, deadline);
    if (!answer) return std::unexpected(answer.error());
    auto parsed = parse(*answer);
    if (!parsed) return std::unexpected(Explain(call, parsed.error()));
    return parsed;
  }

 private:
  Result<std::string> Answer(Call call, const Deadline& deadline) const;
  static Error Explain(Call call, const Error& error);

  const Upstream& node_;
};

// True for an error of the node's own that says: there is no such block yet.
bool NoSuchBlock(const Error& error);

}  // namespace stakewatch::geth
