#include "exporters/beacon/finality.h"

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {

Result<FinalityCheckpoints> ParseFinality(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    FinalityCheckpoints checkpoints;
    JsonObject data = root.get_object().find_field_unordered("data").get_object();
    const auto epoch = [&](std::string_view name) {
      return Decimal(
          data.find_field_unordered(name).get_object().find_field_unordered("epoch").value());
    };
    checkpoints.previous_justified = epoch("previous_justified");
    checkpoints.current_justified = epoch("current_justified");
    checkpoints.finalized = epoch("finalized");
    return checkpoints;
  });
}

void TellFinality(const FinalityCheckpoints& checkpoints, const Chain& chain, double now,
                  Sheet& sheet) {
  sheet.Set(kPreviousJustifiedEpoch, static_cast<double>(checkpoints.previous_justified));
  sheet.Set(kJustifiedEpoch, static_cast<double>(checkpoints.current_justified));
  sheet.Set(kFinalizedEpoch, static_cast<double>(checkpoints.finalized));
  const auto slot = chain.SlotAt(now);
  if (!slot) return;
  const std::uint64_t epoch = chain.EpochOf(*slot);
  sheet.Set(kFinalityLag,
            epoch > checkpoints.finalized ? static_cast<double>(epoch - checkpoints.finalized) : 0);
}

Result<void> ScrapeFinality(const Client& client, const Deadline& deadline, ChainOf& chain,
                            double now, Sheet& sheet) {
  const auto known = chain.Ask(client, deadline);
  if (!known) return std::unexpected(known.error());
  const auto checkpoints = client.Ask(Call::kFinalityCheckpoints, deadline, ParseFinality);
  if (!checkpoints) return std::unexpected(checkpoints.error());
  TellFinality(*checkpoints, *known, now, sheet);
  return {};
}

}  // namespace stakewatch::beacon
