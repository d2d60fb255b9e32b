// Validators and their duties: who they are, what they have to do, whether they did.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/sim/beacon_api.h"
#include "tests/sim/beacon_json.h"
#include "tests/sim/beacon_rewards.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

// From here on a set is a mixed one, as a grown network's; a small one is all active.
constexpr std::uint64_t kMixedFrom = 10'000;
constexpr std::size_t kPieceBytes = 64U << 10;
constexpr std::uint64_t kEarned = 1'207'467;  // Gwei an epoch, of one who does all.

struct Validator {
  std::string_view status = "active_ongoing";
  std::uint64_t balance = 0, effective = kStake;
  bool slashed = false;
  std::uint64_t eligible = 0, activated = 0, exits = kFarFuture, withdrawable = kFarFuture;
};

Validator ValidatorAt(const BeaconAsk& ask, std::uint64_t index) {
  const std::uint64_t epoch = ask.chain.EpochOf(ask.status.head);
  Validator one;
  one.balance = kStake + Mix(index, 17) % 20'000'000 + epoch * kEarned;
  if (ask.node.Slashed(index)) {
    one.status = "active_slashed";
    one.slashed = true;
    one.balance -= kStake / 4096;
    one.exits = epoch + 5;
    one.withdrawable = epoch + 5 + 64;
    return one;
  }
  const std::uint64_t all = ask.chain.Setup().validators;
  if (all < kMixedFrom || ask.chain.Own(index)) return one;
  if (index >= all - all / 1000) {
    one = {
        .status = "pending_queued", .balance = kStake, .eligible = epoch, .activated = kFarFuture};
  } else if (index % 10 == 7) {
    one = {
        .status = "withdrawal_done", .balance = 0, .effective = 0, .exits = 1, .withdrawable = 2};
  } else if (index % 1000 == 13) {
    one.status = "exited_slashed";
    one.slashed = true;
    one.exits = 1;
  } else if (index % 500 == 23) {
    one.status = "active_exiting";
    one.exits = epoch + 4;
    one.withdrawable = epoch + 260;
  } else if (index % 20 == 3) {
    // Consolidated: up to 2048 ETH in one.
    one.effective = (33 + Mix(index, 18) % 2016) * 1'000'000'000;
    one.balance = one.effective + Mix(index, 17) % 1'000'000'000;
  }
  return one;
}

std::string ValidatorJson(const BeaconAsk& ask, std::uint64_t index) {
  const Validator one = ValidatorAt(ask, index);
  const std::string inner =
      BeaconObject()
          .Text("pubkey", ask.chain.Pubkey(index))
          .Text("withdrawal_credentials", "0x00" + HexDigits(Mix(index, 19), 62))
          .Number("effective_balance", one.effective)
          .Flag("slashed", one.slashed)
          .Number("activation_eligibility_epoch", one.eligible)
          .Number("activation_epoch", one.activated)
          .Number("exit_epoch", one.exits)
          .Number("withdrawable_epoch", one.withdrawable)
          .Done();
  return BeaconObject()
      .Number("index", index)
      .Number("balance", one.balance)
      .Text("status", one.status)
      .Json("validator", inner)
      .Done();
}

// The index that an id names; none: it is unknown, which is no error here.
std::expected<std::optional<std::uint64_t>, BeaconReply> IndexIn(const BeaconAsk& ask,
                                                                 const std::string& id) {
  if (id.starts_with("0x")) {
    if (id.size() != 98) {
      return std::unexpected(BeaconError(
          400, "Pubkey length is " + std::to_string(id.size() / 2 - 1) + " instead of 48"));
    }
    return ask.chain.IndexOf(id);
  }
  std::uint64_t index = 0;
  const auto parsed = std::from_chars(id.data(), id.data() + id.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != id.data() + id.size()) {
    return std::unexpected(BeaconError(400, "Invalid validator index " + id));
  }
  if (index >= ask.chain.Setup().validators) return std::nullopt;
  return index;
}

bool StatusWanted(const std::vector<std::string>& wanted, std::string_view status) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
           // "active" stands for all that begin with it.
           return status == one || status.starts_with(one + "_");
         });
}

std::optional<BeaconReply> WrongStatus(const std::vector<std::string>& wanted) {
  static constexpr std::array<std::string_view, 13> kStatuses = {
      "pending_initialized", "pending_queued",   "active_ongoing", "active_exiting",
      "active_slashed",      "exited_unslashed", "exited_slashed", "withdrawal_possible",
      "withdrawal_done",     "pending",          "active",         "exited",
      "withdrawal"};
  for (const std::string& one : wanted) {
    if (std::find(kStatuses.begin(), kStatuses.end(), one) == kStatuses.end()) {
      return BeaconError(400, "Invalid status " + one);
    }
  }
  return std::nullopt;
}

std::string Start(const BeaconAsk& ask, std::uint64_t slot) {
  std::string start = BeaconObject()
                          .Flag("execution_optimistic", OptimisticAt(ask, slot))
                          .Flag("finalized", FinalizedAt(ask, slot))
                          .Json("data", "[")
                          .Done();
  start.pop_back();
  return start;
}

// All validators, made as they are read. What is asked is copied: the request is gone by then, the
// node stays.
BeaconReply AllValidators(const BeaconAsk& ask, std::uint64_t slot,
                          std::vector<std::string> statuses) {
  BeaconAsk later = ask;
  later.parts.clear();
  later.query = later.body = {};
  BeaconReply reply{.body = Start(ask, slot)};
  reply.more = [later, statuses = std::move(statuses), index = std::uint64_t{0}, first = true,
                ended = false]() mutable {
    std::string piece;
    const std::uint64_t all = later.chain.Setup().validators;
    while (index < all && piece.size() < kPieceBytes) {
      const std::uint64_t at = index++;
      if (!statuses.empty() && !StatusWanted(statuses, ValidatorAt(later, at).status)) continue;
      if (!std::exchange(first, false)) piece += ',';
      piece += ValidatorJson(later, at);
    }
    if (index >= all && !std::exchange(ended, true)) piece += "]}\n";
    return piece;
  };
  return reply;
}

BeaconReply Select(const BeaconAsk& ask, const std::vector<std::string>& ids,
                   std::vector<std::string> statuses) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  if (auto wrong = WrongStatus(statuses)) return *wrong;
  if (ids.empty()) return AllValidators(ask, *slot, std::move(statuses));
  std::vector<std::uint64_t> indices;
  for (const std::string& id : ids) {
    const auto found = IndexIn(ask, id);
    if (!found) return found.error();
    const std::optional<std::uint64_t>& index = *found;
    if (index) indices.push_back(*index);
  }
  std::string body = Start(ask, *slot);
  bool first = true;
  for (const std::uint64_t index : indices) {
    if (!StatusWanted(statuses, ValidatorAt(ask, index).status)) continue;
    if (!std::exchange(first, false)) body += ',';
    body += ValidatorJson(ask, index);
  }
  return BeaconJson(body + "]}");
}

}  // namespace

BeaconReply Validators(const BeaconAsk& ask) {
  return Select(ask, ask.Values("id"), ask.Values("status"));
}

BeaconReply ValidatorsPosted(const BeaconAsk& ask) {
  const auto parsed = nlohmann::json::parse(ask.body, nullptr, false);
  const auto bad = [](std::string_view why) {
    return BeaconError(400, "Could not decode request body: " + std::string(why));
  };
  if (ask.body.empty()) return BeaconError(400, "No data submitted");
  if (!parsed.is_object()) return bad("invalid character");
  std::vector<std::string> ids, statuses;
  for (const auto& [name, into] : {std::pair{"ids", &ids}, std::pair{"statuses", &statuses}}) {
    const auto list = parsed.find(name);
    if (list == parsed.end() || list->is_null()) continue;
    if (!list->is_array()) return bad("json: cannot unmarshal into Go value of type []string");
    for (const auto& one : *list) {
      if (!one.is_string()) {
        return bad("json: cannot unmarshal number into Go value of type string");
      }
      into->push_back(one.get<std::string>());
    }
  }
  return Select(ask, ids, std::move(statuses));
}

BeaconReply OneValidator(const BeaconAsk& ask) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  const std::string id(ask.parts[1]);
  const auto found = IndexIn(ask, id);
  if (!found) return found.error();
  const std::optional<std::uint64_t>& index = *found;
  if (!index) return BeaconError(400, "Invalid validator index " + id);
  return BeaconJson(BeaconObject()
                        .Flag("execution_optimistic", OptimisticAt(ask, *slot))
                        .Flag("finalized", FinalizedAt(ask, *slot))
                        .Json("data", ValidatorJson(ask, *index))
                        .Done());
}

BeaconReply ParticipationNow(const BeaconAsk& ask) {
  const auto slot = StateIn(ask, ask.parts[0]);
  if (!slot) return slot.error();
  const std::uint64_t epoch = ask.chain.EpochOf(*slot), head = ask.status.head;
  const std::uint64_t stake = ask.chain.Setup().validators * kStake;
  const auto part = [&](std::uint64_t of) {
    const double share = ask.chain.Participation(of, head) * static_cast<double>(stake);
    // In whole stakes, and as in Prysm never 0.
    const auto whole = static_cast<std::uint64_t>(std::llround(share / kStake)) * kStake;
    return std::max<std::uint64_t>(whole, 1'000'000'000);
  };
  const std::uint64_t previous = part(epoch == 0 ? 0 : epoch - 1), current = part(epoch);
  std::array<char, 32> rate{};
  std::snprintf(rate.data(), rate.size(), "%.6f",
                static_cast<double>(previous) / static_cast<double>(stake));
  return BeaconJson(
      BeaconObject()
          .Number("epoch", epoch)
          .Flag("finalized", FinalizedAt(ask, *slot))
          .Json("participation", BeaconObject()
                                     .Text("global_participation_rate", rate.data())
                                     .Number("voted_ether", previous)
                                     .Number("eligible_ether", stake)
                                     .Number("current_epoch_active_gwei", stake)
                                     .Number("current_epoch_attesting_gwei", current)
                                     .Number("current_epoch_target_attesting_gwei", current)
                                     .Number("previous_epoch_active_gwei", stake)
                                     .Number("previous_epoch_attesting_gwei", previous)
                                     .Number("previous_epoch_target_attesting_gwei", previous)
                                     .Number("previous_epoch_head_attesting_gwei", previous)
                                     .Done())
          .Done());
}

}  // namespace stakewatch::sim
