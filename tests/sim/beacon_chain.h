#pragma once
// A beacon chain that moves: slots with and without blocks, who had which duty in them and did it,
// and what became justified and final. Duties and roots are functions of slot and seed, so that
// millions of validators cost no memory.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stakewatch::sim {

struct BeaconSetup {
  double now = 0;  // Unix seconds.
  double slot_seconds = 12;
  std::uint64_t slots_per_epoch = 8;
  std::uint64_t history_epochs = 6;  // Before `now`, with a block in each slot.
  std::uint64_t validators = 64;
  std::uint64_t own = 16;            // Those of our validator client: indices 0 to own - 1.
  std::uint64_t start_block = 1000;  // The payload's number in the newest block of the history.
  std::uint64_t seed = 1;
};

// What happened in one slot.
struct Slot {
  bool block = true;
  bool own_attest = true;              // Our validators did their duty.
  bool own_late = false;               // Their attestations came too late for the head vote.
  bool other_recipient = false;        // An own block pays to somebody else.
  std::uint32_t others_percent = 100;  // Of the other validators: those that did.
  std::uint32_t sync_percent = 100;  // Of the own members of the sync committee: those that signed.
  std::uint32_t fork = 0;            // Differs between two blocks of one slot.
  std::uint64_t block_number = 0;    // The payload's; without a block that of the block before.
};

struct Finality {
  std::uint64_t previous_justified = 0, justified = 0, finalized = 0;  // Epochs.
};

// Where a validator attests in an epoch.
struct Duty {
  std::uint64_t slot = 0, committee = 0, committees = 0, position = 0, length = 0;
};

class BeaconChain {
 public:
  explicit BeaconChain(const BeaconSetup& setup);

  const BeaconSetup& Setup() const { return setup_; }
  std::uint64_t GenesisTime() const { return genesis_time_; }  // Unix seconds.
  std::uint64_t SlotAt(double now) const;                      // 0 before genesis.
  double StartOf(std::uint64_t slot) const;
  std::uint64_t EpochOf(std::uint64_t slot) const { return slot / setup_.slots_per_epoch; }

  // Slots are appended in order; Next() is the first one that is not there yet.
  std::uint64_t Next() const { return first_ + slots_.size(); }
  void Append(Slot slot);
  Slot At(std::uint64_t slot) const;  // A slot not reached yet has no block.
  // The newest slot with a block that is not above `slot`.
  std::uint64_t LastBlock(std::uint64_t slot) const;
  // The newest `depth` slots with a block get other blocks; returns the lowest of them.
  std::uint64_t Reorg(std::uint64_t depth);

  // What the state of the epoch's first slot says.
  Finality FinalityAt(std::uint64_t epoch) const;
  // The share of the stake that voted for the epoch's target, as a chain with `head` knows it.
  double Participation(std::uint64_t epoch, std::uint64_t head) const;

  std::string Root(std::uint64_t slot) const;       // Of the block, 0x and 64 digits.
  std::string StateRoot(std::uint64_t slot) const;  // As Root.
  std::string Pubkey(std::uint64_t index) const;    // 0x and 96 digits.
  std::optional<std::uint64_t> IndexOf(std::string_view pubkey) const;

  bool Own(std::uint64_t index) const { return index < setup_.own; }
  std::uint64_t Proposer(std::uint64_t slot) const;
  Duty DutyOf(std::uint64_t index, std::uint64_t epoch) const;
  std::uint64_t SyncCommitteeSize() const { return setup_.slots_per_epoch == 8 ? 32 : 512; }
  std::uint64_t EpochsPerSyncPeriod() const { return setup_.slots_per_epoch == 8 ? 8 : 256; }
  std::uint64_t SyncMember(std::uint64_t period, std::uint64_t position) const;
  bool SyncBit(std::uint64_t slot, std::uint64_t position) const;

  // Whether the validator's attestation of that epoch was made, and is in a block up to `head`.
  bool Attested(std::uint64_t index, std::uint64_t epoch, std::uint64_t head) const;

 private:
  BeaconSetup setup_;
  std::uint64_t genesis_time_ = 0;
  std::uint64_t first_ = 0;   // The slot that slots_ begins with.
  std::uint64_t stride_ = 1;  // Coprime to the number of validators.
  std::vector<Slot> slots_;
  std::vector<Finality> finality_;  // By epoch.

  bool Included(std::uint64_t slot, std::uint64_t head) const;
  void EndEpoch();
};

}  // namespace stakewatch::sim
