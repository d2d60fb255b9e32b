// The account of slots: each once, as what it is, whatever the events leave out.
#include "exporters/beacon/slot_ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace stakewatch::beacon {
namespace {

using Slots = std::vector<std::uint64_t>;

Error Down() {
  return {Reason::kUnreachable, "down"};
}

// A ledger with the sum of what it counted.
struct Account {
  SlotLedger ledger;
  SlotLedger::Counted sum;

  void Add(const SlotLedger::Counted& counted) {
    sum.block += counted.block;
    sum.empty += counted.empty;
    sum.unknown += counted.unknown;
  }
  void Heads(const Slots& slots, bool may_ask = true) {
    for (const std::uint64_t slot : slots) Add(ledger.OnHead(slot, may_ask));
  }
  // Answers all questions; what was asked.
  Slots Answer(const std::function<Result<bool>(std::uint64_t)>& has_block) {
    Slots asked;
    while (const auto slot = ledger.ToAsk()) {
      asked.push_back(*slot);
      REQUIRE(asked.size() < 10000);
      Add(ledger.OnAnswer(*slot, has_block(*slot)));
    }
    return asked;
  }
  Slots AllEmpty() {
    return Answer([](std::uint64_t) { return false; });
  }
  Slots AllBlocks() {
    return Answer([](std::uint64_t) { return true; });
  }
  bool Is(std::uint64_t block, std::uint64_t empty, std::uint64_t unknown) const {
    if (sum.block == block && sum.empty == empty && sum.unknown == unknown) return true;
    MESSAGE(sum.block << " block, " << sum.empty << " empty, " << sum.unknown << " unknown");
    return false;
  }
};

TEST_CASE("slots: heads in order are blocks, each once, by the second head above them") {
  Account account;
  account.Heads({100});
  CHECK(account.Is(0, 0, 0));
  account.Heads({101});
  CHECK(account.Is(0, 0, 0));
  account.Heads({102});
  CHECK(account.Is(1, 0, 0));
  account.Heads({103, 104, 105});
  CHECK(account.Is(4, 0, 0));
  CHECK(account.AllEmpty().empty());  // Nothing had to be asked.
}

TEST_CASE("slots: the same head again changes nothing") {
  Account account;
  account.Heads({100, 100, 101, 101, 101, 102, 102, 103, 103});
  CHECK(account.Is(2, 0, 0));
  CHECK(account.AllEmpty().empty());
}

TEST_CASE("slots: a skipped slot is asked about, and is what the answer says") {
  Account account;
  account.Heads({100, 102, 103, 104});
  CHECK(account.Is(2, 0, 0));
  CHECK(account.AllEmpty() == Slots{101});
  CHECK(account.Is(2, 1, 0));
  // Several blocks that came at once have one head event.
  account.Heads({108, 109, 110});
  CHECK(account.Answer([](std::uint64_t slot) { return slot != 106; }) == Slots{105, 106, 107});
  CHECK(account.Is(7, 2, 0));  // 100, 102 to 105, 107 and 108; 101 and 106.
}

TEST_CASE("slots: a gap after a reconnect is asked about, the last heads before it too") {
  Account account;
  account.Heads({100, 101, 102});
  account.ledger.OnLoss();
  CHECK(account.Is(1, 0, 0));
  account.Heads({110, 111});
  // 101 and 102 may have been replaced meanwhile.
  CHECK(account.AllBlocks() == Slots{101, 102, 103, 104, 105, 106, 107, 108, 109});
  account.Heads({112});
  CHECK(account.Is(11, 0, 0));
  CHECK(account.AllBlocks().empty());
}

TEST_CASE("slots: of a gap beyond the limit the last 64 are asked about, the rest is told") {
  Account account;
  account.Heads({100, 101, 102, 1101, 1102});
  // Decided: 100 to 1100, of which 100 to 102 were seen.
  CHECK(account.Is(3, 0, 1001 - 3 - 64));
  const Slots asked = account.AllEmpty();
  CHECK(asked.size() == 64);
  CHECK(asked.front() == 1037);
  CHECK(asked.back() == 1100);
  CHECK(account.Is(3, 64, 934));
}

TEST_CASE("slots: a gap without any proportion begins the account anew") {
  Account account;
  account.Heads({100, 101, 102, 102 + SlotLedger::kGapMax + 5});
  CHECK(account.Is(3, 0, 0));
  CHECK(account.AllEmpty().empty());
  account.Heads({102 + SlotLedger::kGapMax + 6, 102 + SlotLedger::kGapMax + 7});
  CHECK(account.Is(4, 0, 0));
}

TEST_CASE("slots: a reorganisation of one slot is seen whichever event comes first") {
  // 101 is replaced by a 102 on top of 100. Prysm tells the reorganisation first, with the distance
  // from the new head; Lighthouse the head first, with that from the old one.
  for (const bool reorg_first : {true, false}) {
    Account account;
    account.Heads({100, 101});
    if (reorg_first) account.ledger.OnReorg(102, 2);
    account.Heads({102});
    if (!reorg_first) account.ledger.OnReorg(102, 1);
    account.Heads({103, 104, 105});
    for (const std::uint64_t slot : account.Answer([](std::uint64_t s) { return s != 101; })) {
      CHECK(slot <= 101);
    }
    CHECK(account.Is(3, 1, 0));
  }
}

TEST_CASE("slots: another block in the same slot is a block") {
  Account account;
  account.Heads({100, 101});
  account.ledger.OnReorg(101, 1);
  account.Heads({101, 102, 103});
  CHECK(account.AllBlocks() == Slots{100});
  CHECK(account.Is(2, 0, 0));
}

TEST_CASE("slots: a head below the last one takes back what was above it") {
  Account account;
  account.Heads({100, 101, 102, 101, 104, 105});
  CHECK(account.AllEmpty() == Slots{102, 103});
  CHECK(account.Is(2, 2, 0));
}

TEST_CASE("slots: what is counted is not counted again after a deep reorganisation") {
  Account account;
  account.Heads({100, 101, 102, 103, 104, 105, 106});
  CHECK(account.Is(5, 0, 0));
  account.ledger.OnReorg(106, 6);
  account.Heads({101, 102, 103, 104, 105, 106, 107, 108});
  CHECK(account.AllBlocks().empty());
  CHECK(account.Is(7, 0, 0));
  // From its start, and back.
  account.Heads({0, 1, 50, 108, 109, 110});
  CHECK(account.AllBlocks() == Slots{107});
  CHECK(account.Is(9, 0, 0));
}

TEST_CASE("slots: nothing is asked about that lies above the head, or while there is no stream") {
  Account account;
  account.Heads({100, 103, 104});
  CHECK(account.ledger.ToAsk() == 101);
  account.ledger.OnLoss();
  CHECK(!account.ledger.ToAsk());
  // The node started again far below.
  account.Heads({90, 91});
  CHECK(!account.ledger.ToAsk());
  account.Heads({103});
  CHECK(account.ledger.ToAsk() == 101);
  CHECK(account.AllEmpty() == Slots{101});
  account.Heads({104, 105});
  CHECK(account.AllBlocks() == Slots{102});
  CHECK(account.Is(3, 1, 0));
}

TEST_CASE("slots: what cannot be asked is unknown after three tries") {
  Account account;
  account.Heads({100, 103, 104});
  int tries = 0;
  CHECK(account.Answer([&](std::uint64_t slot) -> Result<bool> {
    if (slot == 101 && ++tries < 10) return std::unexpected(Down());
    return false;
  }) == Slots{101, 101, 101, 102});
  CHECK(account.Is(1, 1, 1));
  account.Add(account.ledger.OnAnswer(101, true));  // Nobody asked.
  CHECK(account.Is(1, 1, 1));
}

TEST_CASE("slots: no more wait than there is room for") {
  Account account;
  std::uint64_t slot = 1000;
  for (int gap = 0; gap < 100; ++gap) account.Heads({slot += 65, slot + 1});
  CHECK(account.AllEmpty().size() == SlotLedger::kWaitingMax);
  CHECK(account.sum.empty == SlotLedger::kWaitingMax);
  // From the first head to the last but one.
  CHECK(account.sum.block + account.sum.empty + account.sum.unknown == 99 * 65);
}

TEST_CASE("slots: what a node skips while it catches up is unknown, and it is not asked") {
  Account account;
  account.Heads({100, 132, 164, 196}, false);
  CHECK(!account.ledger.ToAsk());
  CHECK(account.Is(2, 0, 62));
  account.Heads({197, 198, 200, 201, 202});
  CHECK(account.AllEmpty() == Slots{199});
  CHECK(account.Is(7, 1, 93));
}

// A chain as it is built, and a node that tells of it with all that may go wrong, at random: in the
// end each slot is counted once, as what it is.
TEST_CASE("slots: whatever the events leave out, the sums are those of the chain") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    Account account;
    std::set<std::uint64_t> chain = {1000};
    account.Heads({1000});
    std::uint64_t slot = 1000;
    bool connected = true;
    std::uint64_t replaced = 0;  // A head whose replacement nobody has heard of yet.
    const auto truth = [&](std::uint64_t asked) -> Result<bool> {
      if (one_in(20)) return std::unexpected(Down());
      return chain.contains(asked);
    };
    for (int i = 0; i < 400; ++i) {
      ++slot;
      if (one_in(30) && connected) {
        account.ledger.OnLoss();
        connected = false;
        replaced = 0;
      }
      if (!connected && one_in(5)) connected = true;
      if (one_in(10)) continue;  // No block.
      const std::uint64_t last = *chain.rbegin();
      if (one_in(12) && last + 1 == slot && chain.size() > 2) {
        chain.erase(last);
        if (connected) replaced = last;
      }
      chain.insert(slot);
      if (!connected || one_in(15)) continue;  // Nobody hears of it.
      // Prysm's order and distance, or Lighthouse's.
      const bool reorg_first = one_in(2);
      if (replaced != 0 && reorg_first) account.ledger.OnReorg(slot, slot - replaced + 1);
      account.Heads({slot});
      if (replaced != 0 && !reorg_first) account.ledger.OnReorg(slot, 1 + slot - replaced);
      replaced = 0;
      if (one_in(3)) account.Answer(truth);
    }
    if (replaced != 0) account.ledger.OnReorg(slot, 1 + slot - replaced);
    for (const std::uint64_t last : {slot + 1, slot + 2, slot + 3}) {
      chain.insert(last);
      account.Heads({last});
    }
    account.Answer(truth);
    const std::uint64_t end = slot + 2;  // Decided.
    const auto blocks =
        std::count_if(chain.begin(), chain.end(), [&](std::uint64_t block) { return block < end; });
    CHECK(account.sum.block + account.sum.empty + account.sum.unknown == end - 1000);
    CHECK(account.sum.block <= static_cast<std::uint64_t>(blocks));
    CHECK(account.sum.block + account.sum.unknown >= static_cast<std::uint64_t>(blocks));
  }
}

}  // namespace
}  // namespace stakewatch::beacon
