#pragma once
// The beacon node's HTTP API as Prysm serves it: the router's manners, errors, and the answers.
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/beacon_node.h"
#include "tests/sim/http.h"

namespace stakewatch::sim {

struct BeaconReply {
  HttpHead head = {};
  std::string body = {};
  std::function<std::string()> more = {};  // What follows the body, until it gives nothing.
  std::vector<std::string> topics = {};    // Not empty: an event stream of these.
};

BeaconReply AnswerBeacon(const BeaconNode& node, const HttpRequest& request, double now);

// {"message","code"}, as the handlers say it.
BeaconReply BeaconError(int code, std::string_view message);
BeaconReply BeaconJson(std::string json);
// text/plain, as the router says it.
BeaconReply RouterError(int code, std::string_view text, std::string headers = {});

// One event in its chunk; an empty topic is a keep-alive.
std::string EventChunk(std::string_view topic, const std::string& data);

// One request to a route, taken apart.
struct BeaconAsk {
  const BeaconNode& node;
  const BeaconChain& chain;
  NodeStatus status;
  double now;
  std::vector<std::string_view> parts;  // What stands for the pattern's stars.
  std::string_view query;
  std::string_view body;

  // All values of a parameter, repeated or with commas.
  std::vector<std::string> Values(std::string_view name) const;
};
using BeaconAnswer = BeaconReply (*)(const BeaconAsk&);

// A number of a path; the error is the reply.
std::expected<std::uint64_t, BeaconReply> EpochIn(std::string_view text);
// The indices of a body, ["0","1"].
std::expected<std::vector<std::uint64_t>, BeaconReply> IndicesIn(std::string_view body);
// The slot of a state that {head, genesis, justified, finalized, a slot, a root} names.
std::expected<std::uint64_t, BeaconReply> StateIn(const BeaconAsk& ask, std::string_view id);
std::expected<std::uint64_t, BeaconReply> BlockIn(const BeaconAsk& ask, std::string_view id);
// "execution_optimistic" and "finalized" of that slot.
bool OptimisticAt(const BeaconAsk& ask, std::uint64_t slot);
bool FinalizedAt(const BeaconAsk& ask, std::uint64_t slot);
// 503 while syncing.
std::optional<BeaconReply> NotWhileSyncing(const BeaconAsk& ask);

BeaconReply NodeSyncing(const BeaconAsk& ask);
BeaconReply NodeHealth(const BeaconAsk& ask);
BeaconReply NodeVersion(const BeaconAsk& ask);
BeaconReply NodeVersion2(const BeaconAsk& ask);
BeaconReply NodePeers(const BeaconAsk& ask);
BeaconReply NodePeerCount(const BeaconAsk& ask);
BeaconReply NodeIdentity(const BeaconAsk& ask);
BeaconReply Genesis(const BeaconAsk& ask);
BeaconReply ConfigSpec(const BeaconAsk& ask);
BeaconReply ForkSchedule(const BeaconAsk& ask);
BeaconReply Events(const BeaconAsk& ask);
BeaconReply Header(const BeaconAsk& ask);
BeaconReply FinalityCheckpoints(const BeaconAsk& ask);
BeaconReply Fork(const BeaconAsk& ask);
BeaconReply ChainHead(const BeaconAsk& ask);
BeaconReply WholeBlock(const BeaconAsk& ask);
BeaconReply BlindedBlock(const BeaconAsk& ask);
BeaconReply ParticipationNow(const BeaconAsk& ask);
BeaconReply Validators(const BeaconAsk& ask);
BeaconReply ValidatorsPosted(const BeaconAsk& ask);
BeaconReply OneValidator(const BeaconAsk& ask);
BeaconReply SyncCommittees(const BeaconAsk& ask);
BeaconReply ProposerDuties(const BeaconAsk& ask);
BeaconReply AttesterDuties(const BeaconAsk& ask);
BeaconReply SyncDuties(const BeaconAsk& ask);
BeaconReply Liveness(const BeaconAsk& ask);
BeaconReply AttestationRewards(const BeaconAsk& ask);
BeaconReply BlockRewards(const BeaconAsk& ask);
BeaconReply SyncRewards(const BeaconAsk& ask);

}  // namespace stakewatch::sim
