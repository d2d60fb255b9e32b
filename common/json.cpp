#include "common/json.h"

#include <charconv>

namespace stakewatch {
namespace {

std::string_view HexDigits(JsonValue value) {
  const std::string_view text = value.get_string();
  if (!text.starts_with("0x") || text.size() == 2) {
    throw BadShape{"not a hexadecimal quantity: " + std::string(text.substr(0, 40))};
  }
  return text.substr(2);
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
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw BadShape{"not a 64-bit quantity: 0x" + std::string(digits.substr(0, 40))};
  }
  return number;
}

double HexQuantityAsDouble(JsonValue value) {
  const std::string_view digits = HexDigits(value);
  double number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::hex);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.front() == '-') {
    throw BadShape{"not a quantity: 0x" + std::string(digits.substr(0, 40))};
  }
  return number;
}

}  // namespace stakewatch
