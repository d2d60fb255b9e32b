#pragma once
// Which slots have a block on the chain: each counted once, when it is decided.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "common/result.h"

namespace stakewatch::beacon {

// Goes by head events. What they can tell: the slot of a head has a block. What they cannot:
// whether a slot that was skipped is empty, since a head event does not name its parent, and a node
// that imports several blocks at once (after a restart, or when late ones come together) tells the
// last alone. So each slot without an event is asked about: one request, and no more than one in a
// hundred slots of a healthy chain is empty.
//
// A slot is decided by the second head above it: in a healthy chain two slots later. The first one
// may be the block that replaces it, and some clients tell the reorganisation before that head,
// others after it.
//
// Slots begin to be counted at the first head. Nothing is counted again that has been: neither
// after a reorganisation that goes deeper, nor while a node syncs once more from far below.
class SlotLedger {
 public:
  static constexpr std::uint64_t kAskedMax = 64;  // Slots asked about after one gap, the last ones.
  static constexpr std::size_t kWaitingMax = 256;  // Slots that wait to be asked about.
  static constexpr int kTriesMax = 3;
  // A greater gap is another chain, or nonsense; the account begins anew behind it.
  static constexpr std::uint64_t kGapMax = 1U << 20;

  // How many slots have just been decided.
  struct Counted {
    std::uint64_t block = 0;
    std::uint64_t empty = 0;
    std::uint64_t unknown = 0;
  };

  // The head is at `slot` now. `may_ask` is false while the node catches up with the clock: it
  // skips most slots then, and what it skips stays unknown.
  Counted OnHead(std::uint64_t slot, bool may_ask);
  // The chain was replaced for `depth` slots below its old head or its new one, at `slot`, which
  // may or may not have been told by now.
  void OnReorg(std::uint64_t slot, std::uint64_t depth);
  // Events may be missed from now on, and the head of a node that starts again may lie below: what
  // was head is not believed of slots not yet decided, and nothing asked, until the next head.
  void OnLoss() {
    seen_.clear();
    current_ = false;
  }

  // The slot to ask about next, if there is one.
  std::optional<std::uint64_t> ToAsk() const;
  // Whether the chain has a block there. After kTriesMax errors the slot is unknown.
  Counted OnAnswer(std::uint64_t slot, const Result<bool>& has_block);

 private:
  struct Waiting {
    std::uint64_t slot;
    int tries = 0;
  };

  Counted Decide(std::uint64_t end, bool may_ask);

  std::optional<std::uint64_t> head_;
  bool may_ask_ = false;          // About what that head skipped.
  bool current_ = false;          // Nothing has been missed since the head.
  std::uint64_t next_ = 0;        // The first slot that is neither counted nor waiting.
  std::set<std::uint64_t> seen_;  // Slots from there on that have been head, and may still be.
  std::deque<Waiting> waiting_;
};

}  // namespace stakewatch::beacon
