#pragma once
// Source finality: how far the chain is justified and finalized, and how old that is.
#include <cstdint>
#include <string>

#include "common/metrics.h"
#include "exporters/beacon/chain.h"

namespace stakewatch::beacon {

// states/head/finality_checkpoints: epochs.
struct FinalityCheckpoints {
  std::uint64_t previous_justified = 0;
  std::uint64_t current_justified = 0;
  std::uint64_t finalized = 0;
};

Result<FinalityCheckpoints> ParseFinality(const std::string& answer);
// `now` in Unix seconds.
void TellFinality(const FinalityCheckpoints& checkpoints, const Chain& chain, double now,
                  Sheet& sheet);

Result<void> ScrapeFinality(const Client& client, const Deadline& deadline, ChainOf& chain,
                            double now, Sheet& sheet);

}  // namespace stakewatch::beacon
