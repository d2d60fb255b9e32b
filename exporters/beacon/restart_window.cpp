#include "exporters/beacon/restart_window.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/duration.h"
#include "common/text.h"
#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

enum { kAttestation, kProposal, kSyncCommittee };

std::uint64_t Sum(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Outlook::Duty Attestations(const Schedule& schedule, std::uint64_t slot) {
  const Chain& chain = schedule.chain;
  Outlook::Duty duty;
  if (!schedule.attestations) {
    duty.unknown = "the node has not told who attests when";
    return duty;
  }
  const AttestationSlots& told = *schedule.attestations;
  duty.known_until = chain.StartOf(chain.FirstSlotOf(schedule.epoch + (told.next_epoch ? 2 : 1)));
  const auto next = std::ranges::lower_bound(told.slots, slot);
  if (told.every_slot) {
    duty.begins = chain.StartOf(slot);
  } else if (next != told.slots.end()) {
    duty.begins = chain.StartOf(*next);
  }
  return duty;
}

Outlook::Duty Proposals(const Schedule& schedule, std::uint64_t slot) {
  const Chain& chain = schedule.chain;
  Outlook::Duty duty;
  duty.known_until =
      chain.StartOf(chain.FirstSlotOf(schedule.epoch + (schedule.next_epoch_proposals ? 2 : 1)));
  const auto& by_slot = schedule.proposals.BySlot();
  const auto next = by_slot.lower_bound(slot);
  if (next != by_slot.end()) duty.begins = chain.StartOf(next->first);
  return duty;
}

Outlook::Duty SyncCommittee(const Schedule& schedule, std::uint64_t slot) {
  const Chain& chain = schedule.chain;
  Outlook::Duty duty;
  const std::uint64_t length = chain.spec->epochs_per_sync_committee_period;
  if (!schedule.sync || length == 0) {
    duty.unknown = "the node has not told who is in the sync committee";
    return duty;
  }
  const std::uint64_t next_period = schedule.epoch / length + 1;
  const double next_begins = chain.StartOf(chain.FirstSlotOf(next_period * length));
  const auto& next = schedule.sync->next;
  duty.known_until =
      next ? chain.StartOf(chain.FirstSlotOf((next_period + 1) * length)) : next_begins;
  if (Sum(schedule.sync->now) > 0) {
    duty.begins = chain.StartOf(slot);
  } else if (next && Sum(*next) > 0) {
    duty.begins = next_begins;
  }
  return duty;
}

std::string Whole(double number) {
  return std::to_string(static_cast<std::int64_t>(std::floor(number)));
}

WebAnswer Json(int status, std::string body) {
  return {status, "application/json", std::move(body) + "\n", false};
}

// The reasons are our own words and an upstream's: nothing in them may end the string.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : CleanText(text, 300)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string NextJson(const Outlook& outlook) {
  std::string json;
  for (std::size_t i = 0; i < kDuties; ++i) {
    const Outlook::Duty& duty = outlook.duties[i];
    if (!duty.begins) continue;
    json.append(json.empty() ? "" : ",").append(Quoted(kDutyWords[i])).append(":");
    json += Whole(*duty.begins);
  }
  return "{" + json + "}";
}

}  // namespace

Checked<std::array<bool, kDuties>> ParseAvoid(const std::vector<std::string>& words) {
  std::array<bool, kDuties> avoid{};
  for (const std::string& word : words) {
    const auto at = std::ranges::find(kDutyWords, word);
    if (at == kDutyWords.end()) {
      return std::unexpected("\"" + CleanText(word, 40) +
                             "\" is none of attestation, proposal, sync_committee");
    }
    avoid[static_cast<std::size_t>(at - kDutyWords.begin())] = true;
  }
  if (words.empty())
    return std::unexpected("one of attestation, proposal, sync_committee at least");
  return avoid;
}

Outlook LookAhead(const Schedule* schedule, double now) {
  Outlook outlook;
  const bool has_chain = schedule != nullptr && schedule->chain.spec != nullptr;
  const auto slot = has_chain ? schedule->chain.SlotAt(now) : std::nullopt;
  if (schedule == nullptr) {
    outlook.unknown = "the duties have not been asked for yet, or the node does not answer";
  } else if (!schedule->not_synced.empty()) {
    outlook.unknown = schedule->not_synced;
  } else if (!slot || schedule->roster == nullptr ||
             schedule->epoch != schedule->chain.EpochOf(*slot)) {
    outlook.unknown = "the duties of this epoch have not been asked for yet";
  } else {
    outlook.duties[kAttestation] = Attestations(*schedule, *slot);
    outlook.duties[kProposal] = Proposals(*schedule, *slot);
    outlook.duties[kSyncCommittee] = SyncCommittee(*schedule, *slot);
  }
  return outlook;
}

Window WindowOf(const Outlook& outlook, const std::array<bool, kDuties>& avoid) {
  Window window{outlook.unknown, HUGE_VAL, false};
  if (!window.unknown.empty()) return window;
  for (std::size_t i = 0; i < kDuties; ++i) {
    const Outlook::Duty& duty = outlook.duties[i];
    if (!avoid[i]) continue;
    if (!duty.unknown.empty()) return {duty.unknown, 0, false};
    const double until = duty.begins.value_or(duty.known_until);
    if (until < window.until) window = {"", until, duty.begins.has_value()};
  }
  return window;
}

RestartWindow::RestartWindow(Look schedule, milliseconds takes, std::array<bool, kDuties> avoid,
                             std::function<double()> now)
    : schedule_(std::move(schedule)), takes_(takes), avoid_(avoid), now_(std::move(now)) {}

void RestartWindow::Tell(Sheet& sheet) const {
  const double now = now_();
  const auto schedule = schedule_();
  const Outlook outlook = LookAhead(schedule.get(), now);
  for (std::size_t i = 0; i < kDuties; ++i) {
    sheet.Set(kNextDuty, outlook.duties[i].begins, kDutyWords[i]);
  }
  const Window window = WindowOf(outlook, avoid_);
  if (!window.unknown.empty()) return;
  const std::chrono::duration<double> takes = takes_;
  sheet.Set(kRestartFits, now + takes.count() <= window.until ? 1 : 0);
  if (window.duty) sheet.Set(kRestartWindow, window.until);
}

WebAnswer RestartWindow::Answer(const WebRequest& request) const {
  milliseconds takes = takes_;
  if (request.query.count("takes") > 1) return Json(400, R"({"error":"takes stands twice"})");
  if (const auto asked = request.query.find("takes"); asked != request.query.end()) {
    const auto parsed = ParseDuration(asked->second);
    if (!parsed) return Json(400, "{\"error\":" + Quoted("takes: " + parsed.error()) + "}");
    takes = *parsed;
  }
  const double now = now_();
  const auto schedule = schedule_();
  const Outlook outlook = LookAhead(schedule.get(), now);
  const Window window = WindowOf(outlook, avoid_);
  if (!window.unknown.empty()) {
    return Json(503, "{\"fits\":false,\"reason\":" + Quoted(window.unknown) + "}");
  }
  const std::chrono::duration<double> seconds = takes;
  const bool fits = now + seconds.count() <= window.until;
  std::string json = std::string("{\"fits\":") + (fits ? "true" : "false");
  if (!fits) {
    json += ",\"reason\":";
    json += window.duty ? R"("a duty is due before)" : R"("it is not known what is due before)";
    json += R"( the restart would be over")";
  }
  json += ",\"seconds_left\":" + Whole(std::max(0.0, window.until - now));
  json += ",\"takes_seconds\":" + Whole(std::ceil(seconds.count()));
  json += ",\"next\":" + NextJson(outlook) + "}";
  return Json(fits ? 200 : 503, std::move(json));
}

}  // namespace stakewatch::beacon
