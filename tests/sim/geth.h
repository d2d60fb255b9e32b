#pragma once
// One node: what Geth answers to each JSON-RPC method, held against recordings of v1.17.3.
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/chain.h"
#include "tests/sim/faults.h"
#include "tests/sim/peers.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {

// The connection's side of eth_subscribe; none over HTTP.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  virtual std::string Subscribe() = 0;  // The id.
  virtual bool Unsubscribe(std::string_view id) = 0;
};

// The result's JSON, in `shared` when it is big, or an error.
struct Outcome {
  std::string text = {};
  SharedText shared = {};
  int error_code = 0;
};

// The blocks that all nodes tell of: each is written once, not once a node.
class BlockTexts {
 public:
  SharedText Get(const Network& network, const Block& block, bool full);

 private:
  struct Entry {
    std::uint64_t chain_id, number, fork, timestamp;
    bool full;
    SharedText text;
  };
  std::vector<Entry> entries_;
  std::size_t oldest_ = 0;
};

class Geth {
 public:
  struct Setup {
    int index = 0;
    Network network{};
    double now = 0;       // Unix seconds.
    double interval = 0;  // Seconds from block to block.
    std::size_t peers = 0;
    std::uint64_t seed = 0;
  };
  Geth(const Setup& setup, const FaultSet& faults, BlockTexts& texts);

  // `params` is null where the request has none.
  Outcome Call(std::string_view method, const nlohmann::json& params, Subscriber* subscriber,
               double now);

  using Announce = std::function<void(const Network&, const Block&)>;
  // Follows the network up to block `target`, if no fault keeps it from doing so.
  void Follow(std::uint64_t target, double now, const Announce& announce);
  void Reorg(std::uint64_t depth, double now, const Announce& announce);
  void Gap(std::uint64_t heads) { gap_ = heads; }
  void Churn();
  // After any change of the faults.
  void Refresh(double now);

  std::uint64_t Head() const { return chain_.Head(); }
  // The hash of its block, or of that which will have this number.
  std::string HashOf(std::uint64_t number) const;
  const PeerSet& Peers() const { return peers_; }
  std::size_t PeerCount() const;

 private:
  int index_;
  Network network_, other_network_;
  double interval_;
  std::size_t peer_target_;
  std::uint64_t seed_;
  const FaultSet& faults_;
  BlockTexts& texts_;
  Chain chain_;
  PeerSet peers_;
  std::uint64_t gap_ = 0;
  double sync_started_ = 0;  // Unix seconds; 0: not syncing.

  bool Has(Kind kind) const { return faults_.Find(kind, index_) != nullptr; }
  const Network& Net() const { return Has(Kind::kWrongNetwork) ? other_network_ : network_; }
  std::uint64_t ShownHead(double now) const;
  std::string ClientVersion() const;
  PeerStyle Style() const;
  bool ModuleOff(std::string_view module) const;
  void AnnounceHead(const Block& block, const Announce& announce);

  Outcome BlockByNumber(const nlohmann::json& params, double now) const;
  std::string Syncing(double now) const;
  std::string NodeInfo(double now) const;
  std::string Modules() const;
  std::optional<Outcome> Simple(std::string_view method, double now);
};

}  // namespace stakewatch::sim
