// What is told of the duties of the last judged epoch.
#include <utility>

#include "exporters/beacon/duties.h"
#include "exporters/beacon/metrics.h"

namespace stakewatch::beacon {
namespace {

// What was judged longer ago than this says nothing of how the validators fare.
constexpr std::uint64_t kToldEpochsMax = 4;

double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

void TellGroup(const GroupAttestations& told, bool leak, const std::string& group, Sheet& sheet) {
  sheet.Set(kAttestations, Number(told.due), group);
  sheet.Set(kAttestationsMissed, Number(told.missed), group);
  sheet.Set(kAttestationVotesMissed, Number(told.missed_source), group, "source");
  sheet.Set(kAttestationVotesMissed, Number(told.missed), group, "target");
  if (!leak) sheet.Set(kAttestationVotesMissed, Number(told.missed_head), group, "head");
  sheet.Set(kMissedInARowMax, Number(told.in_a_row_max), group);
  sheet.Set(kValidatorsMissing2, Number(told.missing_2_epochs), group);
  sheet.Set(kValidatorsMissing3, Number(told.missing_3_epochs), group);
  for (std::size_t i = 0; i < kVotes.size(); ++i) {
    sheet.Set(kAttestationRewards, told.rewards[i], group, kVotes[i]);
    if (told.ideal) sheet.Set(kAttestationRewardsIdeal, (*told.ideal)[i], group, kVotes[i]);
  }
}

void TellSync(const SyncParticipation& sync, const std::vector<std::string>& groups, Sheet& sheet) {
  const auto ratio = [](const SyncParticipation::Group& of) {
    return of.due == 0 ? std::optional<double>() : Number(of.made) / Number(of.due);
  };
  sheet.Set(kSyncCommitteeSampledBlocks, Number(sync.blocks));
  sheet.Set(kSyncCommitteeNetworkParticipation, ratio(sync.network));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (sync.groups[i].due == 0) continue;
    sheet.Set(kSyncCommitteeParticipation, ratio(sync.groups[i]), groups[i]);
    sheet.Set(kSyncCommitteeRewards, sync.groups[i].rewards, groups[i]);
  }
}

}  // namespace

void TellDuties(const JudgedDuties& found, double now, Sheet& sheet) {
  if (found.roster == nullptr) return;
  const EpochAttestations& judged = found.attestations;
  sheet.Set(kDutiesEpoch, Number(judged.epoch));
  sheet.Set(kDutiesLastSuccess, found.judged_at);
  sheet.Set(kDutiesDuration, found.took_seconds);
  sheet.Set(kDutiesRequests, Number(found.requests));
  for (const auto& [group, total] : found.totals) {
    sheet.Set(kAttestationsTotal, Number(total.due), group);
    sheet.Set(kAttestationsMissedTotal, Number(total.missed), group);
  }
  const std::uint64_t clock = found.chain.EpochOf(found.chain.SlotAt(now).value_or(0));
  if (clock > judged.epoch + kToldEpochsMax) return;
  const auto& groups = found.roster->Groups();
  sheet.Set(kInactivityLeak, judged.leak ? 1 : 0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    TellGroup(judged.groups[i], judged.leak, groups[i], sheet);
  }
  for (const JudgedDuties::Row& row : found.rows) {
    sheet.Set(kValidatorMissedInARow, Number(row.missed_in_a_row), row.label, groups[row.group]);
  }
  if (found.sync) TellSync(*found.sync, groups, sheet);
}

}  // namespace stakewatch::beacon
