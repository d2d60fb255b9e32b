#pragma once
// The peers of one node: they come and go, and each is kept as the JSON that tells of it, so that
// an answer about 5,000 of them is put together without building it anew.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/text.h"

namespace stakewatch::sim {

struct Peer {
  std::uint64_t seed = 0;  // Its key, addresses and ports follow from it.
  std::string name;
  bool ipv6 = false;
  bool inbound = false;
  bool trusted = false;
  bool fixed = false;  // Static, in Geth's word.
  int eth_version = 0;
  std::uint64_t latest_block = 0;
};

// Whose admin_peers is imitated; where each shape is taken from is said in peer_json.cpp.
enum class Shape : std::uint8_t {
  kGeth,
  kOldGeth,
  kHandshake,
  kBesu,
  kNethermind,
  kNethermind130,
  kErigon,
  kReth,
};

struct PeerStyle {
  Shape shape = Shape::kGeth;
  bool no_inbound = false;
  bool one_subnet = false;
  bool evil_names = false;

  bool operator==(const PeerStyle&) const = default;
};

std::string PeerEnode(const Peer& peer);
std::string PeerJson(const Peer& peer, const PeerStyle& style, std::size_t index);

class PeerSet {
 public:
  PeerSet(std::uint64_t seed, std::size_t count, std::uint64_t head);

  std::size_t Count() const { return peers_.size(); }
  const std::vector<Peer>& Peers() const { return peers_; }
  void Resize(std::size_t count, std::uint64_t head);
  // One step of coming and going: some peers are replaced by others, some tell a newer block.
  // The number of peers moves by 4 % below `count`.
  void Churn(std::size_t count, std::uint64_t head);
  // The JSON array; made again only when peers or style have changed.
  const SharedText& Json(const PeerStyle& style);

 private:
  std::uint64_t seed_;
  std::uint64_t made_ = 0;  // How many peers there have been.
  std::uint64_t steps_ = 0;
  std::vector<Peer> peers_;
  PeerStyle style_;
  std::vector<std::string> texts_;  // Of each peer, in `style_`; empty: to be made.
  SharedText json_;

  Peer Make(std::uint64_t head);
};

}  // namespace stakewatch::sim
