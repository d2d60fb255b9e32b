#pragma once
// Source validators: status and balances of the operator's own, by group and, up to a limit, by
// key.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_items.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/upstream/upstream.h"
#include "exporters/beacon/client.h"
#include "exporters/beacon/validators_file.h"

namespace stakewatch::beacon {

// Series by key at most, whatever --validators.per-key-limit.
inline constexpr std::size_t kPerKeyMax = 1'000;

// ValidatorStatus of the Beacon API; what is none of them counts as "other".
inline constexpr std::array<std::string_view, 10> kStatuses = {
    "active_ongoing",  "active_exiting",
    "active_slashed",  "pending_initialized",
    "pending_queued",  "exited_unslashed",
    "exited_slashed",  "withdrawal_possible",
    "withdrawal_done", "other",
};

// One validator of states/head/validators. Amounts in gwei; epochs may be kFarFutureEpoch.
struct Validator {
  std::uint64_t index = 0;
  std::uint64_t balance = 0;
  std::uint64_t effective_balance = 0;
  std::uint64_t activation_epoch = 0;
  std::uint64_t exit_epoch = 0;
  std::uint8_t status = 0;  // Place in kStatuses.
  bool slashed = false;

  bool Active() const { return kStatuses[status].starts_with("active_"); }
  // Its attestation is due in that epoch, and can bring a reward: those of a slashed one cannot.
  bool Due(std::uint64_t epoch) const {
    return !slashed && activation_epoch <= epoch && epoch < exit_epoch;
  }
};

// What a Client streams the answer into, so that it is never held whole. Calls `add` with each
// validator, and its public key as the node writes it, which lives until the call ends.
class ValidatorsReader final : public Pieces {
 public:
  using Add = std::function<void(const Validator&, std::string_view)>;
  explicit ValidatorsReader(Add add);
  std::span<char> Room() override { return items_.Room(); }
  Result<void> Take(std::size_t bytes) override { return items_.Take(bytes); }
  // Once all has come. Until then an answer that is cut short looks like one that is whole.
  Result<void> Finish() const { return items_.Finish(); }

 private:
  JsonItems items_;
};

// What the chain knows of the file's keys.
struct OwnValidators {
  std::shared_ptr<const Roster> roster;
  std::vector<std::optional<Validator>> by_position;  // None: unknown, or a duplicate.
  std::vector<bool> duplicate;  // Named by an earlier line, once by key and once by index.
};

// One request for each kValidatorsPerRequest keys.
Result<OwnValidators> AskOwnValidators(const Client& client, const Deadline& deadline,
                                       std::shared_ptr<const Roster> roster);

void TellOwnValidators(const OwnValidators& own, std::size_t per_key_limit, Sheet& sheet);

// The label `validator` of those with series by key: the index, or 0x and the first 12 digits of
// the key while the chain does not know it. Positions of the file's first keys.
struct LabelledKey {
  std::size_t position;
  std::string label;
};
std::vector<LabelledKey> LabelledKeys(const OwnValidators& own, std::size_t per_key_limit);

Result<void> ScrapeOwnValidators(const Client& client, const Deadline& deadline,
                                 ValidatorsFile& file, std::size_t per_key_limit, Sheet& sheet);

}  // namespace stakewatch::beacon
