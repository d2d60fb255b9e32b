// Chains that agree, fork, lag and reorganize, compared by blocks.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>

#include "exporters/jormungandr/reference.h"
#include "tests/jormungandr/node.h"

namespace stakewatch::jormungandr::testing {
namespace {

// The hash of a block: its height, and the branch it is on.
std::string Hash(std::uint64_t height, char branch) {
  std::string digits = std::to_string(height);
  return std::string(63 - digits.size(), '0') + digits + branch;
}

// A node whose chain is branch 0 up to `fork`, and then `branch`.
class ChainNode : public Upstream {
 public:
  explicit ChainNode(std::uint64_t tip, char name = '0', std::uint64_t after = 0)
      : height(tip), branch(name), fork(after) {}

  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    const std::string block = "/api/v0/block/";
    if (dead) return Fail(Reason::kUnreachable, "refused");
    if (request.path == "/api/v0/node/stats") {
      return "{\"state\":\"" + state + "\",\"lastBlockHeight\":\"" + std::to_string(height) +
             "\",\"lastBlockHash\":\"" + At(height) + "\"}";
    }
    if (!request.path.starts_with(block)) return Fail(Reason::kHttpStatus, "HTTP 404", 404);
    ++blocks_asked;
    const std::string id = request.path.substr(block.size());
    const std::uint64_t at = std::stoull(id.substr(0, 63));
    if (at > height || id != At(at)) return Fail(Reason::kHttpStatus, "HTTP 404", 404);
    return Block(at);
  }

  std::string At(std::uint64_t at) const { return Hash(at, at > fork ? branch : '0'); }

  std::uint64_t height;
  char branch;
  std::uint64_t fork;
  std::string state = "Running";
  bool dead = false;
  mutable std::atomic<int> blocks_asked = 0;

 private:
  std::string Block(std::uint64_t at) const {
    std::string block(100, '\0');
    for (std::size_t i = 0; i < 4; ++i) block[14 + i] = static_cast<char>(at >> (24 - 8 * i));
    const std::string parent = at == 0 ? std::string(64, '0') : At(at - 1);
    for (std::size_t i = 0; i < 32; ++i) {
      block[50 + i] = static_cast<char>(std::stoi(parent.substr(2 * i, 2), nullptr, 16));
    }
    return block;
  }
};

const std::string kAgreement = "jormungandr_reference_agreement_ratio";

std::string On(const std::string& page, const std::string& reference) {
  return Value(page, "jormungandr_tip_on_reference_chain{reference=\"" + reference + "\"}");
}

struct Compared {
  std::shared_ptr<ChainNode> own, a, b;
  Watch watch;
  Compared(std::shared_ptr<ChainNode> ours, std::shared_ptr<ChainNode> one,
           std::shared_ptr<ChainNode> other)
      : own(std::move(ours)),
        a(std::move(one)),
        b(std::move(other)),
        watch(own, 1795242871, {{"a", a}, {"b", b}}) {}
  // Of the third scrape.
  std::string Third() {
    watch.Page();
    watch.Page();
    return watch.Page();
  }
};

std::shared_ptr<ChainNode> Node(std::uint64_t height, char branch = '0', std::uint64_t fork = 0) {
  return std::make_shared<ChainNode>(height, branch, fork);
}

TEST_CASE("jormungandr: the header of a recorded block names its height and parent") {
  const std::string folder = stakewatch::testing::TestsFolder() + "/jormungandr/blocks/";
  const auto praos = ParseBlock(stakewatch::testing::ReadFile(folder + "praos.bin"));
  REQUIRE(praos);
  CHECK(praos->height == 70);
  CHECK(praos->parent.Text() == "2f7240f4c0f401aac6d54aa09301032f2b7e5cd2cc5ddce7397a9e8e52f5f37a");
  const auto bft = ParseBlock(stakewatch::testing::ReadFile(folder + "bft.bin"));
  REQUIRE(bft);
  CHECK(bft->height == 15);
  CHECK(bft->parent.Text() == "ea4ecbe6f3d5053aa1155460fa12edd6109ac224b4f9f84d7acbf7df49d38537");
  CHECK_FALSE(ParseBlock(""));
  CHECK_FALSE(ParseBlock(std::string(81, 'x')));
}

TEST_CASE("jormungandr: of three nodes the highest is alone on its chain: it is the one") {
  const auto alone = Node(198, 'f', 180);
  const auto one = Node(195);
  const auto other = Node(195);
  const std::string wrong = Compared(alone, one, other).Third();
  CHECK(On(wrong, "a") == "0");
  CHECK(On(wrong, "b") == "0");
  CHECK(Value(wrong, kAgreement) == "0");
  for (const auto& honest : {one, other}) {
    const std::string right = Compared(honest, alone, honest == one ? other : one).Third();
    CHECK(On(right, "a") == "0");
    CHECK(On(right, "b") == "1");
    CHECK(Value(right, kAgreement) == "0.5");
  }
}

TEST_CASE("jormungandr: a fork is told after three scrapes, not before, and ends at once") {
  Compared fork(Node(198, 'f', 180), Node(195), Node(195));
  for (int i = 0; i < 2; ++i) {
    const std::string page = fork.watch.Page();
    CHECK(On(page, "a").empty());
    CHECK(Value(page, kAgreement).empty());
    CHECK(Value(page, R"(jormungandr_reference_tip_height{reference="a"})") == "195");
  }
  CHECK(Value(fork.watch.Page(), kAgreement) == "0");
  fork.own->branch = '0';
  CHECK(Value(fork.watch.Page(), kAgreement) == "1");
  fork.own->branch = 'f';
  CHECK(Value(fork.watch.Page(), kAgreement).empty());
}

TEST_CASE("jormungandr: a reference that is five blocks behind is on our chain") {
  Compared behind(Node(198), Node(193), Node(198));
  const std::string page = behind.Third();
  CHECK(On(page, "a") == "1");
  CHECK(Value(page, R"(jormungandr_reference_compared_height{reference="a"})") == "193");
  CHECK(Value(page, kAgreement) == "1");
}

TEST_CASE("jormungandr: a reference that is far behind is reached in steps, then followed") {
  Compared behind(Node(500), Node(470), Node(500));
  CHECK(On(behind.watch.Page(), "a").empty());
  std::string page;
  for (int i = 0; i < 4; ++i) page = behind.watch.Page();
  CHECK(On(page, "a") == "1");
  const int asked = behind.own->blocks_asked;
  CHECK(asked <= 5 * Ancestors::kAsksMax);
  ++behind.own->height;
  behind.watch.Page();
  CHECK(behind.own->blocks_asked == asked + 1);
  behind.watch.Page();
  CHECK(behind.own->blocks_asked == asked + 1);
}

TEST_CASE("jormungandr: one that we can never reach is unknown, not forked") {
  Compared behind(Node(5000), Node(100), Node(5000));
  std::string page;
  for (int i = 0; i < 60; ++i) page = behind.watch.Page();
  CHECK(On(page, "a").empty());
  CHECK(On(page, "b") == "1");
  CHECK(Value(page, kAgreement) == "1");
}

TEST_CASE("jormungandr: after a reorganization of ours the old branch is forgotten") {
  Compared reorg(Node(200, 'f', 190), Node(197, '0'), Node(198, '0'));
  CHECK(Value(reorg.Third(), kAgreement) == "0");
  reorg.own->branch = '0';
  reorg.own->height = 201;
  for (int i = 0; i < 3; ++i) CHECK(Value(reorg.watch.Page(), kAgreement) == "1");
}

TEST_CASE("jormungandr: a rollback of ours to a lower tip is followed down") {
  Compared back(Node(200), Node(199), Node(200));
  CHECK(Value(back.Third(), kAgreement) == "1");
  back.own->height = 190;
  CHECK(Value(back.watch.Page(), kAgreement) == "1");
  CHECK(Value(back.watch.Page(), "jormungandr_tip_height") == "190");
}

TEST_CASE("jormungandr: a reference that is dead or bootstraps is unknown") {
  Compared gone(Node(198), Node(198), Node(198, 'f', 100));
  gone.a->dead = true;
  gone.b->state = "Bootstrapping";
  const std::string page = gone.Third();
  CHECK(Value(page, R"(jormungandr_reference_up{reference="a"})") == "0");
  CHECK(Value(page, R"(jormungandr_reference_up{reference="b"})") == "0");
  CHECK(On(page, "a").empty());
  CHECK(Value(page, kAgreement).empty());
  CHECK(Has(page, R"(stakewatch_source_up{source="reference"} 1)"));
}

TEST_CASE("jormungandr: a node of ours that bootstraps compares nothing, a dead one fails") {
  Compared own(Node(198), Node(198), Node(198));
  own.own->state = "Bootstrapping";
  CHECK(Has(own.watch.Page(), R"(stakewatch_source_up{source="reference"} 1)"));
  CHECK(On(own.watch.Page(), "a").empty());
  own.own->dead = true;
  CHECK(Has(own.watch.Page(), R"(stakewatch_source_up{source="reference"} 0)"));
}

}  // namespace
}  // namespace stakewatch::jormungandr::testing
