#include "exporters/beacon/sync.h"

#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

// While the lag is this small the node follows the chain, and its speed is that of the clock.
constexpr std::uint64_t kFollowingSlots = 2;

// sync_distance is an unsigned subtraction in Prysm: a head before the clock's slot wraps it.
constexpr std::uint64_t kWrapped = std::uint64_t{1} << 63;

Result<int> AskHealth(const Client& client, const Deadline& deadline) {
  const auto healthy = client.Ask(Call::kNodeHealth, deadline,
                                  [](const std::string&) -> Result<int> { return 200; });
  if (healthy || healthy.error().reason != Reason::kHttpStatus) return healthy;
  return healthy.error().code;
}

}  // namespace

Result<Syncing> ParseSyncing(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    Syncing syncing;
    bool head = false;
    bool word = false;
    for (auto field : root.get_object().find_field_unordered("data").get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "head_slot") {
        syncing.head_slot = Decimal(value);
        head = true;
      } else if (key == "sync_distance") {
        syncing.sync_distance = Decimal(value);
      } else if (key == "is_syncing") {
        syncing.is_syncing = Boolean(value);
        word = true;
      } else if (key == "is_optimistic" && !value.is_null()) {
        syncing.is_optimistic = Boolean(value);
      } else if (key == "el_offline" && !value.is_null()) {
        syncing.el_offline = Boolean(value);
      }
    }
    if (!head || !word) throw BadShape{"neither head_slot nor is_syncing may be missing"};
    return syncing;
  });
}

std::optional<std::uint64_t> HeadLag(const Syncing& syncing, const Chain& chain, double now) {
  const auto clock = chain.SlotAt(now);
  if (!clock) return std::nullopt;
  return *clock > syncing.head_slot ? *clock - syncing.head_slot : 0;
}

void TellSync(const Syncing& syncing, const Chain& chain, std::optional<double> speed, double now,
              Sheet& sheet) {
  sheet.Set(kHeadSlot, static_cast<double>(syncing.head_slot));
  sheet.Set(kSyncDistance,
            syncing.sync_distance >= kWrapped ? 0 : static_cast<double>(syncing.sync_distance));
  sheet.Set(kSyncing, syncing.is_syncing ? 1 : 0);
  if (syncing.is_optimistic) {
    sheet.Set(kOptimistic, *syncing.is_optimistic ? 1 : 0);
    sheet.Set(kExecutionLinkEvidence, *syncing.is_optimistic ? 1 : 0, "optimistic");
  }
  if (syncing.el_offline) {
    sheet.Set(kElOffline, *syncing.el_offline ? 1 : 0);
    sheet.Set(kExecutionLinkEvidence, *syncing.el_offline ? 1 : 0, "el_offline");
  }
  const auto clock = chain.SlotAt(now);
  const auto lag = HeadLag(syncing, chain, now);
  if (!clock || !lag) return;
  sheet.Set(kClockSlot, static_cast<double>(*clock));
  sheet.Set(kHeadLag, static_cast<double>(*lag));
  sheet.Set(kSyncSpeed, speed);
  const double gained = speed ? *speed - 1 / chain.SlotSeconds() : 0;
  if (gained > 0) sheet.Set(kSyncEta, static_cast<double>(*lag) / gained);
}

Result<void> ScrapeSync(const Client& client, const Deadline& deadline, ChainOf& chain,
                        SyncWindow* window, const std::function<double()>& clock, Sheet& sheet) {
  const auto known = chain.Ask(client, deadline);
  if (!known) return std::unexpected(known.error());
  const auto syncing = client.Ask(Call::kNodeSyncing, deadline, ParseSyncing);
  if (!syncing) return std::unexpected(syncing.error());
  const double now = clock();
  const auto health = AskHealth(client, deadline);
  if (!health) return std::unexpected(health.error());
  std::optional<double> speed;
  if (window != nullptr) {
    if (HeadLag(*syncing, *known, now).value_or(0) > kFollowingSlots) {
      speed = window->Add(now, static_cast<double>(syncing->head_slot));
    } else {
      window->Clear();
    }
  }
  TellSync(*syncing, *known, speed, now, sheet);
  sheet.Set(kHealthStatus, *health);
  return {};
}

}  // namespace stakewatch::beacon
