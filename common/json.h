#pragma once
// Answers in JSON, read by simdjson where they lie; and where its exceptions end.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/result.h"
#include "common/simdjson.h"

namespace stakewatch {

using JsonValue = simdjson::ondemand::value;
using JsonObject = simdjson::ondemand::object;
using JsonArray = simdjson::ondemand::array;

// The `error` member of a JSON-RPC envelope: kRpcError, its code and message.
Error RpcError(JsonObject error);

// One parsed text. Values borrow from it and are read once, in order where that is cheap.
class JsonDocument {
 public:
  // Throws simdjson_error. `text` must outlive the document; it is copied only when its capacity
  // leaves no room for simdjson's padding.
  explicit JsonDocument(const std::string& text);
  JsonValue Root();  // Throws unless the root is an object or an array.

 private:
  simdjson::padded_string copy_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

// `read` takes the root value; it may use simdjson's throwing conversions and throw BadShape.
template <class Read>
auto Decode(const std::string& text, Read read) -> Result<std::invoke_result_t<Read, JsonValue>> {
  try {
    JsonDocument document(text);
    return read(document.Root());
  } catch (const simdjson::simdjson_error& e) {
    return Fail(Reason::kBadAnswer, std::string("not the JSON expected: ") + e.what());
  } catch (const BadShape& e) {
    return Fail(Reason::kBadAnswer, e.what);
  }
}

// The `result` of a JSON-RPC 2.0 envelope, whatever the order of its members. Its `error` is
// kRpcError, with the code; so is a null result, which some clients give where others give an
// error.
template <class Read>
auto DecodeRpc(const std::string& text, Read read)
    -> Result<std::invoke_result_t<Read, JsonValue>> {
  using Value = std::invoke_result_t<Read, JsonValue>;
  std::optional<Value> result;
  std::optional<Error> error;
  const auto decoded = Decode(text, [&](JsonValue root) {
    for (auto field : root.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if ((key != "error" && key != "result") || value.is_null()) continue;
      if (key == "error") {
        error = RpcError(value.get_object());
      } else {
        result = read(value);
      }
    }
    return true;
  });
  if (error) return std::unexpected(*error);
  if (!decoded) return std::unexpected(decoded.error());
  if (!result) return Fail(Reason::kRpcError, "neither a result nor an error");
  return std::move(*result);
}

// "0x1b4" -> 436: how Ethereum's JSON-RPC writes quantities. Throws BadShape when it is none, or
// does not fit.
std::uint64_t HexQuantity(JsonValue value);
// The same as a double, for quantities that may be greater than 2^64 (wei); above 2^53 rounded.
double HexQuantityAsDouble(JsonValue value);

// "436" or 436: the Beacon API writes integers as strings, some clients and some of its members
// write numbers. Throws BadShape for anything else, a sign, or more than 64 bits.
std::uint64_t Decimal(JsonValue value);
// The same with a sign: rewards, which may be penalties.
std::int64_t SignedDecimal(JsonValue value);
// true, or "true" as Prysm writes a few of them.
bool Boolean(JsonValue value);

}  // namespace stakewatch
