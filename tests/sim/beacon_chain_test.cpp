// Slots, finality, duties and rewards, at times of our own.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/beacon_node.h"
#include "tests/sim/beacon_rewards.h"

namespace stakewatch::sim {
namespace {

constexpr double kStart = 1'800'000'000, kSlot = 4;

// A node at the moment kStart, with faults of its own.
struct Net {
  explicit Net(std::uint64_t own, std::uint64_t history = 6)
      : node({.now = kStart, .slot_seconds = kSlot, .history_epochs = history, .own = own}, "dev",
             50, faults, [](std::uint64_t number) { return std::to_string(number); }) {}

  FaultSet faults;
  BeaconNode node;
  double now = kStart;
  std::vector<std::string> topics = {};

  void Slots(int count) {
    now += count * kSlot;
    node.Advance(now, [this](std::string_view topic, const std::string&) {
      if (!topic.empty()) topics.emplace_back(topic);
    });
  }
  void Set(const Fault& fault) {
    faults.Set(fault, Clock::now());
    node.Refresh(now, [](std::string_view, const std::string&) {});
  }
  void Clear() {
    faults.Clear();
    node.Refresh(now, [](std::string_view, const std::string&) {});
  }
  std::uint64_t Epoch() const { return node.Chain().EpochOf(node.Chain().SlotAt(now)); }
  AttestationReward Reward(std::uint64_t index, std::uint64_t epoch) const {
    const std::uint64_t head = node.Status(now).head;
    return RewardOf(node.Chain(), index, epoch, head, IdealReward(node.Chain(), epoch, head));
  }
};

}  // namespace

TEST_CASE("a healthy chain justifies the last epoch and finalizes the one before") {
  Net net(16);
  CHECK(net.node.Chain().GenesisTime() == 1'800'000'000 - 48 * 4);
  for (int epoch = 6; epoch < 20; ++epoch) {
    net.Slots(8);
    const auto at = static_cast<std::uint64_t>(epoch);
    CHECK(net.node.Status(net.now - kSlot).distance <= 1);
    const Finality finality = net.node.FinalityNow(net.now);
    CHECK(finality.finalized == at - 2);
    CHECK(finality.justified == at - 1);
    CHECK(finality.previous_justified == at - 2);
  }
  CHECK(std::count(net.topics.begin(), net.topics.end(), "head") == 14 * 8);
  // That of epoch 6 was known at the start... and then one an epoch.
  CHECK(std::count(net.topics.begin(), net.topics.end(), "finalized_checkpoint") == 14);
  CHECK(net.node.HeadBlockNumber() == 1000 + 14 * 8);
}

TEST_CASE("a chain without history begins at its genesis") {
  Net net(16, 0);
  CHECK(net.node.Status(net.now).head == 0);
  net.Slots(8 * 5);
  CHECK(net.node.Status(net.now).head == 39);
  CHECK(net.node.FinalityNow(net.now).finalized == 2);
}

TEST_CASE("each validator has one duty an epoch, and committees are whole") {
  for (const std::uint64_t validators : {64U, 61U, 1000U}) {
    BeaconSetup setup{.now = kStart, .validators = validators};
    const BeaconChain chain(setup);
    std::set<std::string> places;
    std::vector<std::uint64_t> by_slot(8);
    for (std::uint64_t i = 0; i < validators; ++i) {
      const Duty duty = chain.DutyOf(i, 9);
      CHECK(chain.EpochOf(duty.slot) == 9);
      CHECK(duty.position < duty.length);
      CHECK(duty.committee < duty.committees);
      ++by_slot[duty.slot % 8];
      places.insert(std::to_string(duty.slot) + '/' + std::to_string(duty.committee) + '/' +
                    std::to_string(duty.position));
      CHECK(chain.IndexOf(chain.Pubkey(i)) == i);
    }
    CHECK(places.size() == validators);
    CHECK(*std::min_element(by_slot.begin(), by_slot.end()) >= validators / 8);
  }
  const BeaconChain chain({.now = kStart});
  CHECK_FALSE(chain.IndexOf("0xa" + std::string(95, '0')));
  CHECK_FALSE(chain.IndexOf("0x"));
  CHECK_FALSE(chain.IndexOf(BeaconChain({.now = kStart, .seed = 2}).Pubkey(3)));
}

TEST_CASE("rewards are those that Prysm told of 64 validators") {
  Net net(64);
  net.Slots(20);
  const AttestationReward reward = net.Reward(5, 6);
  CHECK(reward.head == 313'047);
  CHECK(reward.target == 581'373);
  CHECK(reward.source == 313'047);
  CHECK(reward.inactivity == 0);
  CHECK(SyncReward(net.node.Chain()) == 11'180);
  const ProposerReward proposer = ProposerRewardOf(net.node.Chain(), 50);
  CHECK(proposer.attestations == 1'379'962);
  CHECK(proposer.sync_aggregate == 51'104);
}

TEST_CASE("a network of one validator client stands without it, and leaks") {
  Net net(64);
  net.Slots(16);
  const std::uint64_t head = net.node.Status(net.now).head;
  net.Set({.kind = Kind::kStop, .node = kValidatorNode});
  net.Slots(24);
  CHECK(net.node.Status(net.now).head == head);
  CHECK_FALSE(net.node.Status(net.now).syncing);
  // As in the recording d_vc_stopped_2epochs: nobody voted, which counts as one increment.
  const std::uint64_t missed = 8;
  const AttestationReward ideal = IdealReward(net.node.Chain(), missed, head);
  CHECK(ideal.head == 152);
  CHECK(ideal.target == 283);
  CHECK(net.Reward(5, missed).target == -581'373);
  CHECK(net.Reward(5, missed).source == -313'047);
  CHECK(net.Reward(5, missed).head == 0);
  // As in b2_geth_stopped_4min: no ideal in a leak, and the penalty of two epochs.
  net.Slots(24);
  const std::uint64_t leaking = net.node.FinalityNow(net.now).finalized + 6;
  CHECK(IdealReward(net.node.Chain(), leaking, head).target == 0);
  CHECK(net.Reward(5, leaking).target == -581'373);
  CHECK(net.Reward(5, leaking).inactivity == -3814);
  net.Clear();
  net.Slots(24);
  CHECK(net.node.Status(net.now).head > head + 50);
  CHECK(net.node.FinalityNow(net.now).finalized + 2 >= net.Epoch() - 1);
  // The slots between stay empty.
  CHECK_FALSE(net.node.Chain().At(head + 3).block);
}

TEST_CASE("of a part of the network only the own miss without their validator client") {
  Net net(16);
  net.Slots(8);
  net.Set({.kind = Kind::kStop, .node = kValidatorNode});
  net.Slots(32);
  net.Clear();
  net.Slots(24);
  const std::uint64_t head = net.node.Status(net.now).head;
  for (std::uint64_t i = 0; i < 64; ++i) {
    CHECK(net.node.Chain().Attested(i, 8, head) == (i >= 16));
    CHECK((net.Reward(i, 8).target < 0) == (i < 16));
    CHECK(net.node.Chain().Attested(i, 12, head));
  }
  std::uint64_t empty = 0;
  for (std::uint64_t slot = 56; slot < 88; ++slot) {
    const bool block = net.node.Chain().At(slot).block;
    CHECK(block == !net.node.Chain().Own(net.node.Chain().Proposer(slot)));
    empty += block ? 0 : 1;
  }
  CHECK(empty > 0);
  CHECK(net.node.FinalityNow(net.now).finalized + 2 == net.Epoch() - 1);
}

TEST_CASE("a stopped Geth holds the head; whoever was away catches up") {
  Net net(16);
  net.Slots(8);
  const std::uint64_t head = net.node.Status(net.now).head;
  net.Set({.kind = Kind::kStop});
  net.Slots(30);
  const NodeStatus status = net.node.Status(net.now);
  CHECK(status.head == head);
  CHECK(status.distance == status.clock - head);
  CHECK_FALSE(status.syncing);
  CHECK_FALSE(status.optimistic);
  CHECK_FALSE(status.el_offline);
  CHECK_FALSE(status.has_execution);
  // Those of the others went on meanwhile.
  net.Clear();
  net.topics.clear();
  net.Slots(1);
  CHECK(net.node.Status(net.now).distance <= 1);
  CHECK(std::count(net.topics.begin(), net.topics.end(), "head") > 20);
}

TEST_CASE("half of the network does not finalize") {
  Net net(16);
  net.Slots(8);
  const std::uint64_t finalized = net.node.FinalityNow(net.now).finalized;
  net.Set({.kind = Kind::kFinalityStalled, .value = "40"});
  net.Slots(64);
  CHECK(net.node.FinalityNow(net.now).finalized <= finalized + 1);
  // In the leak a head vote brings nothing, and a missed one costs more.
  const std::uint64_t epoch = net.Epoch() - 2;
  CHECK(net.Reward(0, epoch).head == 0);
  CHECK(net.Reward(0, epoch).target == 0);
  std::int64_t worst = 0;
  for (std::uint64_t i = 16; i < 64; ++i) worst = std::min(worst, net.Reward(i, epoch).inactivity);
  CHECK(worst < 0);
  net.Clear();
  net.Slots(32);
  CHECK(net.node.FinalityNow(net.now).finalized + 2 >= net.Epoch() - 1);
}

TEST_CASE("own proposals, attestations and head votes are missed one by one") {
  Net net(16);
  net.Set({.kind = Kind::kMissedProposals});
  net.Set({.kind = Kind::kLateAttestations});
  net.Slots(24);
  std::uint64_t missed = 0;
  for (std::uint64_t slot = 48; slot < 71; ++slot) {
    const bool own = net.node.Chain().Own(net.node.Chain().Proposer(slot));
    CHECK(net.node.Chain().At(slot).block == !own);
    missed += own ? 1 : 0;
  }
  CHECK(missed > 0);
  CHECK(net.node.OwnMissedProposals() >= missed);
  CHECK(net.Reward(3, 6).head == 0);
  CHECK(net.Reward(3, 6).target > 0);
  CHECK(net.Reward(20, 6).head > 0);
  CHECK(net.node.OwnRefusals() == 0);
  net.Clear();
  net.Set({.kind = Kind::kMissedAttestations});
  net.Slots(24);
  CHECK(net.Reward(3, 9).target < 0);
  CHECK(net.Reward(20, 9).target > 0);
  // 16 validators in each of three epochs.
  CHECK(net.node.OwnRefusals() == 48);
}

TEST_CASE("a weak sync committee, late blocks") {
  Net net(16);
  net.Slots(8);
  const BeaconChain& chain = net.node.Chain();
  // Signatures of own members and of the others, and how many could be there.
  struct Signers {
    int own = 0, own_all = 0, others = 0, others_all = 0;
  };
  const auto signers = [&](std::uint64_t first, std::uint64_t end) {
    Signers count;
    for (std::uint64_t slot = first; slot < end; ++slot) {
      for (std::uint64_t i = 0; i < chain.SyncCommitteeSize(); ++i) {
        const std::uint64_t period = chain.EpochOf(slot) / chain.EpochsPerSyncPeriod();
        const bool own = chain.Own(chain.SyncMember(period, i));
        (own ? count.own_all : count.others_all) += 1;
        (own ? count.own : count.others) += chain.SyncBit(slot, i) ? 1 : 0;
      }
    }
    return count;
  };
  const Signers healthy = signers(48, 56);
  REQUIRE(healthy.own_all > 8);
  CHECK(healthy.own == healthy.own_all);
  CHECK(healthy.others == healthy.others_all);
  net.Set({.kind = Kind::kSyncWeak, .value = "30"});
  net.Slots(16);
  const Signers weak = signers(57, 72);
  CHECK(weak.own * 2 < weak.own_all);
  CHECK(weak.others == weak.others_all);
  net.Clear();
  net.Set({.kind = Kind::kLateBlocks, .value = "3s"});
  const std::uint64_t next = net.node.Chain().Next();
  CHECK(net.node.NextDue() == doctest::Approx(net.node.Chain().StartOf(next) + 3));
  net.Clear();
  net.Set({.kind = Kind::kEarlyBlocks, .value = "2s"});
  CHECK(net.node.NextDue() == doctest::Approx(net.node.Chain().StartOf(next) - 2));
}

}  // namespace stakewatch::sim
