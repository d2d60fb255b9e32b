#include "exporters/beacon/rewards.h"

#include "common/json.h"

namespace stakewatch::beacon {
namespace {

// What one entry of total_rewards or ideal_rewards has: whom it is about, and the votes.
struct Entry {
  std::uint64_t about = 0;
  VoteRewards votes;
};

Entry ReadEntry(JsonObject object, std::string_view about) {
  Entry entry;
  int found = 0;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == about) {
      entry.about = Decimal(field.value());
      found |= 1;
    } else if (name == "source") {
      entry.votes.source = SignedDecimal(field.value());
      found |= 2;
    } else if (name == "target") {
      entry.votes.target = SignedDecimal(field.value());
      found |= 4;
    } else if (name == "head") {
      entry.votes.head = SignedDecimal(field.value());
      found |= 8;
    } else if (name == "inactivity") {
      entry.votes.inactivity = SignedDecimal(field.value());
    }
  }
  if (found != 15) {
    throw BadShape{"a reward without " + std::string(about) + ", source, target or head"};
  }
  return entry;
}

}  // namespace

Result<AttestationRewards> ParseAttestationRewards(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    AttestationRewards rewards;
    bool total = false;
    for (auto field : root.get_object().find_field_unordered("data").get_object()) {
      const std::string_view name = field.unescaped_key();
      if (name == "total_rewards") {
        for (auto element : field.value().get_array()) {
          const Entry entry = ReadEntry(element.get_object(), "validator_index");
          rewards.total.push_back({entry.about, entry.votes});
        }
        total = true;
      } else if (name == "ideal_rewards") {
        for (auto element : field.value().get_array()) {
          const Entry entry = ReadEntry(element.get_object(), "effective_balance");
          rewards.ideal.push_back({entry.about, entry.votes});
        }
      }
    }
    if (!total) throw BadShape{"no total_rewards"};
    return rewards;
  });
}

Result<std::vector<SyncCommitteeReward>> ParseSyncCommitteeRewards(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::vector<SyncCommitteeReward> rewards;
    for (auto element : root.get_object().find_field_unordered("data").get_array()) {
      SyncCommitteeReward one;
      bool index = false;
      bool reward = false;
      for (auto field : element.get_object()) {
        const std::string_view name = field.unescaped_key();
        if (name == "validator_index") {
          one.validator_index = Decimal(field.value());
          index = true;
        } else if (name == "reward") {
          one.reward = SignedDecimal(field.value());
          reward = true;
        }
      }
      if (!index || !reward) throw BadShape{"a reward without validator_index or reward"};
      rewards.push_back(one);
    }
    return rewards;
  });
}

}  // namespace stakewatch::beacon
