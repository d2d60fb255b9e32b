// What is told of the operator's validators in each scrape.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "exporters/beacon/metrics.h"
#include "exporters/beacon/validators.h"

namespace stakewatch::beacon {
namespace {

constexpr std::size_t kKeyPrefix = 14;  // 0x and 12 digits.

struct GroupSums {
  std::array<double, kStatuses.size()> by_status{};
  double configured = 0;
  double unknown = 0;
  double slashed = 0;
  double balance = 0;
  double effective_balance = 0;
};

void TellGroup(const GroupSums& sums, const std::string& group, Sheet& sheet) {
  sheet.Set(kValidatorsConfigured, sums.configured, group);
  sheet.Set(kValidatorsUnknown, sums.unknown, group);
  sheet.Set(kValidatorsSlashed, sums.slashed, group);
  sheet.Set(kValidatorsBalance, sums.balance, group);
  sheet.Set(kValidatorsEffectiveBalance, sums.effective_balance, group);
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    // All of the API's words, so that a count that falls to 0 is told as 0.
    if (i + 1 < kStatuses.size() || sums.by_status[i] > 0) {
      sheet.Set(kOwnValidators, sums.by_status[i], group, kStatuses[i]);
    }
  }
}

}  // namespace

std::vector<LabelledKey> LabelledKeys(const OwnValidators& own, std::size_t per_key_limit) {
  std::vector<LabelledKey> keys;
  std::set<std::string> labels;
  for (std::size_t i = 0; i < own.by_position.size() && keys.size() < per_key_limit; ++i) {
    if (own.duplicate[i]) continue;
    const std::string& id = own.roster->Id(i);
    const auto& validator = own.by_position[i];
    std::string label = id;
    if (validator) {
      label = std::to_string(validator->index);
    } else if (id.starts_with("0x")) {
      label.resize(kKeyPrefix);
    }
    // Keys may begin alike, and a node may give two of them the same index.
    if (labels.contains(label)) label = id;
    if (labels.insert(label).second) keys.push_back({i, std::move(label)});
  }
  return keys;
}

void TellOwnValidators(const OwnValidators& own, std::size_t per_key_limit, Sheet& sheet) {
  const Roster& roster = *own.roster;
  std::vector<GroupSums> groups(roster.Groups().size());
  std::size_t distinct = 0;
  for (std::size_t i = 0; i < own.by_position.size(); ++i) {
    GroupSums& sums = groups[roster.GroupOf(i)];
    ++sums.configured;
    if (own.duplicate[i]) continue;
    ++distinct;
    const auto& validator = own.by_position[i];
    if (!validator) {
      ++sums.unknown;
      continue;
    }
    ++sums.by_status[validator->status];
    sums.slashed += validator->slashed ? 1 : 0;
    sums.balance += static_cast<double>(validator->balance);
    sums.effective_balance += static_cast<double>(validator->effective_balance);
  }
  for (std::size_t i = 0; i < groups.size(); ++i) TellGroup(groups[i], roster.Groups()[i], sheet);
  sheet.Set(kValidatorsDuplicate, static_cast<double>(own.by_position.size() - distinct));
  const auto labelled = LabelledKeys(own, per_key_limit);
  sheet.Set(kValidatorsTruncated, static_cast<double>(distinct - labelled.size()));
  for (const auto& [position, label] : labelled) {
    const std::string& group = roster.Groups()[roster.GroupOf(position)];
    const auto& validator = own.by_position[position];
    sheet.Set(kValidatorActive, validator && validator->Active() ? 1 : 0, label, group);
    if (!validator) continue;
    sheet.Set(kValidatorSlashed, validator->slashed ? 1 : 0, label, group);
    sheet.Set(kValidatorBalance, static_cast<double>(validator->balance), label, group);
    sheet.Set(kValidatorEffectiveBalance, static_cast<double>(validator->effective_balance), label,
              group);
  }
}

Result<void> ScrapeOwnValidators(const Client& client, const Deadline& deadline,
                                 ValidatorsFile& file, std::size_t per_key_limit, Sheet& sheet) {
  const auto state = LookAt(file);
  sheet.Set(kValidatorsFileTimestamp, static_cast<double>(state.modified));
  sheet.Set(kValidatorsFileFailed, state.error ? 1 : 0);
  const auto own = AskOwnValidators(client, deadline, state.value);
  if (!own) return std::unexpected(own.error());
  TellOwnValidators(*own, per_key_limit, sheet);
  return {};
}

}  // namespace stakewatch::beacon
