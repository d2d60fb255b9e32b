#pragma once
// A chain that moves. A block is a function of its number and of the fork it is on, so that a
// thousand nodes cost little memory and every old block can still be asked for.
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/text.h"

namespace stakewatch::sim {

struct Network {
  std::string_view name;
  std::uint64_t chain_id;
  std::string_view genesis_hash;
  std::uint64_t genesis_time;  // Unix seconds.
  std::uint64_t start_block;   // The head when the simulator starts.
};

// mainnet, sepolia, hoodi or dev; none for any other name.
std::optional<Network> FindNetwork(std::string_view name);
Network NetworkOrMainnet(std::string_view name);

struct Block {
  std::uint64_t number = 0;
  std::uint64_t fork = 0;         // Differs between two blocks of one number.
  std::uint64_t parent_fork = 0;  // That of the block before.
  std::uint64_t timestamp = 0;    // Unix seconds.
};

std::string BlockHash(const Network& network, const Block& block);
// The object that eth_getBlockByNumber answers: transactions as hashes, or whole when `full`.
std::string BlockJson(const Network& network, const Block& block, bool full);
// The object of a newHeads notification (Geth's types.Header: no size, no transactions).
std::string HeaderJson(const Network& network, const Block& block);

class Chain {
 public:
  // `now` and `interval` in seconds; the head is `network.start_block`, made at `now`.
  Chain(const Network& network, double now, double interval);

  std::uint64_t Head() const { return recent_.back().number; }
  Block At(std::uint64_t number) const;  // `number` is at most Head().
  void Append(double now);
  // Replaces the newest `depth` blocks by others of the same numbers; returns the first one.
  std::uint64_t Reorg(std::uint64_t depth, double now);

 private:
  std::uint64_t genesis_time_;
  double interval_;
  std::uint64_t forks_ = 0;   // How many reorgs there were.
  std::deque<Block> recent_;  // The newest blocks; those below are computed.
};

}  // namespace stakewatch::sim
