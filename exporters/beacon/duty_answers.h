#pragma once
// What a node says about who has which duty, and who did it. Entries that are not about own
// validators are for the caller to pass over.
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace stakewatch::beacon {

// duties/proposer and duties/attester.
struct SlotDuty {
  std::uint64_t validator_index = 0;
  std::uint64_t slot = 0;

  bool operator==(const SlotDuty&) const = default;
};
Result<std::vector<SlotDuty>> ParseSlotDuties(const std::string& answer);

// duties/sync: those of the validators asked about that are in the committee.
Result<std::vector<std::uint64_t>> ParseSyncDuties(const std::string& answer);

// liveness.
struct Liveness {
  std::uint64_t index = 0;
  bool is_live = false;
};
Result<std::vector<Liveness>> ParseLiveness(const std::string& answer);

// headers/{slot}: the block's slot and proposer. Its slot is looked at too, in case a client
// answers with the block before an empty slot.
Result<SlotDuty> ParseHeader(const std::string& answer);

// blinded_blocks/{slot}: the fee recipient in lower case; empty where the block has no payload
// header, as before the merge and from Gloas on.
Result<std::string> ParseFeeRecipient(const std::string& answer);

}  // namespace stakewatch::beacon
