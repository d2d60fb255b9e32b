#include "common/json.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "common/number.h"

namespace stakewatch {
namespace {

// The digits of a quantity of at most 256 bits, as wide as Ethereum's words are.
std::string_view HexDigits(JsonValue value) {
  const std::string_view text = value.get_string();
  const std::string_view digits = text.substr(std::min<std::size_t>(text.size(), 2));
  const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (!text.starts_with("0x") || digits.empty() || digits.size() > 64 ||
      !std::ranges::all_of(digits, hex)) {
    throw BadShape{"not a hexadecimal quantity: " + std::string(text.substr(0, 40))};
  }
  return digits;
}

template <class Integer>
Integer ReadDecimal(JsonValue value) {
  // Of a number, the text as it stands: simdjson takes 4e2 for a double and 2^64 for an error.
  const bool quoted = value.type() == simdjson::ondemand::json_type::string;
  std::string_view text = quoted ? std::string_view(value.get_string()) : value.raw_json_token();
  while (!quoted && !text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  const auto number = WholeNumber<Integer>(text);
  if (!number)
    throw BadShape{"not a whole number in its range: " + std::string(text.substr(0, 40))};
  return *number;
}

}  // namespace

Error RpcError(JsonObject error) {
  std::int64_t code = 0;
  std::string_view message;
  for (auto field : error) {
    const std::string_view key = field.unescaped_key();
    if (key == "code") code = field.value().get_int64();
    if (key == "message") message = field.value().get_string();
  }
  const int known = code >= INT32_MIN && code <= INT32_MAX ? static_cast<int>(code) : 0;
  return {Reason::kRpcError,
          "JSON-RPC error " + std::to_string(code) + ": " + std::string(message.substr(0, 200)),
          known};
}

JsonDocument::JsonDocument(const std::string& text) {
  if (text.capacity() >= text.size() + simdjson::SIMDJSON_PADDING) {
    document_ = parser_.iterate(text.data(), text.size(), text.capacity());
  } else {
    copy_ = simdjson::padded_string(text);
    document_ = parser_.iterate(copy_);
  }
}

JsonValue JsonDocument::Root() {
  return document_.get_value();
}

std::uint64_t HexQuantity(JsonValue value) {
  const std::string_view digits = HexDigits(value);
  std::uint64_t number = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number, 16).ec != std::errc()) {
    throw BadShape{"a quantity of more than 64 bits: 0x" + std::string(digits)};
  }
  return number;
}

double HexQuantityAsDouble(JsonValue value) {
  double number = 0;
  for (const char c : HexDigits(value)) {
    number = number * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return number;
}

std::uint64_t Decimal(JsonValue value) {
  return ReadDecimal<std::uint64_t>(value);
}

std::int64_t SignedDecimal(JsonValue value) {
  return ReadDecimal<std::int64_t>(value);
}

bool Boolean(JsonValue value) {
  if (value.type() != simdjson::ondemand::json_type::string) return value.get_bool();
  const std::string_view word = value.get_string();
  if (word != "true" && word != "false") {
    throw BadShape{"neither true nor false: " + std::string(word.substr(0, 40))};
  }
  return word == "true";
}

}  // namespace stakewatch
