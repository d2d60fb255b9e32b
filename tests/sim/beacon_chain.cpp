// Slots, duties and finality.
#include "tests/sim/beacon_chain.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>

#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

// What the seed is mixed with, so that each purpose has its own stream.
enum Purpose : std::uint8_t { kRoot = 21, kState, kKey, kKeyIndex, kProposer, kSync, kBit, kVote };

constexpr std::uint64_t kCommitteesMax = 64;

std::string SixteenDigits(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 15U];
  return text;
}

}  // namespace

BeaconChain::BeaconChain(const BeaconSetup& setup) : setup_(setup) {
  setup_.slots_per_epoch = std::max<std::uint64_t>(setup_.slots_per_epoch, 1);
  setup_.validators = std::max<std::uint64_t>(setup_.validators, 1);
  setup_.own = std::min(setup_.own, setup_.validators);
  first_ = setup_.history_epochs * setup_.slots_per_epoch;
  // One payload a slot, and the first at genesis.
  setup_.start_block = std::max(setup_.start_block, first_);
  genesis_time_ = static_cast<std::uint64_t>(
      std::floor(setup_.now - static_cast<double>(first_) * setup_.slot_seconds));
  stride_ = 2'654'435'761U % setup_.validators;
  while (std::gcd(stride_, setup_.validators) != 1) ++stride_;
  for (std::uint64_t epoch = 0; epoch < setup_.history_epochs; ++epoch) {
    // As on a real chain, where the first two epochs cannot be justified.
    const std::uint64_t justified = epoch < 3 ? 0 : epoch - 1;
    const std::uint64_t before = epoch < 4 ? 0 : epoch - 2;
    finality_.push_back({before, justified, before});
  }
  if (finality_.empty()) finality_.push_back({});
  // The newest of the history is kept, so that there is a block to build on.
  if (first_ > 0) --first_;
  Append({});
}

std::uint64_t BeaconChain::SlotAt(double now) const {
  const double age = now - static_cast<double>(genesis_time_);
  return age <= 0 ? 0 : static_cast<std::uint64_t>(age / setup_.slot_seconds);
}

double BeaconChain::StartOf(std::uint64_t slot) const {
  return static_cast<double>(genesis_time_) + static_cast<double>(slot) * setup_.slot_seconds;
}

void BeaconChain::Append(Slot slot) {
  const std::uint64_t before = slots_.empty() ? setup_.start_block - 1 : slots_.back().block_number;
  slot.block_number = slot.block ? before + 1 : before;
  slots_.push_back(slot);
  if (Next() % setup_.slots_per_epoch == 0) EndEpoch();
}

// The state of the epoch that begins: the one that has ended counts.
void BeaconChain::EndEpoch() {
  const std::uint64_t begins = EpochOf(Next());
  const std::uint64_t ended = begins - 1;
  const Finality last = FinalityAt(ended);
  Finality next{.previous_justified = last.justified,
                .justified = last.justified,
                .finalized = last.finalized};
  if (Participation(ended, Next() - 1) * 3 >= 2 && ended >= 2) {
    next.justified = ended;
    if (next.previous_justified + 1 == ended) next.finalized = next.previous_justified;
  }
  if (finality_.size() == begins) finality_.push_back(next);
}

Slot BeaconChain::At(std::uint64_t slot) const {
  if (slot >= Next()) return {.block = false, .own_attest = false, .others_percent = 0};
  if (slot >= first_) return slots_[slot - first_];
  return {.block_number = setup_.start_block - (first_ - slot)};
}

std::uint64_t BeaconChain::LastBlock(std::uint64_t slot) const {
  slot = std::min(slot, Next() - 1);
  while (slot > 0 && !At(slot).block) --slot;
  return slot;
}

std::uint64_t BeaconChain::Reorg(std::uint64_t depth) {
  std::uint64_t slot = Next() - 1, lowest = slot;
  for (; depth > 0 && slot >= first_; --slot) {
    Slot& one = slots_[slot - first_];
    if (one.block) {
      ++one.fork;
      --depth;
      lowest = slot;
    }
    if (slot == 0) break;
  }
  return lowest;
}

Finality BeaconChain::FinalityAt(std::uint64_t epoch) const {
  return finality_[std::min<std::uint64_t>(epoch, finality_.size() - 1)];
}

// An attestation can be included until the end of the next epoch.
bool BeaconChain::Included(std::uint64_t slot, std::uint64_t head) const {
  const std::uint64_t end = (EpochOf(slot) + 2) * setup_.slots_per_epoch - 1;
  // The last slot of an epoch that just ends is counted before its successor is there.
  if (slot == head) return true;
  const std::uint64_t last = std::min(head, end);
  return last > slot && LastBlock(last) > slot;
}

double BeaconChain::Participation(std::uint64_t epoch, std::uint64_t head) const {
  const double own = static_cast<double>(setup_.own) / static_cast<double>(setup_.validators);
  double sum = 0;
  for (std::uint64_t i = 0; i < setup_.slots_per_epoch; ++i) {
    const std::uint64_t at = epoch * setup_.slots_per_epoch + i;
    const Slot slot = At(at);
    if (!Included(at, head)) continue;
    sum += (slot.own_attest ? own : 0) + (1 - own) * slot.others_percent / 100;
  }
  return sum / static_cast<double>(setup_.slots_per_epoch);
}

std::string BeaconChain::Root(std::uint64_t slot) const {
  return Hash(Mix(Mix(setup_.seed, kRoot), Mix(slot, At(slot).fork)));
}

std::string BeaconChain::StateRoot(std::uint64_t slot) const {
  return Hash(Mix(Mix(setup_.seed, kState), Mix(slot, At(slot).fork)));
}

// The last digits say the index, so that a key is found without a table of all.
std::string BeaconChain::Pubkey(std::uint64_t index) const {
  const std::uint64_t seed = Mix(setup_.seed, kKey);
  return "0xa" + HexDigits(Mix(seed, index), 79) +
         SixteenDigits(index ^ Mix(setup_.seed, kKeyIndex));
}

std::optional<std::uint64_t> BeaconChain::IndexOf(std::string_view pubkey) const {
  std::uint64_t hidden = 0;
  if (pubkey.size() != 98) return std::nullopt;
  const char* const end = pubkey.data() + pubkey.size();
  if (std::from_chars(end - 16, end, hidden, 16).ptr != end) return std::nullopt;
  const std::uint64_t index = hidden ^ Mix(setup_.seed, kKeyIndex);
  if (index >= setup_.validators || Pubkey(index) != pubkey) return std::nullopt;
  return index;
}

std::uint64_t BeaconChain::Proposer(std::uint64_t slot) const {
  return Mix(Mix(setup_.seed, kProposer), slot) % setup_.validators;
}

Duty BeaconChain::DutyOf(std::uint64_t index, std::uint64_t epoch) const {
  const std::uint64_t count = setup_.validators, slots = setup_.slots_per_epoch;
  const std::uint64_t shift = Mix(setup_.seed, epoch) % count;
  // A permutation of all validators, another one each epoch. Nobody has 2^32 validators.
  const std::uint64_t place = (index % count * stride_ + shift) % count;
  const std::uint64_t nth = place % slots, position = place / slots;
  const std::uint64_t in_slot = count / slots + (nth < count % slots ? 1 : 0);
  const std::uint64_t target = slots == 8 ? 4 : 128;
  const std::uint64_t committees =
      std::clamp<std::uint64_t>(count / slots / target, 1, slots == 8 ? 4 : kCommitteesMax);
  const std::uint64_t committee = position % committees;
  return {.slot = epoch * slots + nth,
          .committee = committee,
          .committees = committees,
          .position = position / committees,
          .length = in_slot / committees + (committee < in_slot % committees ? 1 : 0)};
}

std::uint64_t BeaconChain::SyncMember(std::uint64_t period, std::uint64_t position) const {
  return Mix(Mix(setup_.seed, kSync), Mix(period, position)) % setup_.validators;
}

bool BeaconChain::SyncBit(std::uint64_t slot, std::uint64_t position) const {
  const Slot at = At(slot);
  const std::uint64_t period = EpochOf(slot) / EpochsPerSyncPeriod();
  const bool own = Own(SyncMember(period, position));
  if (own && !at.own_attest) return false;
  const std::uint32_t percent = own ? at.sync_percent : at.others_percent;
  return Mix(Mix(setup_.seed, kBit), Mix(slot, position)) % 100 < percent;
}

bool BeaconChain::Attested(std::uint64_t index, std::uint64_t epoch, std::uint64_t head) const {
  const std::uint64_t at = DutyOf(index, epoch).slot;
  const Slot slot = At(at);
  if (!Included(at, head)) return false;
  if (Own(index)) return slot.own_attest;
  return Mix(Mix(setup_.seed, kVote), Mix(index, epoch)) % 100 < slot.others_percent;
}

}  // namespace stakewatch::sim
