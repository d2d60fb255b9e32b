#include "exporters/jormungandr/ledger.h"

#include <string_view>

#include "common/number.h"
#include "exporters/jormungandr/metrics.h"
#include "exporters/jormungandr/values.h"

namespace stakewatch::jormungandr {
namespace {

// Newer versions have eight lanes of spending counters: the lane is in the three bits above these.
constexpr std::uint64_t kLaneMask = (std::uint64_t{1} << 29) - 1;

double SumOfLanes(JsonValue counters) {
  std::uint64_t sum = 0;
  for (auto counter : counters.get_array()) sum += Decimal(counter.value()) & kLaneMask;
  return static_cast<double>(sum);
}

Pool ReadPool(JsonValue root) {
  Pool pool;
  for (auto field : root.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "total_stake") {
      pool.stake = SampleOf(value);
    } else if (key == "rewards" && !value.is_null()) {
      for (auto reward : value.get_object()) {
        const std::string_view name = reward.unescaped_key();
        if (name == "epoch") pool.rewards_epoch = SampleOf(reward.value());
        if (name == "value_taxed") pool.rewards_taxed = SampleOf(reward.value());
        if (name == "value_for_stakers") pool.rewards_for_stakers = SampleOf(reward.value());
      }
    }
  }
  if (!pool.stake) throw BadShape{"no total_stake"};
  return pool;
}

Account ReadAccount(JsonValue root) {
  Account account;
  for (auto field : root.get_object()) {
    const std::string_view key = field.unescaped_key();
    JsonValue value = field.value();
    if (key == "value") {
      account.value = SampleOf(value);
    } else if (key == "counter") {
      account.spending_counter = SampleOf(value);
    } else if (key == "counters" && !value.is_null()) {
      account.spending_counter = SumOfLanes(value);
    } else if (key == "last_rewards" && !value.is_null()) {
      for (auto reward : value.get_object()) {
        const std::string_view name = reward.unescaped_key();
        if (name == "epoch") account.last_reward_epoch = SampleOf(reward.value());
        if (name == "reward") account.last_reward = SampleOf(reward.value());
      }
    }
  }
  if (!account.value) throw BadShape{"no value"};
  return account;
}

}  // namespace

Result<Pool> ParsePool(const std::string& answer) {
  return Decode(answer, ReadPool);
}

Result<Account> ParseAccount(const std::string& answer) {
  return Decode(answer, ReadAccount);
}

Result<double> ParseRemaining(const std::string& answer) {
  std::string_view text = answer;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  const auto remaining = WholeNumber<std::uint64_t>(text);
  if (!remaining) {
    return Fail(Reason::kBadAnswer, "not a number: " + std::string(text.substr(0, 40)));
  }
  return static_cast<double>(*remaining);
}

Result<void> ScrapePools(const Client& client, const Deadline& deadline,
                         const std::vector<Id>& pools, Sheet& sheet) {
  for (const Id& id : pools) {
    const auto pool = client.Ask(CallAbout::kStakePool, id, deadline, ParsePool);
    if (!pool && !HasStatus(pool.error(), 404)) return std::unexpected(pool.error());
    sheet.Set(kPoolKnown, pool ? 1 : 0, id.Text());
    if (!pool) continue;
    sheet.Set(kPoolStake, pool->stake, id.Text());
    sheet.Set(kPoolRewardsEpoch, pool->rewards_epoch, id.Text());
    sheet.Set(kPoolRewardsTaxed, pool->rewards_taxed, id.Text());
    sheet.Set(kPoolRewardsForStakers, pool->rewards_for_stakers, id.Text());
  }
  return {};
}

Result<void> ScrapeAccounts(const Client& client, const Deadline& deadline,
                            const std::vector<Id>& accounts, Sheet& sheet) {
  for (const Id& id : accounts) {
    const auto account = client.Ask(CallAbout::kAccount, id, deadline, ParseAccount);
    if (!account && !HasStatus(account.error(), 404)) return std::unexpected(account.error());
    sheet.Set(kAccountKnown, account ? 1 : 0, id.Text());
    if (!account) continue;
    sheet.Set(kAccountValue, account->value, id.Text());
    sheet.Set(kAccountSpentTransactions, account->spending_counter, id.Text());
    sheet.Set(kAccountLastReward, account->last_reward, id.Text());
    sheet.Set(kAccountLastRewardEpoch, account->last_reward_epoch, id.Text());
  }
  return {};
}

Result<void> ScrapeRewards(const Client& client, const Deadline& deadline, Sheet& sheet) {
  const auto remaining = client.Ask(Call::kRewardsRemaining, deadline, ParseRemaining);
  if (!remaining) return std::unexpected(remaining.error());
  sheet.Set(kRewardsRemaining, *remaining);
  return {};
}

}  // namespace stakewatch::jormungandr
