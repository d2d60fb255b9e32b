#include "exporters/beacon/slot_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace stakewatch::beacon {

SlotLedger::Counted SlotLedger::OnHead(std::uint64_t slot, bool may_ask) {
  Counted counted;
  const auto before = head_;
  const bool may_ask_before = std::exchange(may_ask_, may_ask);
  if (!before) next_ = slot;
  if (slot > next_ && slot - next_ > kGapMax) {
    counted.block = seen_.size();
    seen_.clear();
    next_ = slot;
  }
  // What was above a head is not on its chain.
  seen_.erase(seen_.upper_bound(slot), seen_.end());
  if (slot >= next_) seen_.insert(slot);
  head_ = slot;
  current_ = true;
  if (!before || slot <= *before || *before <= next_) return counted;
  const Counted decided = Decide(*before, may_ask_before);
  counted.block += decided.block;
  counted.unknown += decided.unknown;
  return counted;
}

// All slots from next_ up to `end`, which is above it.
SlotLedger::Counted SlotLedger::Decide(std::uint64_t end, bool may_ask) {
  Counted counted;
  std::uint64_t asked = 0;
  const std::uint64_t window = may_ask ? std::min(kAskedMax, end - next_) : 0;
  for (std::uint64_t slot = end - window; slot < end; ++slot) {
    if (seen_.contains(slot)) continue;
    waiting_.push_back({slot});
    ++asked;
  }
  const auto seen_end = seen_.lower_bound(end);
  counted.block = static_cast<std::uint64_t>(std::distance(seen_.begin(), seen_end));
  counted.unknown = end - next_ - counted.block - asked;
  seen_.erase(seen_.begin(), seen_end);
  next_ = end;
  while (waiting_.size() > kWaitingMax) {
    waiting_.pop_front();
    ++counted.unknown;
  }
  return counted;
}

void SlotLedger::OnReorg(std::uint64_t slot, std::uint64_t depth) {
  const std::uint64_t top = std::min(slot, head_.value_or(slot));
  const std::uint64_t low = top - std::min(top, depth);
  std::erase_if(seen_, [&](std::uint64_t seen) { return seen >= low && seen != slot; });
}

std::optional<std::uint64_t> SlotLedger::ToAsk() const {
  if (!current_) return std::nullopt;
  // Of a slot that the head has fallen back below, the node would say that it is empty.
  const auto found = std::ranges::find_if(
      waiting_, [&](const Waiting& waiting) { return waiting.slot + 1 < *head_; });
  if (found == waiting_.end()) return std::nullopt;
  return found->slot;
}

SlotLedger::Counted SlotLedger::OnAnswer(std::uint64_t slot, const Result<bool>& has_block) {
  const auto found = std::ranges::find(waiting_, slot, &Waiting::slot);
  if (found == waiting_.end()) return {};
  if (!has_block && ++found->tries < kTriesMax) return {};
  waiting_.erase(found);
  if (!has_block) return {.unknown = 1};
  return *has_block ? Counted{.block = 1} : Counted{.empty = 1};
}

}  // namespace stakewatch::beacon
