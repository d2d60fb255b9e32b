#pragma once
// Sources pools, accounts and rewards: what the ledger has of those that flags name.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/metrics.h"
#include "exporters/jormungandr/client.h"

namespace stakewatch::jormungandr {

// /api/v0/stake_pool/<id>. Versions differ in what they tell.
struct Pool {
  std::optional<double> stake;
  std::optional<double> rewards_epoch, rewards_taxed, rewards_for_stakers;
};
Result<Pool> ParsePool(const std::string& answer);

// /api/v0/account/<public key>.
struct Account {
  std::optional<double> value;
  std::optional<double> spending_counter;  // Over all lanes.
  std::optional<double> last_reward, last_reward_epoch;
};
Result<Account> ParseAccount(const std::string& answer);

// /api/v0/rewards/remaining: a bare number.
Result<double> ParseRemaining(const std::string& answer);

Result<void> ScrapePools(const Client& client, const Deadline& deadline,
                         const std::vector<Id>& pools, Sheet& sheet);
Result<void> ScrapeAccounts(const Client& client, const Deadline& deadline,
                            const std::vector<Id>& accounts, Sheet& sheet);
Result<void> ScrapeRewards(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::jormungandr
