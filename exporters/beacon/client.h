#pragma once
// Everything this exporter can ask a beacon node for (the Beacon API, github.com/ethereum/
// beacon-APIs, and one call of Prysm's own). All of it reads; there is no way to say another path.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/upstream/upstream.h"

namespace stakewatch::beacon {

enum class Call {
  kNodeSyncing,
  kNodeHealth,
  kNodeVersion,
  kNodeVersionV2,
  kNodePeerCount,
  kNodePeersConnected,
  kGenesis,
  kConfigSpec,
  kFinalityCheckpoints,
  kHeader,
  kHeadBlindedBlock,
  kBlindedBlock,
  kValidators,
  kValidatorSet,
  kDutiesProposer,
  kDutiesAttester,
  kDutiesSync,
  kLiveness,
  kRewardsAttestations,
  kRewardsBlock,
  kRewardsSyncCommittee,
  kPrysmParticipation,
};

// What goes to the node besides the path.
enum class Body {
  kNone,    // GET.
  kIds,     // POST ["0","1"]: what the call is about; never empty, since that can mean all.
  kFilter,  // POST {"ids":["0","1"]}, never empty either.
  kAll,     // POST []: all that the call knows, where these are few (one sync committee).
};

struct CallRow {
  std::string_view name;  // Of the recorded answer and in log lines.
  std::string_view path;  // {} stands for the slot or epoch.
  Body body = Body::kNone;
};

// In the order of Call.
inline constexpr std::array<CallRow, 22> kCalls = {{
    {"node_syncing", "/eth/v1/node/syncing"},
    {"node_health", "/eth/v1/node/health"},
    {"node_version", "/eth/v1/node/version"},
    {"node_version_v2", "/eth/v2/node/version"},
    {"node_peer_count", "/eth/v1/node/peer_count"},
    {"node_peers", "/eth/v1/node/peers?state=connected"},
    {"genesis", "/eth/v1/beacon/genesis"},
    {"config_spec", "/eth/v1/config/spec"},
    {"finality_checkpoints", "/eth/v1/beacon/states/head/finality_checkpoints"},
    {"headers", "/eth/v1/beacon/headers/{}"},
    {"blinded_blocks_head", "/eth/v1/beacon/blinded_blocks/head"},
    {"blinded_blocks", "/eth/v1/beacon/blinded_blocks/{}"},
    {"validators_post", "/eth/v1/beacon/states/head/validators", Body::kFilter},
    {"validators", "/eth/v1/beacon/states/head/validators"},
    {"duties_proposer", "/eth/v1/validator/duties/proposer/{}"},
    {"duties_attester", "/eth/v1/validator/duties/attester/{}", Body::kIds},
    {"duties_sync", "/eth/v1/validator/duties/sync/{}", Body::kIds},
    {"liveness", "/eth/v1/validator/liveness/{}", Body::kIds},
    {"rewards_attestations", "/eth/v1/beacon/rewards/attestations/{}", Body::kIds},
    {"rewards_blocks", "/eth/v1/beacon/rewards/blocks/{}"},
    {"rewards_sync_committee", "/eth/v1/beacon/rewards/sync_committee/{}", Body::kAll},
    {"pr_participation", "/prysm/v1/validators/head/participation"},
}};

// The stream of server-sent events; the topics, with commas between them, go behind it.
inline constexpr std::string_view kEventsPath = "/eth/v1/events?topics=";

// One question to the node.
struct Question {
  // NOLINTNEXTLINE(google-explicit-constructor): most calls are a question by themselves.
  Question(Call what) : call(what) {}
  Question(Call what, std::uint64_t slot_or_epoch, std::vector<std::string> about = {})
      : call(what), at(slot_or_epoch), ids(std::move(about)) {}
  Question(Call what, std::vector<std::string> about) : call(what), ids(std::move(about)) {}

  Call call;
  std::optional<std::uint64_t> at;  // The slot or epoch that the path names.
  std::vector<std::string> ids;     // Validator indices, or public keys as 0x….
};

// As HTTP knows it: "headers_75" asks GET /eth/v1/beacon/headers/75. The name lives in `name`.
// Aborts when the question has no slot, epoch or ids where its call needs them: a programmer error.
Request ToRequest(const Question& question, std::string& name);

// Borrows the upstream.
class Client {
 public:
  explicit Client(const Upstream& node) : node_(node) {}

  // The answer as `parse(const std::string&) -> Result<T>` reads it. An error says which call it
  // was, and has the HTTP status as its code.
  template <class Parse>
  auto Ask(const Question& question, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    const auto answer = Answer(question, deadline);
    if (!answer) return std::unexpected(answer.error());
    auto parsed = parse(*answer);
    if (!parsed) return std::unexpected(Explain(question, parsed.error()));
    return parsed;
  }

  // An answer that is never held whole, of at most `bytes_max` bytes.
  Result<void> AskInPieces(const Question& question, const Deadline& deadline,
                           std::uint64_t bytes_max, Pieces& to) const;

 private:
  Result<std::string> Answer(const Question& question, const Deadline& deadline) const;
  static Error Explain(const Question& question, const Error& error);

  const Upstream& node_;
};

// The one thing asked of the execution client (--beacon.execution-url): its eth_blockNumber.
Result<std::uint64_t> AskBlockNumber(const Upstream& execution, const Deadline& deadline);

// True for an HTTP answer with this status.
inline bool HasStatus(const Error& error, int status) {
  return error.reason == Reason::kHttpStatus && error.code == status;
}

}  // namespace stakewatch::beacon
