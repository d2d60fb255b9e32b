#pragma once
// The events of /eth/v1/events that the feed listens to.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/result.h"
#include "common/upstream/sse.h"

namespace stakewatch::beacon {

enum class Topic {
  kHead,
  kBlock,
  kChainReorg,
  kFinalizedCheckpoint,
  kProposerSlashing,
  kAttesterSlashing,
};

// In the Beacon API's words and the order of Topic. The first four are as old as the API; an older
// node refuses a request that names one of the others.
inline constexpr std::array<std::string_view, 6> kTopics = {"head",
                                                            "block",
                                                            "chain_reorg",
                                                            "finalized_checkpoint",
                                                            "proposer_slashing",
                                                            "attester_slashing"};
inline constexpr std::size_t kOldTopics = 4;

struct Event {
  Topic topic{};
  std::uint64_t slot = 0;   // Of head, block and chain_reorg: below 2^53.
  std::uint64_t depth = 0;  // Of chain_reorg, in slots; below 2^53.
};

// The topic of an event by its type; none when it is not one of ours.
std::optional<Topic> TopicOf(std::string_view type);
// The event's own members as far as the feed needs them. Numbers may be strings or numbers.
Result<Event> ParseEvent(Topic topic, const std::string& data);

}  // namespace stakewatch::beacon
