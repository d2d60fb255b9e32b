// The generator of peers.
#include "tests/sim/peers.h"

#include <algorithm>
#include <array>

namespace stakewatch::sim {
namespace {

struct Client {
  std::string_view name;
  std::uint64_t weight;  // Of 100; about the shares seen on mainnet.
};

constexpr std::array<Client, 14> kClients = {{
    {"Geth/v1.17.3-stable-117e067f/linux-amd64/go1.26.8", 26},
    {"Geth/v1.17.2-stable-be4dc0c4/linux-amd64/go1.26.1", 14},
    {"Geth/v1.16.7-stable-b9f3a3d9/linux-arm64/go1.24.9", 6},
    {"Nethermind/v1.36.2+f3d6e5a1/linux-x64/dotnet10.0.4", 16},
    {"Nethermind/v1.35.8+3f1c0e8b/linux-arm64/dotnet10.0.0", 5},
    {"besu/v26.4.0/linux-x86_64/openjdk-java-21", 9},
    {"besu/v25.11.0/linux-x86_64/openjdk-java-21", 3},
    {"erigon/v3.3.4-8d2f1a5c/linux-amd64/go1.25.3", 5},
    {"reth/v1.11.1-5ecb1a6/x86_64-unknown-linux-gnu", 8},
    {"reth/v1.9.3-27a8c0f/x86_64-unknown-linux-gnu", 3},
    {"EthereumJS/10.1.0/linux/node22.11.0", 1},
    {"Nimbus-eth1/v0.3.0-a1b2c3d4/linux-amd64", 1},
    {"ethrex/v9.0.0-main-4f2b1c/x86_64-unknown-linux-gnu/rustc-v1.90.0", 2},
    {"", 1},  // Some peers tell no name.
}};

std::string_view ClientName(std::uint64_t seed) {
  std::uint64_t point = seed % 100;
  for (const Client& client : kClients) {
    if (point < client.weight) return client.name;
    point -= client.weight;
  }
  return kClients.front().name;
}

}  // namespace

PeerSet::PeerSet(std::uint64_t seed, std::size_t count, std::uint64_t head) : seed_(seed) {
  Resize(count, head);
}

Peer PeerSet::Make(std::uint64_t head) {
  const std::uint64_t seed = Mix(seed_, ++made_);
  Peer peer{.seed = seed, .name = std::string(ClientName(Mix(seed, 1)))};
  peer.ipv6 = Mix(seed, 2) % 8 == 0;
  peer.inbound = Mix(seed, 3) % 3 != 0;
  // The first peers of a node are those its operator configured.
  peer.fixed = made_ <= 2;
  peer.trusted = made_ == 2;
  if (peer.fixed) peer.inbound = false;
  peer.eth_version = 68 + static_cast<int>(Mix(seed, 4) % 3);
  peer.latest_block = head - std::min<std::uint64_t>(head, Mix(seed, 5) % 64);
  return peer;
}

void PeerSet::Resize(std::size_t count, std::uint64_t head) {
  if (count == peers_.size()) return;
  json_.reset();
  while (peers_.size() > count) peers_.pop_back();
  while (peers_.size() < count) peers_.push_back(Make(head));
  texts_.resize(count);
}

void PeerSet::Churn(std::size_t count, std::uint64_t head) {
  const std::uint64_t step = Mix(seed_ ^ 0x5eedU, ++steps_);
  const std::size_t slack = count / 25;
  Resize(count - (slack > 0 ? Mix(step, 1) % (slack + 1) : 0), head);
  // Static peers (the first two) stay.
  if (peers_.size() <= 2) return;
  const std::size_t changes = 1 + peers_.size() / 50;
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t gone = 2 + Mix(step, 2 + i) % (peers_.size() - 2);
    peers_[gone] = Make(head);
    texts_[gone].clear();
    const std::size_t told = Mix(step, 1000 + i) % peers_.size();
    peers_[told].latest_block = head;
    texts_[told].clear();
  }
  json_.reset();
}

const SharedText& PeerSet::Json(const PeerStyle& style) {
  if (json_ && style == style_) return json_;
  if (!(style == style_)) {
    for (std::string& text : texts_) text.clear();
    style_ = style;
  }
  std::string all = "[";
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (texts_[i].empty()) texts_[i] = PeerJson(peers_[i], style, i);
    if (i > 0) all += ',';
    all += texts_[i];
  }
  all += ']';
  json_ = Share(std::move(all));
  return json_;
}

}  // namespace stakewatch::sim
