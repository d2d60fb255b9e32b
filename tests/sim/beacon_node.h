#pragma once
// Our beacon node: what it knows of the network's chain, what it says of itself, and what its
// faults make of both. Held against recordings of Prysm v7.1.6.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/sim/beacon_chain.h"
#include "tests/sim/beacon_spec.h"
#include "tests/sim/faults.h"

namespace stakewatch::sim {

struct NodeStatus {
  std::uint64_t clock = 0, head = 0;  // Slots.
  std::uint64_t distance = 0;
  bool syncing = false, optimistic = false, el_offline = false;
  bool starting = false;      // It answers 500.
  bool has_execution = true;  // It knows an execution client's version.
};

class BeaconNode {
 public:
  // An empty topic: a keep-alive.
  using Emit = std::function<void(std::string_view topic, const std::string& data)>;
  // The hash of the payload's block of that number.
  using BlockHashOf = std::function<std::string(std::uint64_t number)>;

  BeaconNode(const BeaconSetup& setup, std::string_view network, std::size_t peers,
             const FaultSet& faults, BlockHashOf block_hash);

  // All slots that are due: blocks are made or missed, imported or not.
  void Advance(double now, const Emit& emit);
  double NextDue() const;  // Unix seconds.
  void Reorg(std::uint64_t depth, const Emit& emit);
  // After any change of the faults.
  void Refresh(double now, const Emit& emit);

  const BeaconChain& Chain() const { return chain_; }
  const FaultSet& Faults() const { return faults_; }
  NodeStatus Status(double now) const;
  BeaconNetwork Network() const;
  SpecSettings Spec() const;
  Finality FinalityNow(double now) const;
  std::string BlockHash(std::uint64_t number) const { return block_hash_(number); }
  // The payload's number in its head.
  std::uint64_t HeadBlockNumber() const { return chain_.At(head_).block_number; }
  double HeadTime() const { return chain_.StartOf(head_); }  // Unix seconds.
  std::size_t PeerCount() const;
  bool Has(Kind kind) const { return faults_.Find(kind, kBeaconNode) != nullptr; }
  bool ValidatorClientUp() const;
  bool Slashed(std::uint64_t index) const;
  // What own validators did since the start, for the validator client's metrics.
  std::uint64_t OwnAttestations() const { return own_attestations_; }
  std::uint64_t OwnRefusals() const { return own_refusals_; }
  std::uint64_t OwnProposals() const { return own_proposals_; }
  std::uint64_t OwnMissedProposals() const { return own_missed_proposals_; }

 private:
  BeaconNetwork network_;
  std::size_t peers_;
  const FaultSet& faults_;
  BlockHashOf block_hash_;
  BeaconChain chain_;
  std::uint64_t head_ = 0;        // The newest slot whose block is imported.
  double syncing_since_ = 0;      // Unix seconds; 0: not syncing.
  double restarted_ = 0;          // Likewise.
  std::uint64_t sync_first_ = 0;  // Where syncing began.
  std::uint64_t fork_epoch_ = kFarFuture;
  bool slashed_ = false;
  std::uint64_t own_attestations_ = 0, own_refusals_ = 0;
  std::uint64_t own_proposals_ = 0, own_missed_proposals_ = 0;

  bool GethDown() const;
  bool Optimistic() const;
  bool Held() const;  // It imports nothing.
  Slot Make(std::uint64_t slot);
  void Import(std::uint64_t slot, const Emit& emit);
};

}  // namespace stakewatch::sim
