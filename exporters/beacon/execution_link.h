#pragma once
// Source execution_link: is the head block's payload near the execution client's own head?
#include <cstdint>
#include <optional>
#include <string>

#include "common/metrics.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

// Of blinded_blocks/head, which has the payload's header without its transactions. None where the
// fork has no payload in the block (before Bellatrix, from Gloas on).
Result<std::optional<std::uint64_t>> ParsePayloadBlockNumber(const std::string& answer);
void TellHeads(std::optional<std::uint64_t> payload, std::optional<std::uint64_t> execution,
               Sheet& sheet);

// `execution` answers JSON-RPC. That it does not is evidence, and no failure of this source.
Result<void> ScrapeExecutionLink(const Client& client, const Upstream& execution,
                                 const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::beacon
