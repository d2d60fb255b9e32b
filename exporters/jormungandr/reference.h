#pragma once
// Source reference: whether our tip is on the chain of other nodes. A node that makes blocks alone
// is the highest of all, so heights cannot tell; the block itself can.
//
// A reference that is merely behind does not have our tip either. It is therefore asked for that
// ancestor of ours that is as high as its own tip: of one chain, it has that. Our ancestors are
// known from the headers of our own blocks, each of which names its parent.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "common/upstream/upstream.h"
#include "exporters/jormungandr/client.h"

namespace stakewatch::jormungandr {

// What the header of a block tells of its place.
struct BlockPlace {
  std::uint64_t height = 0;
  Id parent;
};
// The first 82 bytes of a block: version, size, date, chain length, two hashes.
Result<BlockPlace> ParseBlock(const std::string& block);

// The newest blocks of one chain by height, without a gap from its tip down.
class Ancestors {
 public:
  static constexpr std::size_t kBlocksMax = 256;
  // Blocks that may be asked for in one scrape.
  static constexpr int kAsksMax = 8;

  using AskBlock = std::function<Result<BlockPlace>(const Id&)>;

  // Follows the parents from the tip until one is known, then down to `lowest` if it is known from
  // there on. What is no ancestor of this tip is forgotten.
  void Follow(std::uint64_t height, const Id& tip, std::uint64_t lowest, const AskBlock& ask);
  // None: not known (any more, or yet).
  std::optional<Id> At(std::uint64_t height) const;

 private:
  std::map<std::uint64_t, Id> blocks_;
};

struct Reference {
  std::string name;
  std::shared_ptr<const Upstream> upstream;
};

// What was found of all references, between scrapes. Thread-safe; nothing is locked while a node is
// asked.
class ReferenceChain {
 public:
  // This many scrapes in a row that lacked our block make a fork.
  static constexpr int kMissesMax = 3;

  explicit ReferenceChain(std::vector<Reference> references);
  // Asks the references at the same time; one that is down or hangs tells nothing, and costs the
  // others half of the time that is left.
  Result<void> Scrape(const Client& own, const Deadline& deadline, Sheet& sheet);

 private:
  struct Look;
  // The highest of our blocks that it must have, if it is on our chain.
  static void Choose(const Ancestors& ancestors, std::uint64_t own_height,
                     std::vector<Look>& looks);
  Ancestors Known();
  void Keep(Ancestors ancestors);
  void Tell(const std::vector<Look>& looks, Sheet& sheet);

  std::vector<Reference> references_;
  std::mutex mutex_;
  Ancestors ancestors_;
  std::vector<int> misses_;  // In a row, of each reference.
};

}  // namespace stakewatch::jormungandr
