#include "exporters/beacon/validators.h"

#include <algorithm>
#include <utility>

#include "exporters/beacon/chain.h"

namespace stakewatch::beacon {
namespace {

std::uint8_t StatusOf(std::string_view word) {
  const auto at = std::ranges::find(kStatuses, word);
  return static_cast<std::uint8_t>(
      std::min<std::ptrdiff_t>(at - kStatuses.begin(), kStatuses.size() - 1));
}

// The inner `validator`. Gives the public key.
std::string_view ReadInner(JsonObject object, Validator& validator, bool& complete) {
  std::string_view key;
  bool effective = false;
  bool slashed = false;
  bool activation = false;
  bool exit = false;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == "pubkey") {
      key = field.value().get_string();
    } else if (name == "effective_balance") {
      validator.effective_balance = Decimal(field.value());
      effective = true;
    } else if (name == "slashed") {
      validator.slashed = Boolean(field.value());
      slashed = true;
    } else if (name == "activation_epoch") {
      validator.activation_epoch = Decimal(field.value());
      activation = true;
    } else if (name == "exit_epoch") {
      validator.exit_epoch = Decimal(field.value());
      exit = true;
    }
  }
  complete = effective && slashed && activation && exit;
  return key;
}

void ReadValidator(JsonObject object,
                   const std::function<void(const Validator&, std::string_view)>& add) {
  Validator validator;
  std::string_view key;
  bool index = false;
  bool balance = false;
  bool status = false;
  bool inner = false;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == "index") {
      validator.index = Decimal(field.value());
      index = true;
    } else if (name == "balance") {
      validator.balance = Decimal(field.value());
      balance = true;
    } else if (name == "status") {
      validator.status = StatusOf(field.value().get_string());
      status = true;
    } else if (name == "validator") {
      key = ReadInner(field.value().get_object(), validator, inner);
    }
  }
  if (!index || !balance || !status || !inner) {
    throw BadShape{
        "a validator without index, balance, status, effective_balance, slashed, "
        "activation_epoch or exit_epoch"};
  }
  add(validator, key);
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

Result<void> ReadValidators(const std::string& answer,
                            const std::function<void(const Validator&, std::string_view)>& add) {
  const auto read = Decode(answer, [&](JsonValue root) {
    for (auto element : root.get_object().find_field_unordered("data").get_array()) {
      ReadValidator(element.get_object(), add);
    }
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return {};
}

Result<OwnValidators> AskOwnValidators(const Client& client, const Deadline& deadline,
                                       std::shared_ptr<const Roster> roster) {
  OwnValidators own;
  own.by_position.resize(roster->Size());
  own.duplicate.resize(roster->Size());
  own.roster = std::move(roster);
  for (const Question& question : own.roster->Questions()) {
    const auto read = client.Ask(question, deadline, [&](const std::string& answer) {
      return ReadValidators(answer, [&](const Validator& validator, std::string_view key) {
        Place(validator, key, own);
      });
    });
    if (!read) return std::unexpected(read.error());
  }
  return own;
}

}  // namespace stakewatch::beacon
