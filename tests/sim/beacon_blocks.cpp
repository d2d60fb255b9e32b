// Whole blocks, blinded blocks, and what their proposers earned.
#include <array>

#include "tests/sim/beacon_api.h"
#include "tests/sim/beacon_json.h"
#include "tests/sim/beacon_rewards.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

constexpr std::string_view kOwnRecipient = "0x123463a4b065722e99115d6c222f267d9cabb524";
constexpr std::string_view kOtherRecipient = "0x00000000219ab540356cbb839cbe05303d7705fa";
constexpr std::string_view kEmptyRoot =
    "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

std::string Recipient(const BeaconAsk& ask, std::uint64_t slot) {
  const std::uint64_t proposer = ask.chain.Proposer(slot);
  if (!ask.chain.Own(proposer)) return "0x" + HexDigits(Mix(proposer, 91), 40);
  return std::string(ask.chain.At(slot).other_recipient ? kOtherRecipient : kOwnRecipient);
}

std::string Bits(const BeaconAsk& ask, std::uint64_t slot) {
  std::string text = "0x";
  const std::uint64_t size = ask.chain.SyncCommitteeSize();
  for (std::uint64_t byte = 0; byte < size / 8; ++byte) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (ask.chain.SyncBit(slot, byte * 8 + bit)) value |= 1U << bit;
    }
    text += "0123456789abcdef"[value >> 4U];
    text += "0123456789abcdef"[value & 15U];
  }
  return text;
}

// With the lists that a blinded block has the roots of.
std::string Payload(const BeaconAsk& ask, std::uint64_t slot, bool blinded) {
  const std::uint64_t number = ask.chain.At(slot).block_number;
  const std::uint64_t seed = Mix(ask.chain.Setup().seed, Mix(slot, 92));
  BeaconObject payload;
  payload.Text("parent_hash", ask.node.BlockHash(number == 0 ? 0 : number - 1))
      .Text("fee_recipient", Recipient(ask, slot))
      .Text("state_root", Hash(Mix(seed, 1)))
      .Text("receipts_root", kEmptyRoot)
      .Text("logs_bloom", "0x" + std::string(512, '0'))
      .Text("prev_randao", Hash(Mix(seed, 2)))
      .Number("block_number", number)
      .Number("gas_limit", 60'000'000)
      .Number("gas_used", 0)
      .Number("timestamp", static_cast<std::uint64_t>(ask.chain.StartOf(slot)))
      .Text("extra_data", "0xd883011103846765746888676f312e32362e38856c696e7578")
      .Number("base_fee_per_gas", 99'671)
      .Text("block_hash", ask.node.BlockHash(number));
  if (blinded) {
    payload.Text("transactions_root", kEmptyRoot).Text("withdrawals_root", kEmptyRoot);
  } else {
    payload.Json("transactions", "[]").Json("withdrawals", "[]");
  }
  return payload.Number("blob_gas_used", 0).Number("excess_blob_gas", 0).Done();
}

std::string Attestations(const BeaconAsk& ask, std::uint64_t slot, std::string_view signature) {
  if (slot == 0) return "[]";
  const std::uint64_t slots = ask.chain.Setup().slots_per_epoch;
  const std::uint64_t epoch = ask.chain.EpochOf(slot - 1);
  const auto checkpoint = [&](std::uint64_t at) {
    return BeaconObject()
        .Number("epoch", at)
        .Text("root", ask.chain.Root(ask.chain.LastBlock(at * slots)))
        .Done();
  };
  const std::string data =
      BeaconObject()
          .Number("slot", slot - 1)
          .Number("index", 0)
          .Text("beacon_block_root", ask.chain.Root(ask.chain.LastBlock(slot - 1)))
          .Json("source", checkpoint(ask.chain.FinalityAt(epoch).justified))
          .Json("target", checkpoint(epoch))
          .Done();
  return '[' +
         BeaconObject()
             .Text("aggregation_bits", "0xff01")
             .Json("data", data)
             .Text("signature", signature)
             .Text("committee_bits", "0x03")
             .Done() +
         ']';
}

BeaconReply BlockReply(const BeaconAsk& ask, bool blinded) {
  const auto found = BlockIn(ask, ask.parts[0]);
  if (!found) return found.error();
  const std::uint64_t slot = *found;
  const BeaconChain& chain = ask.chain;
  const std::uint64_t seed = Mix(chain.Setup().seed, Mix(slot, 93));
  const std::string signature = "0x" + HexDigits(Mix(seed, 1), 192);
  const std::string eth1 = BeaconObject()
                               .Text("deposit_root", Hash(Mix(seed, 2)))
                               .Number("deposit_count", 0)
                               .Text("block_hash", ask.node.BlockHash(0))
                               .Done();
  const std::string sync = BeaconObject()
                               .Text("sync_committee_bits", Bits(ask, slot))
                               .Text("sync_committee_signature", signature)
                               .Done();
  const std::string body =
      BeaconObject()
          .Text("randao_reveal", signature)
          .Json("eth1_data", eth1)
          .Text("graffiti", "0x7365656464657620474530303030504d31666334000000000000000000000000")
          .Json("proposer_slashings", "[]")
          .Json("attester_slashings", "[]")
          .Json("attestations", Attestations(ask, slot, signature))
          .Json("deposits", "[]")
          .Json("voluntary_exits", "[]")
          .Json("sync_aggregate", sync)
          .Json(blinded ? "execution_payload_header" : "execution_payload",
                Payload(ask, slot, blinded))
          .Json("bls_to_execution_changes", "[]")
          .Json("blob_kzg_commitments", "[]")
          .Json("execution_requests", R"({"deposits":[],"withdrawals":[],"consolidations":[]})")
          .Done();
  const std::string message =
      BeaconObject()
          .Number("slot", slot)
          .Number("proposer_index", chain.Proposer(slot))
          .Text("parent_root", chain.Root(chain.LastBlock(slot == 0 ? 0 : slot - 1)))
          .Text("state_root", chain.StateRoot(slot))
          .Json("body", body)
          .Done();
  return BeaconJson(
      BeaconObject()
          .Text("version", "fulu")
          .Flag("execution_optimistic", OptimisticAt(ask, slot))
          .Flag("finalized", FinalizedAt(ask, slot))
          .Json("data", BeaconObject().Json("message", message).Text("signature", signature).Done())
          .Done());
}

}  // namespace

BeaconReply WholeBlock(const BeaconAsk& ask) {
  return BlockReply(ask, false);
}

BeaconReply BlindedBlock(const BeaconAsk& ask) {
  return BlockReply(ask, true);
}

BeaconReply BlockRewards(const BeaconAsk& ask) {
  const auto slot = BlockIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  if (*slot == 0) {
    return BeaconError(400, "Block rewards are not supported for Phase 0 blocks");
  }
  const ProposerReward reward = ProposerRewardOf(ask.chain, *slot);
  return BeaconJson(
      BeaconObject()
          .Json("data", BeaconObject()
                            .Number("proposer_index", ask.chain.Proposer(*slot))
                            .Amount("total", reward.attestations + reward.sync_aggregate)
                            .Amount("attestations", reward.attestations)
                            .Amount("sync_aggregate", reward.sync_aggregate)
                            .Number("proposer_slashings", 0)
                            .Number("attester_slashings", 0)
                            .Done())
          .Flag("execution_optimistic", OptimisticAt(ask, *slot))
          .Flag("finalized", FinalizedAt(ask, *slot))
          .Done());
}

}  // namespace stakewatch::sim
