#include "exporters/beacon/validator_set.h"

#include <algorithm>
#include <string>
#include <utility>

#include "exporters/beacon/metrics_validator_set.h"

namespace stakewatch::beacon {
namespace {

// Four times what 2.2 million validators take.
constexpr std::uint64_t kBytesMax = 4ULL << 30;
// The node makes the answer whole before it sends any of it, and that takes a busy one a while.
constexpr std::chrono::minutes kRunTimeMax{5};
constexpr milliseconds kRetry{30'000};
// A node that is not synced, or a chain not known yet, is looked at again after as long.
constexpr milliseconds kNotYet{5'000};

enum Field { kBalance, kStatus, kEffectiveBalance, kIsSlashed, kFields };

std::vector<JsonField> Fields() {
  std::vector<JsonField> fields(kFields);
  fields[kBalance] = {"", "balance"};
  fields[kStatus] = {"", "status"};
  fields[kEffectiveBalance] = {"validator", "effective_balance"};
  fields[kIsSlashed] = {"validator", "slashed"};
  return fields;
}

bool IsActive(std::string_view status) {
  return status.starts_with("active_");
}

std::size_t StatusIndex(std::string_view status) {
  const auto at = std::ranges::find(kSetStatuses, status);
  return at == kSetStatuses.end() ? kSetStatuses.size() - 1
                                  : static_cast<std::size_t>(at - kSetStatuses.begin());
}

// False when the sum has more than 64 bits.
bool AddTo(std::uint64_t& sum, std::uint64_t more) {
  return !__builtin_add_overflow(sum, more, &sum);
}

// Once an epoch, and not at its beginning, when a node has the most to do.
JobSchedule OncePerEpoch(std::function<std::optional<Chain>()> chain,
                         std::function<bool()> synced) {
  return [chain = std::move(chain), synced = std::move(synced)](JobTime now, const JobPast& past) {
    const auto known = chain();
    if (!known) return now + kNotYet;
    const JobTime genesis{std::chrono::seconds(known->genesis.time)};
    const milliseconds epoch(known->spec->slot_ms * known->spec->slots_per_epoch);
    const JobTime due = OncePer(genesis, epoch, epoch / 4, kRetry)(now, past);
    return due <= now && !synced() ? now + kNotYet : due;
  };
}

}  // namespace

ValidatorSums ValidatorSet::Active() const {
  ValidatorSums sums;
  for (std::size_t i = 0; i < kSetStatuses.size(); ++i) {
    if (!IsActive(kSetStatuses[i])) continue;
    sums.validators += by_status[i].validators;
    sums.balance += by_status[i].balance;
    sums.effective_balance += by_status[i].effective_balance;
  }
  return sums;
}

ValidatorSetReader::ValidatorSetReader(JsonItemsLimits limits)
    : items_(
          "data", Fields(),
          [this](std::span<const JsonScalar> validator) { return Add(validator); }, limits) {}

Checked<void> ValidatorSetReader::Add(std::span<const JsonScalar> validator) {
  const auto balance = validator[kBalance].Unsigned();
  const auto effective_balance = validator[kEffectiveBalance].Unsigned();
  const JsonScalar& status = validator[kStatus];
  const JsonScalar& slashed = validator[kIsSlashed];
  if (!balance) return std::unexpected("a validator without a balance in gwei");
  if (!effective_balance)
    return std::unexpected("a validator without an effective_balance in gwei");
  if (status.kind != JsonKind::kString) return std::unexpected("a validator without a status");
  if (slashed.kind != JsonKind::kBool) return std::unexpected("a validator without slashed");
  ValidatorSums& sums = set_.by_status[StatusIndex(status.text)];
  // When all together fit, the sums of some do.
  if (!AddTo(all_.balance, *balance) || !AddTo(all_.effective_balance, *effective_balance)) {
    return std::unexpected("balances out of all proportion");
  }
  ++sums.validators;
  sums.balance += *balance;
  sums.effective_balance += *effective_balance;
  set_.slashed += slashed.text == "true" ? 1 : 0;
  return {};
}

Result<ValidatorSet> ValidatorSetReader::Finish() const {
  if (const auto finished = items_.Finish(); !finished) return std::unexpected(finished.error());
  ValidatorSet set = set_;
  set.bytes = items_.Bytes();
  return set;
}

Result<ValidatorSet> AskValidatorSet(const Client& client, const Deadline& deadline) {
  ValidatorSetReader reader;
  const auto asked = client.AskInPieces(Call::kValidatorSet, deadline, kBytesMax, reader);
  if (!asked) return std::unexpected(asked.error());
  return reader.Finish();
}

void TellValidatorSet(const ValidatorSet& set, Sheet& sheet) {
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  for (std::size_t i = 0; i < kSetStatuses.size(); ++i) {
    const ValidatorSums& sums = set.by_status[i];
    sheet.Set(kSetValidators, number(sums.validators), kSetStatuses[i]);
    sheet.Set(kSetBalance, number(sums.balance), kSetStatuses[i]);
    sheet.Set(kSetEffectiveBalance, number(sums.effective_balance), kSetStatuses[i]);
  }
  const ValidatorSums active = set.Active();
  sheet.Set(kSetActive, number(active.validators));
  sheet.Set(kSetActiveBalance, number(active.balance));
  sheet.Set(kSetActiveEffectiveBalance, number(active.effective_balance));
  sheet.Set(kSetSlashed, number(set.slashed));
  if (active.validators > 0) {
    const double count = number(active.validators);
    sheet.Set(kSetAverageBalance, number(active.balance) / count);
    sheet.Set(kSetAverageEffectiveBalance, number(active.effective_balance) / count);
  }
  sheet.Set(kSetBytes, number(set.bytes));
}

ValidatorSetJob::ValidatorSetJob(ValidatorSetParts parts)
    : job_({.schedule = OncePerEpoch(std::move(parts.chain), std::move(parts.synced)),
            .run_time_max = kRunTimeMax,
            .clock = std::move(parts.clock)},
           [node = std::move(parts.node)](const Deadline& deadline) {
             return AskValidatorSet(Client(*node), deadline);
           }) {}

Result<void> ValidatorSetJob::Tell(Sheet& sheet) const {
  const auto now = job_.Now();
  if (now.found != nullptr) TellValidatorSet(*now.found, sheet);
  return TellJob(now.past, {kSetLastSuccess, kSetDuration, kSetFailures}, sheet);
}

}  // namespace stakewatch::beacon
