// Slots as they come, and the state of the node.
#include "tests/sim/beacon_node.h"

#include <algorithm>

#include "tests/sim/beacon_json.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr double kArrival = 0.1;  // Of a slot, until its block is there.
constexpr double kSyncSlotsPerSecond = 10;
constexpr std::uint64_t kSyncBehind = 1000;
constexpr double kStartingSeconds = 1, kOptimisticSeconds = 2;
constexpr std::uint64_t kAnnouncedMax = 64;  // Of blocks that are caught up with.

std::uint32_t Percent(const Fault* fault, std::uint64_t none, std::uint64_t other) {
  if (fault == nullptr) return static_cast<std::uint32_t>(none);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(ValueOf(*fault, other), 100));
}

std::uint64_t Before(std::uint64_t number) {
  return number == 0 ? 0 : number - 1;
}

}  // namespace

BeaconNode::BeaconNode(const BeaconSetup& setup, std::string_view network, std::size_t peers,
                       const FaultSet& faults, BlockHashOf block_hash)
    : network_(BeaconNetworkOf(network)),
      peers_(peers),
      faults_(faults),
      block_hash_(std::move(block_hash)),
      chain_(setup),
      head_(chain_.LastBlock(chain_.Next() - 1)) {}

bool BeaconNode::GethDown() const {
  for (const Kind kind : {Kind::kStop, Kind::kHang}) {
    const Fault* const fault = faults_.Find(kind, 0);
    if (fault != nullptr && fault->method.empty()) return true;
  }
  return false;
}

bool BeaconNode::Optimistic() const {
  return faults_.Find(Kind::kSyncing, 0) != nullptr ||
         faults_.Find(Kind::kNeverSynced, 0) != nullptr;
}

bool BeaconNode::Held() const {
  for (const Kind kind : {Kind::kStuck, Kind::kNoPeers, Kind::kSyncing, Kind::kNeverSynced,
                          Kind::kRestart, Kind::kStop, Kind::kHang}) {
    const Fault* const fault = faults_.Find(kind, kBeaconNode);
    if (fault != nullptr && fault->method.empty()) return true;
  }
  return GethDown();
}

bool BeaconNode::ValidatorClientUp() const {
  for (const Kind kind : {Kind::kStop, Kind::kHang}) {
    const Fault* const fault = faults_.Find(kind, kValidatorNode);
    if (fault != nullptr && fault->method.empty()) return false;
  }
  return true;
}

bool BeaconNode::Slashed(std::uint64_t index) const {
  const Fault* const fault = faults_.Find(Kind::kSlashed, kBeaconNode);
  return fault != nullptr && ValueOf(*fault, 0) == index;
}

std::size_t BeaconNode::PeerCount() const {
  if (Has(Kind::kNoPeers) || Has(Kind::kNeverSynced)) return 0;
  const Fault* const fault = faults_.Find(Kind::kPeers, kBeaconNode);
  return fault == nullptr ? peers_ : std::min<std::uint64_t>(ValueOf(*fault, 3), 10'000);
}

// What happens in `slot`, as the faults of this moment have it.
Slot BeaconNode::Make(std::uint64_t slot) {
  Slot made;
  const bool able = ValidatorClientUp() && !Held() && !Optimistic();
  const bool refused = able && Has(Kind::kMissedAttestations);
  made.own_attest = able && !refused;
  made.own_late = Has(Kind::kLateAttestations);
  made.other_recipient = Has(Kind::kFeeRecipient);
  made.others_percent = Percent(faults_.Find(Kind::kFinalityStalled, kBeaconNode), 100, 50);
  made.sync_percent = Percent(faults_.Find(Kind::kSyncWeak, kBeaconNode), 100, 40);
  if (chain_.Own(chain_.Proposer(slot))) {
    made.block = able && !Has(Kind::kMissedProposals);
    ++(made.block ? own_proposals_ : own_missed_proposals_);
  }
  const BeaconSetup& setup = chain_.Setup();
  const std::uint64_t before = slot * setup.own / setup.slots_per_epoch;
  const std::uint64_t attesters = (slot + 1) * setup.own / setup.slots_per_epoch - before;
  if (made.own_attest) own_attestations_ += attesters;
  if (refused) own_refusals_ += attesters;
  return made;
}

double BeaconNode::NextDue() const {
  const double slot_seconds = chain_.Setup().slot_seconds;
  const auto asked = [&](const Fault& fault) {
    const auto value = ParseDuration(fault.value);
    return value ? static_cast<double>(value->count()) / 1000 : slot_seconds / 2;
  };
  double arrival = kArrival * slot_seconds;
  if (const Fault* const late = faults_.Find(Kind::kLateBlocks, kBeaconNode)) {
    arrival = asked(*late);
  } else if (const Fault* const early = faults_.Find(Kind::kEarlyBlocks, kBeaconNode)) {
    arrival = -asked(*early);
  }
  return chain_.StartOf(chain_.Next()) + arrival;
}

void BeaconNode::Advance(double now, const Emit& emit) {
  while (NextDue() <= now) {
    const std::uint64_t slot = chain_.Next();
    chain_.Append(Make(slot));
    if (!Held()) Import(slot, emit);
    emit({}, {});
  }
}

// Everything up to `slot`.
void BeaconNode::Import(std::uint64_t slot, const Emit& emit) {
  const std::uint64_t first = std::max(head_ + 1, slot - std::min(slot, kAnnouncedMax));
  const std::string optimistic = Optimistic() ? "true" : "false";
  for (std::uint64_t at = first; at <= slot; ++at) {
    if (!chain_.At(at).block) continue;
    const std::uint64_t finalized = chain_.FinalityAt(chain_.EpochOf(head_)).finalized;
    head_ = at;
    const std::string root = chain_.Root(at);
    emit("block", BeaconObject()
                      .Number("slot", at)
                      .Text("block", root)
                      .Json("execution_optimistic", optimistic)
                      .Done());
    const std::uint64_t epoch = chain_.EpochOf(at);
    const std::uint64_t now_finalized = chain_.FinalityAt(epoch).finalized;
    const std::uint64_t slots = chain_.Setup().slots_per_epoch;
    if (now_finalized != finalized) {
      const std::uint64_t boundary = chain_.LastBlock(now_finalized * slots);
      emit("finalized_checkpoint", BeaconObject()
                                       .Text("block", chain_.Root(boundary))
                                       .Text("state", chain_.StateRoot(boundary))
                                       .Number("epoch", now_finalized)
                                       .Json("execution_optimistic", optimistic)
                                       .Done());
    }
    // The blocks that the duties of this and the last epoch depend on.
    const std::uint64_t current = chain_.LastBlock(Before(epoch * slots));
    const std::uint64_t previous = chain_.LastBlock(Before(Before(epoch) * slots));
    emit("head", BeaconObject()
                     .Number("slot", at)
                     .Text("block", root)
                     .Text("state", chain_.StateRoot(at))
                     .Flag("epoch_transition", at % slots == 0)
                     .Json("execution_optimistic", optimistic)
                     .Text("previous_duty_dependent_root", chain_.Root(previous))
                     .Text("current_duty_dependent_root", chain_.Root(current))
                     .Done());
  }
}

void BeaconNode::Reorg(std::uint64_t depth, const Emit& emit) {
  depth = std::clamp<std::uint64_t>(depth, 1, 64);
  const std::string old_root = chain_.Root(head_), old_state = chain_.StateRoot(head_);
  const std::uint64_t lowest = chain_.Reorg(depth);
  for (std::uint64_t at = lowest; at <= head_; ++at) {
    if (!chain_.At(at).block) continue;
    emit("block", BeaconObject()
                      .Number("slot", at)
                      .Text("block", chain_.Root(at))
                      .Flag("execution_optimistic", Optimistic())
                      .Done());
  }
  emit("chain_reorg", BeaconObject()
                          .Number("slot", head_)
                          .Number("depth", depth)
                          .Text("old_head_block", old_root)
                          .Text("old_head_state", old_state)
                          .Text("new_head_block", chain_.Root(head_))
                          .Text("new_head_state", chain_.StateRoot(head_))
                          .Number("epoch", chain_.EpochOf(head_))
                          .Flag("execution_optimistic", Optimistic())
                          .Done());
  // The new head is told as any other.
  const std::uint64_t head = head_;
  head_ = Before(lowest);
  Import(head, [&](std::string_view topic, const std::string& data) {
    if (topic == "head" && head_ == head) emit(topic, data);
  });
}

namespace {

// The header and the attestation that a slashing's event holds twice.
std::string SignedHeader(const BeaconChain& chain, std::uint64_t slot, std::uint64_t index,
                         std::uint64_t variant) {
  return BeaconObject()
      .Json("message", BeaconObject()
                           .Number("slot", slot)
                           .Number("proposer_index", index)
                           .Text("parent_root", chain.Root(Before(slot)))
                           .Text("state_root", chain.StateRoot(slot))
                           .Text("body_root", Hash(Mix(slot, variant)))
                           .Done())
      .Text("signature", "0x" + HexDigits(Mix(slot, variant), 192))
      .Done();
}

}  // namespace

void BeaconNode::Refresh(double now, const Emit& emit) {
  const Fault* const syncing = faults_.Find(Kind::kSyncing, kBeaconNode);
  if (syncing == nullptr) {
    syncing_since_ = 0;
  } else if (syncing_since_ == 0) {
    syncing_since_ = now;
    sync_first_ = head_ - std::min(head_, ValueOf(*syncing, kSyncBehind));
  }
  if (!Has(Kind::kRestart)) {
    restarted_ = 0;
  } else if (restarted_ == 0) {
    restarted_ = now;
  }
  const Fault* const fork = faults_.Find(Kind::kForkSoon, kBeaconNode);
  if (fork == nullptr) {
    fork_epoch_ = kFarFuture;
  } else if (fork_epoch_ == kFarFuture) {
    fork_epoch_ = chain_.EpochOf(chain_.SlotAt(now)) + ValueOf(*fork, 10);
  }
  const Fault* const slashed = faults_.Find(Kind::kSlashed, kBeaconNode);
  if (slashed != nullptr && !slashed_) {
    const std::uint64_t index = ValueOf(*slashed, 0);
    emit("proposer_slashing", BeaconObject()
                                  .Json("signed_header_1", SignedHeader(chain_, head_, index, 1))
                                  .Json("signed_header_2", SignedHeader(chain_, head_, index, 2))
                                  .Done());
  }
  slashed_ = slashed != nullptr;
}

NodeStatus BeaconNode::Status(double now) const {
  NodeStatus status{.clock = chain_.SlotAt(now), .head = head_};
  const double up = restarted_ > 0 ? now - restarted_ : 0;
  status.optimistic = Optimistic();
  if (restarted_ > 0) {
    const std::uint64_t finalized = chain_.FinalityAt(chain_.EpochOf(head_)).finalized;
    status.head = chain_.LastBlock(finalized * chain_.Setup().slots_per_epoch);
    status.starting = up < kStartingSeconds;
    status.optimistic |= up < kOptimisticSeconds;
  }
  if (syncing_since_ > 0) {
    const bool stands = Has(Kind::kStuck) || Has(Kind::kNoPeers);
    const double done = stands ? 0 : (now - syncing_since_) * kSyncSlotsPerSecond;
    status.head = chain_.LastBlock(
        std::min(chain_.Next() - 1, sync_first_ + static_cast<std::uint64_t>(done)));
    status.syncing = true;
  }
  if (const Fault* const alone = faults_.Find(Kind::kNoPeers, kBeaconNode)) {
    // Prysm has said both: a node that started so, and one that lost its peers unnoticed.
    status.syncing |= alone->value != "unnoticed";
    status.el_offline |= alone->value != "unnoticed";
  }
  if (Has(Kind::kNeverSynced)) {
    status.head = 0;
    status.syncing = status.el_offline = true;
  }
  status.el_offline |= Has(Kind::kElOffline);
  status.has_execution = !GethDown() && !status.el_offline;
  status.distance = status.clock - std::min(status.clock, status.head);
  return status;
}

BeaconNetwork BeaconNode::Network() const {
  if (!Has(Kind::kWrongNetwork)) return network_;
  return BeaconNetworkOf(network_.name == "sepolia" ? "hoodi" : "sepolia");
}

SpecSettings BeaconNode::Spec() const {
  return {.slot_seconds = chain_.Setup().slot_seconds,
          .slots_per_epoch = chain_.Setup().slots_per_epoch,
          .next_fork_epoch = fork_epoch_};
}

Finality BeaconNode::FinalityNow(double now) const {
  return chain_.FinalityAt(chain_.EpochOf(Status(now).head));
}

}  // namespace stakewatch::sim
