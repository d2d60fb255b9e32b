// What the node says of itself and of its chain.
#include <algorithm>
#include <array>

#include "tests/sim/beacon_api.h"
#include "tests/sim/beacon_json.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr std::string_view kZeroRoot =
    "0x0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::size_t kDisconnectedPeers = 4;

std::string Data(std::string_view json) {
  return BeaconObject().Json("data", json).Done();
}

// The root of the block that an epoch's checkpoint names.
std::string CheckpointRoot(const BeaconAsk& ask, std::uint64_t epoch) {
  if (epoch == 0) return std::string(kZeroRoot);
  return ask.chain.Root(ask.chain.LastBlock(epoch * ask.chain.Setup().slots_per_epoch));
}

}  // namespace

BeaconReply NodeSyncing(const BeaconAsk& ask) {
  // For the first second of a start; all else is answered already.
  if (ask.status.starting) {
    return BeaconError(500, "Could not get optimistic status: the node is starting");
  }
  return BeaconJson(Data(BeaconObject()
                             .Number("head_slot", ask.status.head)
                             .Number("sync_distance", ask.status.distance)
                             .Flag("is_syncing", ask.status.syncing)
                             .Flag("is_optimistic", ask.status.optimistic)
                             .Flag("el_offline", ask.status.el_offline)
                             .Done()));
}

BeaconReply NodeHealth(const BeaconAsk& ask) {
  int syncing_code = 206;
  for (const std::string& text : ask.Values("syncing_status")) {
    syncing_code = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') {
        return BeaconError(400, "syncing_status is invalid: strconv.ParseUint: parsing \"" + text +
                                    "\": invalid syntax");
      }
      syncing_code = std::min(syncing_code * 10 + (c - '0'), 100'000);
    }
    if (syncing_code < 100 || syncing_code > 599) {
      return BeaconError(400, "syncing_status is not a valid HTTP status code");
    }
  }
  // 503 is never said: not even by a node that has stood still for minutes.
  const int code = ask.status.starting                           ? 500
                   : ask.status.syncing || ask.status.optimistic ? syncing_code
                                                                 : 200;
  BeaconReply reply = BeaconError(code, "");
  reply.head.content_type = "";
  reply.body.clear();
  return reply;
}

BeaconReply NodeVersion(const BeaconAsk& /*ask*/) {
  return BeaconJson(
      Data(BeaconObject().Text("version", "Prysm/v7.1.6-1fc4645 (linux amd64)").Done()));
}

BeaconReply NodeVersion2(const BeaconAsk& ask) {
  BeaconObject data;
  data.Json("beacon_node",
            R"({"code":"PM","name":"Prysm","version":"v7.1.6","commit":"1fc46453"})");
  if (ask.status.has_execution) {
    data.Json("execution_client", R"({"code":"GE","name":"go-ethereum",)"
                                  R"("version":"1.17.3-stable","commit":"0x00000000"})");
  }
  return BeaconJson(Data(data.Done()));
}

namespace {

struct BeaconPeer {
  std::string_view state, direction;
};

BeaconPeer PeerAt(const BeaconAsk& ask, std::size_t i) {
  const bool inbound = i % 3 == 0 && !ask.node.Has(Kind::kNoInbound);
  return {i < ask.node.PeerCount() ? "connected" : "disconnected",
          inbound ? "inbound" : "outbound"};
}

std::size_t PeersKnown(const BeaconAsk& ask) {
  const std::size_t connected = ask.node.PeerCount();
  return connected == 0 ? 0 : connected + kDisconnectedPeers;
}

bool Wanted(const std::vector<std::string>& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// What is no state or direction at all is not filtered by, as recorded.
std::vector<std::string> Known(std::vector<std::string> values,
                               std::initializer_list<std::string_view> known) {
  std::erase_if(values, [&](const std::string& value) {
    return std::find(known.begin(), known.end(), value) == known.end();
  });
  return values;
}

}  // namespace

BeaconReply NodePeers(const BeaconAsk& ask) {
  const auto states =
      Known(ask.Values("state"), {"connected", "disconnected", "connecting", "disconnecting"});
  const auto directions = Known(ask.Values("direction"), {"inbound", "outbound"});
  std::string data = "[]";
  std::size_t count = 0;
  for (std::size_t i = 0; i < PeersKnown(ask); ++i) {
    const BeaconPeer peer = PeerAt(ask, i);
    if (!Wanted(states, peer.state) || !Wanted(directions, peer.direction)) continue;
    const std::uint64_t seed = Mix(ask.chain.Setup().seed, 7000 + i);
    AddToArray(data,
               BeaconObject()
                   .Text("peer_id", "16Uiu2HAm" + HexDigits(seed, 44))
                   .Text("enr", "")
                   .Text("last_seen_p2p_address", "/ip4/10.9." + std::to_string(i / 250) + "." +
                                                      std::to_string(i % 250 + 1) + "/tcp/13000")
                   .Text("state", peer.state)
                   .Text("direction", peer.direction)
                   .Done());
    ++count;
  }
  // The one number under /eth/ that is no string.
  return BeaconJson(BeaconObject()
                        .Json("data", data)
                        .Json("meta", BeaconObject().Json("count", std::to_string(count)).Done())
                        .Done());
}

BeaconReply NodePeerCount(const BeaconAsk& ask) {
  const std::size_t connected = ask.node.PeerCount();
  return BeaconJson(Data(BeaconObject()
                             .Number("disconnected", PeersKnown(ask) - connected)
                             .Number("connecting", 0)
                             .Number("connected", connected)
                             .Number("disconnecting", 0)
                             .Done()));
}

BeaconReply NodeIdentity(const BeaconAsk& ask) {
  // Prysm could not tell before discovery had begun.
  if (ask.node.PeerCount() == 0) {
    return BeaconError(500, "Could not obtain enr: could not serialize nil record");
  }
  const std::string id = "16Uiu2HAm" + HexDigits(ask.chain.Setup().seed, 44);
  return BeaconJson(
      Data(BeaconObject()
               .Text("peer_id", id)
               .Text("enr", "enr:-" + HexDigits(Mix(ask.chain.Setup().seed), 200))
               .Json("p2p_addresses", "[\"/ip4/127.0.0.1/tcp/13000/p2p/" + id + "\"]")
               .Json("discovery_addresses", "[\"/ip4/127.0.0.1/udp/12000/p2p/" + id + "\"]")
               .Json("metadata", R"({"seq_number":"1","attnets":"0x3000000000000000",)"
                                 R"("syncnets":"0x00","custody_group_count":"4"})")
               .Done()));
}

BeaconReply Genesis(const BeaconAsk& ask) {
  const BeaconNetwork network = ask.node.Network();
  return BeaconJson(Data(BeaconObject()
                             .Number("genesis_time", ask.chain.GenesisTime())
                             .Text("genesis_validators_root", network.genesis_root)
                             .Text("genesis_fork_version", ForkVersion(network, 0))
                             .Done()));
}

BeaconReply ConfigSpec(const BeaconAsk& ask) {
  return BeaconJson("{\"data\":{" + SpecJson(ask.node.Network(), ask.node.Spec()) + "}}");
}

BeaconReply ForkSchedule(const BeaconAsk& ask) {
  return BeaconJson(Data(ForkScheduleJson(ask.node.Network(), ask.node.Spec())));
}

BeaconReply Events(const BeaconAsk& ask) {
  static constexpr std::array<std::string_view, 16> kTopics = {"head",
                                                               "block",
                                                               "attestation",
                                                               "single_attestation",
                                                               "voluntary_exit",
                                                               "bls_to_execution_change",
                                                               "proposer_slashing",
                                                               "attester_slashing",
                                                               "finalized_checkpoint",
                                                               "chain_reorg",
                                                               "contribution_and_proof",
                                                               "blob_sidecar",
                                                               "payload_attributes",
                                                               "block_gossip",
                                                               "light_client_finality_update",
                                                               "data_column_sidecar"};
  BeaconReply reply;
  reply.topics = ask.Values("topics");
  const bool old = ask.node.Has(Kind::kOldTopics);
  for (const std::string& topic : reply.topics) {
    if ((old && topic.ends_with("_slashing")) ||
        std::find(kTopics.begin(), kTopics.end(), topic) == kTopics.end()) {
      return BeaconError(400, topic + ": invalid topic name");
    }
  }
  if (reply.topics.empty()) return BeaconError(400, "no valid topics specified");
  reply.head.content_type = "text/event-stream";
  reply.head.headers = "Connection: keep-alive\r\n";
  return reply;
}

namespace {

std::string HeaderMessage(const BeaconAsk& ask, std::uint64_t slot) {
  const BeaconChain& chain = ask.chain;
  return BeaconObject()
      .Number("slot", slot)
      .Number("proposer_index", slot == 0 ? 0 : chain.Proposer(slot))
      .Text("parent_root",
            slot == 0 ? std::string(kZeroRoot) : chain.Root(chain.LastBlock(slot - 1)))
      .Text("state_root", chain.StateRoot(slot))
      .Text("body_root", Hash(Mix(chain.Setup().seed, Mix(slot, 77))))
      .Done();
}

std::string Signature(const BeaconAsk& ask, std::uint64_t slot) {
  return "0x" + HexDigits(Mix(ask.chain.Setup().seed, Mix(slot, 78)), 192);
}

}  // namespace

BeaconReply Header(const BeaconAsk& ask) {
  const auto slot = BlockIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  const std::string signed_header = BeaconObject()
                                        .Json("message", HeaderMessage(ask, *slot))
                                        .Text("signature", Signature(ask, *slot))
                                        .Done();
  return BeaconJson(BeaconObject()
                        .Flag("execution_optimistic", OptimisticAt(ask, *slot))
                        .Flag("finalized", FinalizedAt(ask, *slot))
                        .Json("data", BeaconObject()
                                          .Json("header", signed_header)
                                          .Text("root", ask.chain.Root(*slot))
                                          .Flag("canonical", true)
                                          .Done())
                        .Done());
}

BeaconReply FinalityCheckpoints(const BeaconAsk& ask) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  const Finality finality = ask.chain.FinalityAt(ask.chain.EpochOf(*slot));
  const auto checkpoint = [&](std::uint64_t epoch) {
    return BeaconObject().Number("epoch", epoch).Text("root", CheckpointRoot(ask, epoch)).Done();
  };
  return BeaconJson(
      BeaconObject()
          .Flag("execution_optimistic", OptimisticAt(ask, *slot))
          .Flag("finalized", FinalizedAt(ask, *slot))
          .Json("data", BeaconObject()
                            .Json("previous_justified", checkpoint(finality.previous_justified))
                            .Json("current_justified", checkpoint(finality.justified))
                            .Json("finalized", checkpoint(finality.finalized))
                            .Done())
          .Done());
}

BeaconReply Fork(const BeaconAsk& ask) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  const BeaconNetwork network = ask.node.Network();
  return BeaconJson(BeaconObject()
                        .Json("data", BeaconObject()
                                          .Text("previous_version", ForkVersion(network, kFulu - 1))
                                          .Text("current_version", ForkVersion(network, kFulu))
                                          .Number("epoch", 0)
                                          .Done())
                        .Flag("execution_optimistic", OptimisticAt(ask, *slot))
                        .Flag("finalized", FinalizedAt(ask, *slot))
                        .Done());
}

BeaconReply ChainHead(const BeaconAsk& ask) {
  const BeaconChain& chain = ask.chain;
  const Finality finality = ask.node.FinalityNow(ask.now);
  BeaconObject head;
  head.Number("head_slot", ask.status.head)
      .Number("head_epoch", chain.EpochOf(ask.status.head))
      .Text("head_block_root", chain.Root(ask.status.head));
  const auto add = [&](const std::string& name, std::uint64_t epoch) {
    const std::uint64_t slot = epoch * chain.Setup().slots_per_epoch;
    head.Number(name + "_slot", slot)
        .Number(name + "_epoch", epoch)
        .Text(name + "_block_root", CheckpointRoot(ask, epoch));
  };
  add("finalized", finality.finalized);
  add("justified", finality.justified);
  add("previous_justified", finality.previous_justified);
  return BeaconJson(head.Flag("optimistic_status", ask.status.optimistic).Done());
}

}  // namespace stakewatch::sim
