#include "exporters/jormungandr/leaders.h"

#include <algorithm>

#include "exporters/jormungandr/metrics.h"

namespace stakewatch::jormungandr {
namespace {

// More than any node's log has.
constexpr std::size_t kSlotsMax = 100'000;
constexpr std::size_t kSeenMax = 2 * kSlotsMax;

struct RejectionRow {
  std::string_view begins;
  std::string_view rejection;
};
// The node's leadership/process.rs, 0.5 to 0.13.
constexpr std::array<RejectionRow, 4> kSentences = {{
    {"Missed the deadline", "missed_deadline"},
    {"Failed to compute the schedule within", "too_slow"},
    {"Not computing this schedule because of invalid state", "invalid_state"},
    {"Cannot sign the block", "cannot_sign"},
}};

// "Pending", {"Block":{…}} or {"Rejected":{"reason":…}}.
void ReadStatus(JsonValue value, LeaderSlot& slot) {
  if (value.type() == simdjson::ondemand::json_type::string) {
    const std::string_view word = value.get_string();
    if (word != "Pending") throw BadShape{"status: " + std::string(word.substr(0, 40))};
    return;
  }
  bool any = false;
  for (auto field : value.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "Block") {
      slot.status = LeaderSlot::Status::kBlock;
    } else if (key == "Rejected") {
      slot.status = LeaderSlot::Status::kRejected;
      JsonObject rejected = field.value().get_object();
      slot.rejection = RejectionOf(rejected.find_field_unordered("reason").get_string());
    } else {
      continue;
    }
    any = true;
  }
  if (!any) throw BadShape{"a status that is neither Pending, Block nor Rejected"};
}

LeaderSlot ReadSlot(JsonObject entry) {
  LeaderSlot slot;
  bool status = false;
  for (auto field : entry) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "scheduled_at_date") {
      slot.date = std::string_view(value.get_string());
    } else if (key == "scheduled_at_time") {
      slot.scheduled = TimeOf(value);
    } else if (key == "enclave_leader_id") {
      slot.leader = CountOf(value).value_or(0);
    } else if (key == "status") {
      ReadStatus(value, slot);
      status = true;
    }
  }
  const auto at = ReadBlockDate(slot.date);
  if (!at || !status) throw BadShape{"a slot without a date or a status"};
  slot.at = *at;
  return slot;
}

// The place of a slot that has ended in LeaderEvents::Counts.
std::size_t PlaceOf(const LeaderSlot& slot) {
  if (slot.status == LeaderSlot::Status::kBlock) return kRejections.size();
  const auto found = std::ranges::find(kRejections, slot.rejection);
  return static_cast<std::size_t>(found - kRejections.begin());
}

void TellEvents(const LeaderEvents::Counts& counts, Sheet& sheet) {
  for (std::size_t i = 0; i < kRejections.size(); ++i) {
    sheet.Set(kLeaderEvents, static_cast<double>(counts[i]), "rejected", kRejections[i]);
  }
  sheet.Set(kLeaderEvents, static_cast<double>(counts.back()), "block", "none");
}

}  // namespace

std::string_view RejectionOf(std::string_view reason) {
  for (const RejectionRow& row : kSentences) {
    if (reason.starts_with(row.begins)) return row.rejection;
  }
  return "other";
}

Result<std::vector<LeaderSlot>> ParseLeaderLogs(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::vector<LeaderSlot> slots;
    for (auto entry : root.get_array()) {
      if (slots.size() == kSlotsMax) throw BadShape{"more slots than a log can have"};
      slots.push_back(ReadSlot(entry.value().get_object()));
    }
    return slots;
  });
}

Result<std::size_t> ParseLeaders(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    JsonArray leaders = root.get_array();
    return static_cast<std::size_t>(leaders.count_elements());
  });
}

LeaderEvents::Counts LeaderEvents::Count(const std::vector<LeaderSlot>& slots) {
  const std::lock_guard lock(mutex_);
  if (seen_.size() > kSeenMax) {
    // Those that the log no longer has do not come back.
    std::set<std::pair<std::string, std::uint64_t>> there;
    for (const LeaderSlot& slot : slots) there.emplace(slot.date, slot.leader);
    std::erase_if(seen_, [&](const auto& one) { return !there.contains(one); });
  }
  for (const LeaderSlot& slot : slots) {
    if (slot.status == LeaderSlot::Status::kPending) continue;
    if (!seen_.emplace(slot.date, slot.leader).second || !began_) continue;
    ++counts_[PlaceOf(slot)];
  }
  began_ = true;
  return counts_;
}

void TellLeaderSlots(const std::vector<LeaderSlot>& slots, const ChainSettings& settings,
                     double now, Sheet& sheet) {
  const auto clock = ClockAt(settings, now);
  struct Epoch {
    double assigned = 0, missed = 0, made = 0;
  };
  std::array<Epoch, 2> epochs;  // The current one and the one before.
  std::size_t pending = 0;
  std::optional<double> next;
  for (const LeaderSlot& slot : slots) {
    const bool waits = slot.status == LeaderSlot::Status::kPending;
    if (waits && slot.scheduled && *slot.scheduled > now) {
      ++pending;
      if (!next || *slot.scheduled < *next) next = slot.scheduled;
    }
    if (!clock || slot.at.epoch > clock->epoch || clock->epoch - slot.at.epoch > 1) continue;
    Epoch& epoch = epochs[clock->epoch - slot.at.epoch];
    const bool overdue =
        waits && slot.scheduled && now - *slot.scheduled > 2 * settings.slot_seconds;
    ++epoch.assigned;
    epoch.missed += slot.status == LeaderSlot::Status::kRejected || overdue ? 1 : 0;
    epoch.made += slot.status == LeaderSlot::Status::kBlock ? 1 : 0;
  }
  sheet.Set(kLeaderLogEntries, static_cast<double>(slots.size()));
  for (std::size_t i = 0; clock && i < epochs.size(); ++i) {
    const std::string_view epoch = i == 0 ? "current" : "previous";
    sheet.Set(kEpochSlotsAssigned, epochs[i].assigned, epoch);
    sheet.Set(kEpochSlotsMissed, epochs[i].missed, epoch);
    sheet.Set(kEpochBlocksMade, epochs[i].made, epoch);
  }
  if (pending > 0) sheet.Set(kLeaderSlotsPending, static_cast<double>(pending));
  sheet.Set(kLeaderNextSlot, next);
}

Result<void> ScrapeLeaderLogs(const Client& client, const Deadline& deadline, LeaderEvents& events,
                              double now, Sheet& sheet) {
  const auto slots = client.Ask(Call::kLeadersLogs, deadline, ParseLeaderLogs);
  if (!slots) return std::unexpected(slots.error());
  const auto settings = client.Ask(Call::kSettings, deadline, ParseSettings);
  if (!settings) return std::unexpected(settings.error());
  TellEvents(events.Count(*slots), sheet);
  TellLeaderSlots(*slots, *settings, now, sheet);
  return {};
}

Result<void> ScrapeLeaders(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto leaders = client.Ask(Call::kLeaders, deadline, ParseLeaders);
  if (leaders) {
    sheet.Set(kLeaders, static_cast<double>(*leaders));
    return {};
  }
  // From 0.13 on there is no such call.
  if (HasStatus(leaders.error(), 404)) return {};
  return std::unexpected(leaders.error());
}

}  // namespace stakewatch::jormungandr
