#include "exporters/beacon/duty_answers.h"

#include <algorithm>
#include <utility>

#include "common/json.h"

namespace stakewatch::beacon {
namespace {

// An object that has both numbers, among others.
std::pair<std::uint64_t, std::uint64_t> ReadTwo(JsonObject object, std::string_view first,
                                                std::string_view second) {
  std::pair<std::uint64_t, std::uint64_t> two;
  int found = 0;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    if (name == first) {
      two.first = Decimal(field.value());
      found |= 1;
    } else if (name == second) {
      two.second = Decimal(field.value());
      found |= 2;
    }
  }
  if (found != 3) {
    throw BadShape{"neither " + std::string(first) + " nor " + std::string(second) +
                   " may be missing"};
  }
  return two;
}

JsonValue Data(JsonValue root) {
  return root.get_object().find_field_unordered("data");
}

// The fee recipient as clients write it: 0x and 40 digits.
std::string Address(std::string_view text) {
  std::string address(text);
  std::ranges::transform(address, address.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  const bool hex = address.size() == 42 && address.starts_with("0x") &&
                   address.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
  if (!hex) throw BadShape{"fee_recipient is no address"};
  return address;
}

}  // namespace

Result<std::vector<SlotDuty>> ParseSlotDuties(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::vector<SlotDuty> duties;
    for (auto element : Data(root).get_array()) {
      const auto [index, slot] = ReadTwo(element.get_object(), "validator_index", "slot");
      duties.push_back({index, slot});
    }
    return duties;
  });
}

Result<std::vector<std::uint64_t>> ParseSyncDuties(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::vector<std::uint64_t> members;
    for (auto element : Data(root).get_array()) {
      members.push_back(
          Decimal(element.get_object().find_field_unordered("validator_index").value()));
    }
    return members;
  });
}

Result<std::vector<Liveness>> ParseLiveness(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::vector<Liveness> all;
    for (auto element : Data(root).get_array()) {
      Liveness one;
      int found = 0;
      for (auto field : element.get_object()) {
        const std::string_view name = field.unescaped_key();
        if (name == "index") {
          one.index = Decimal(field.value());
          found |= 1;
        } else if (name == "is_live") {
          one.is_live = Boolean(field.value());
          found |= 2;
        }
      }
      if (found != 3) throw BadShape{"neither index nor is_live may be missing"};
      all.push_back(one);
    }
    return all;
  });
}

Result<SlotDuty> ParseHeader(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    JsonObject header = Data(root).get_object().find_field_unordered("header").get_object();
    const auto [proposer, slot] =
        ReadTwo(header.find_field_unordered("message").get_object(), "proposer_index", "slot");
    return SlotDuty{proposer, slot};
  });
}

Result<std::string> ParseFeeRecipient(const std::string& answer) {
  return Decode(answer, [](JsonValue root) -> std::string {
    JsonObject message = Data(root).get_object().find_field_unordered("message").get_object();
    JsonObject body = message.find_field_unordered("body").get_object();
    for (auto field : body) {
      const std::string_view name = field.unescaped_key();
      if (name != "execution_payload_header") continue;
      return Address(field.value().get_object().find_field_unordered("fee_recipient").get_string());
    }
    return "";
  });
}

}  // namespace stakewatch::beacon
