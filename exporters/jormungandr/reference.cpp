#include "exporters/jormungandr/reference.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/parallel.h"
#include "exporters/jormungandr/metrics.h"
#include "exporters/jormungandr/stats.h"

namespace stakewatch::jormungandr {
namespace {

constexpr std::size_t kHeightAt = 14, kParentAt = 50, kHeaderBytes = 82;

}  // namespace

Result<BlockPlace> ParseBlock(const std::string& block) {
  if (block.size() < kHeaderBytes) return Fail(Reason::kBadAnswer, "too short for a block");
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(block[at]); };
  std::uint64_t height = 0;
  for (std::size_t i = 0; i < 4; ++i) height = height << 8U | byte(kHeightAt + i);
  const std::span<const char> header(block);
  return BlockPlace{height, Id::OfBytes(header.subspan<kParentAt, 32>())};
}

void Ancestors::Follow(std::uint64_t height, const Id& tip, std::uint64_t lowest,
                       const AskBlock& ask) {
  std::map<std::uint64_t, Id> known = std::exchange(blocks_, {});
  const auto is_known = [&](std::uint64_t at, const Id& id) {
    const auto found = known.find(at);
    return found != known.end() && found->second == id;
  };
  int asks = 0;
  Id id = tip;
  for (;;) {
    if (is_known(height, id)) {
      // What is below a known block is known, too, down to the lowest of all.
      known.erase(known.upper_bound(height), known.end());
      blocks_.merge(known);
      height = blocks_.begin()->first;
      id = blocks_.begin()->second;
    }
    blocks_.emplace(height, id);
    if (!known.empty() && height < known.begin()->first) known.clear();
    const bool enough = known.empty() && height <= lowest;
    if (enough || height == 0 || asks == kAsksMax || blocks_.size() >= kBlocksMax) break;
    ++asks;
    const auto place = ask(id);
    // Another height is that of a header that is laid out otherwise.
    if (!place || place->height != height) break;
    id = place->parent;
    --height;
  }
  while (blocks_.size() > kBlocksMax) blocks_.erase(blocks_.begin());
}

std::optional<Id> Ancestors::At(std::uint64_t height) const {
  const auto found = blocks_.find(height);
  if (found == blocks_.end()) return std::nullopt;
  return found->second;
}

// One reference in one scrape.
struct ReferenceChain::Look {
  std::optional<std::uint64_t> height;  // Its tip's; none: it did not tell.
  std::optional<Id> block;              // That it is asked for, of ours.
  std::uint64_t compared = 0;           // The height of that.
  std::optional<bool> has;              // None: it did not say.
};

ReferenceChain::ReferenceChain(std::vector<Reference> references)
    : references_(std::move(references)), misses_(references_.size(), 0) {}

void ReferenceChain::Choose(const Ancestors& ancestors, std::uint64_t own_height,
                            std::vector<Look>& looks) {
  for (Look& look : looks) {
    if (!look.height) continue;
    const std::uint64_t height = std::min(own_height, *look.height);
    look.block = ancestors.At(height);
    if (look.block) look.compared = height;
  }
}

Result<void> ReferenceChain::Scrape(const Client& own, const Deadline& deadline, Sheet& sheet) {
  const auto stats = AskStats(own, deadline);
  if (!stats) return std::unexpected(stats.error());
  const auto& height = stats->tip_height;
  const auto& tip = stats->tip_hash;
  if (!stats->Running() || !height || !tip) return {};
  const std::uint64_t own_height = *height;

  std::vector<Look> looks(references_.size());
  const Deadline half = deadline.Within(deadline.Left() / 2);
  InParallel(looks.size(), [&](std::size_t i) {
    const auto told = AskStats(Client(*references_[i].upstream), half);
    if (told && told->Running()) looks[i].height = told->tip_height;
  });
  std::uint64_t lowest = own_height;
  for (const Look& look : looks) {
    if (look.height) lowest = std::min(lowest, *look.height);
  }

  Ancestors ancestors = Known();
  ancestors.Follow(own_height, *tip, lowest, [&](const Id& id) {
    return own.Ask(CallAbout::kBlock, id, deadline.Within(deadline.Left() / 2), ParseBlock);
  });
  Choose(ancestors, own_height, looks);
  const Deadline rest = deadline.Within(deadline.Left() * 9 / 10);
  InParallel(looks.size(), [&](std::size_t i) {
    if (!looks[i].block) return;
    const auto answer = Client(*references_[i].upstream)
                            .Ask(CallAbout::kBlock, *looks[i].block, rest,
                                 [](const std::string&) -> Result<bool> { return true; });
    if (answer || HasStatus(answer.error(), 404)) looks[i].has = answer.has_value();
  });

  Keep(std::move(ancestors));
  Tell(looks, sheet);
  return {};
}

Ancestors ReferenceChain::Known() {
  const std::lock_guard lock(mutex_);
  return ancestors_;
}

void ReferenceChain::Keep(Ancestors ancestors) {
  const std::lock_guard lock(mutex_);
  ancestors_ = std::move(ancestors);
}

void ReferenceChain::Tell(const std::vector<Look>& looks, Sheet& sheet) {
  const std::lock_guard lock(mutex_);
  double known = 0;
  double agree = 0;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const std::string& name = references_[i].name;
    const Look& look = looks[i];
    sheet.Set(kReferenceUp, look.height ? 1 : 0, name);
    if (look.height) sheet.Set(kReferenceTipHeight, static_cast<double>(*look.height), name);
    if (!look.has) continue;
    sheet.Set(kReferenceComparedHeight, static_cast<double>(look.compared), name);
    misses_[i] = *look.has ? 0 : std::min(misses_[i] + 1, kMissesMax);
    if (!*look.has && misses_[i] < kMissesMax) continue;
    sheet.Set(kTipOnReferenceChain, *look.has ? 1 : 0, name);
    ++known;
    agree += *look.has ? 1 : 0;
  }
  if (known > 0) sheet.Set(kReferenceAgreement, agree / known);
}

}  // namespace stakewatch::jormungandr
