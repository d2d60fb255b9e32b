#include "exporters/beacon/execution_link.h"

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

// The two are asked one after the other, and a block comes every 12 s at most. An execution client
// that is ahead has been left behind by its beacon node, whose head fell back: no broken link.
constexpr std::uint64_t kBlocksApartMax = 4;

}  // namespace

Result<std::optional<std::uint64_t>> ParsePayloadBlockNumber(const std::string& answer) {
  return Decode(answer, [](JsonValue root) -> std::optional<std::uint64_t> {
    JsonObject body = root.get_object()
                          .find_field_unordered("data")
                          .get_object()
                          .find_field_unordered("message")
                          .get_object()
                          .find_field_unordered("body")
                          .get_object();
    auto payload = body.find_field_unordered("execution_payload_header");
    if (payload.error() == simdjson::NO_SUCH_FIELD) return std::nullopt;
    return Decimal(payload.get_object().find_field_unordered("block_number").value());
  });
}

void TellHeads(std::optional<std::uint64_t> payload, std::optional<std::uint64_t> execution,
               Sheet& sheet) {
  if (payload) sheet.Set(kHeadPayloadBlock, static_cast<double>(*payload));
  if (execution) sheet.Set(kExecutionBlock, static_cast<double>(*execution));
  sheet.Set(kExecutionLinkEvidence, execution ? 0 : 1, "execution_down");
  if (!payload || !execution) return;
  const bool apart = *payload > *execution && *payload - *execution > kBlocksApartMax;
  sheet.Set(kExecutionLinkEvidence, apart ? 1 : 0, "heads_apart");
}

Result<void> ScrapeExecutionLink(const Client& client, const Upstream& execution,
                                 const Deadline& deadline, Sheet& sheet) {
  // A hung execution client must leave time to ask the beacon node.
  const Deadline half(deadline.Left() / 2);
  const auto number = AskBlockNumber(execution, half);
  const auto payload = client.Ask(Call::kHeadBlindedBlock, deadline, ParsePayloadBlockNumber);
  if (!payload) return std::unexpected(payload.error());
  TellHeads(*payload, number ? std::optional(*number) : std::nullopt, sheet);
  return {};
}

}  // namespace stakewatch::beacon
