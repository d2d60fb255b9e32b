#include "exporters/beacon/validators.h"

#include <algorithm>
#include <utility>

namespace stakewatch::beacon {
namespace {

// A hundred times what kValidatorsPerRequest take.
constexpr std::uint64_t kBytesMax = 64U << 20;
// Small enough for the heap to keep the buffer: a mapping is made, and zeroed by the kernel, anew
// in each scrape.
constexpr JsonItemsLimits kLimits = {.item_bytes_max = 16U << 10, .read_bytes = 64U << 10};

std::uint8_t StatusOf(std::string_view word) {
  const auto at = std::ranges::find(kStatuses, word);
  return static_cast<std::uint8_t>(
      std::min<std::ptrdiff_t>(at - kStatuses.begin(), kStatuses.size() - 1));
}

enum Field {
  kIndex,
  kBalance,
  kStatus,
  kPubkey,
  kEffectiveBalance,
  kIsSlashed,
  kActivationEpoch,
  kExitEpoch,
  kFields
};

std::vector<JsonField> Fields() {
  std::vector<JsonField> fields(kFields);
  fields[kIndex] = {"", "index"};
  fields[kBalance] = {"", "balance"};
  fields[kStatus] = {"", "status"};
  fields[kPubkey] = {"validator", "pubkey"};
  fields[kEffectiveBalance] = {"validator", "effective_balance"};
  fields[kIsSlashed] = {"validator", "slashed"};
  fields[kActivationEpoch] = {"validator", "activation_epoch"};
  fields[kExitEpoch] = {"validator", "exit_epoch"};
  return fields;
}

// None where a client writes neither true nor "true", nor false.
std::optional<bool> FlagOf(const JsonScalar& value) {
  if (value.kind != JsonKind::kBool && value.kind != JsonKind::kString) return std::nullopt;
  if (value.text != "true" && value.text != "false") return std::nullopt;
  return value.text == "true";
}

// None without index, balance or the like.
std::optional<Validator> ReadValidator(std::span<const JsonScalar> values) {
  const auto index = values[kIndex].Unsigned();
  const auto balance = values[kBalance].Unsigned();
  const auto effective_balance = values[kEffectiveBalance].Unsigned();
  const auto activation_epoch = values[kActivationEpoch].Unsigned();
  const auto exit_epoch = values[kExitEpoch].Unsigned();
  const auto slashed = FlagOf(values[kIsSlashed]);
  if (!index || !balance || !effective_balance || !activation_epoch || !exit_epoch || !slashed ||
      values[kStatus].kind != JsonKind::kString) {
    return std::nullopt;
  }
  return Validator{.index = *index,
                   .balance = *balance,
                   .effective_balance = *effective_balance,
                   .activation_epoch = *activation_epoch,
                   .exit_epoch = *exit_epoch,
                   .status = StatusOf(values[kStatus].text),
                   .slashed = *slashed};
}

// As Roster writes ids, where a client writes keys in capitals.
std::string LowerCase(std::string_view key) {
  std::string lower(key);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return lower;
}

// A line may name by index what another names by key: the first one counts.
void Place(const Validator& validator, std::string_view key, OwnValidators& own) {
  const Roster& roster = *own.roster;
  auto by_key = roster.Find(key);
  if (!by_key && !key.empty()) by_key = roster.Find(LowerCase(key));
  auto by_index = roster.Find(std::to_string(validator.index));
  if (!by_key) std::swap(by_key, by_index);
  if (!by_key) return;  // Never asked for.
  if (by_index) {
    if (*by_index < *by_key) std::swap(by_key, by_index);
    own.duplicate[*by_index] = true;
  }
  if (!own.by_position[*by_key]) own.by_position[*by_key] = validator;
}

}  // namespace

ValidatorsReader::ValidatorsReader(Add add)
    : items_(
          "data", Fields(),
          [add = std::move(add)](std::span<const JsonScalar> values) -> Checked<void> {
            const auto validator = ReadValidator(values);
            if (!validator) {
              return std::unexpected(
                  "a validator without index, balance, status, effective_balance, slashed, "
                  "activation_epoch or exit_epoch");
            }
            const JsonScalar& key = values[kPubkey];
            add(*validator, key.kind == JsonKind::kString ? key.text : std::string_view());
            return {};
          },
          kLimits) {}

Result<OwnValidators> AskOwnValidators(const Client& client, const Deadline& deadline,
                                       std::shared_ptr<const Roster> roster) {
  OwnValidators own;
  own.by_position.resize(roster->Size());
  own.duplicate.resize(roster->Size());
  own.roster = std::move(roster);
  for (const Question& question : own.roster->Questions()) {
    ValidatorsReader reader(
        [&](const Validator& validator, std::string_view key) { Place(validator, key, own); });
    const auto asked = client.AskInPieces(question, deadline, kBytesMax, reader);
    if (!asked) return std::unexpected(asked.error());
    if (const auto read = reader.Finish(); !read) return std::unexpected(read.error());
  }
  return own;
}

}  // namespace stakewatch::beacon
