// Wrong content for a right answer.
#include "tests/sim/spoil.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/sim/text.h"

namespace stakewatch::sim {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::array kSpoilKinds = {Kind::kRpcError,    Kind::kWrongTypes,    Kind::kHugeNumbers,
                                    Kind::kDeepNesting, Kind::kDuplicateKeys, Kind::kInvalidUtf8,
                                    Kind::kWrongId,     Kind::kNumbers,       Kind::kNegative};

std::string Whole(const std::string& id, std::string_view result) {
  std::string text = R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)";
  text += result;
  return text + "}";
}

// Writes `value` with each scalar replaced by `scalar(value)`, and each member twice if `twice`.
template <class Scalar>
void Rewrite(const Ordered& value, const Scalar& scalar, bool twice, std::string& out) {
  if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      Rewrite(value[i], scalar, twice, out);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : value.items()) {
      if (!first) out += ',';
      first = false;
      if (twice) out += JsonString(name) + ":null,";
      out += JsonString(name) + ':';
      Rewrite(member, scalar, twice, out);
    }
    out += '}';
  } else {
    out += scalar(value);
  }
}

std::string Dump(const Ordered& value) {
  return value.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

std::string OtherType(const Ordered& value) {
  if (value.is_string()) return "12345";
  if (value.is_number()) return "\"text\"";
  if (value.is_boolean()) return value.get<bool>() ? "\"yes\"" : "\"no\"";
  return "[]";
}

std::string Huge(const Ordered& value) {
  if (value.is_number()) return "123456789012345678901234567890123456789e1400";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    // One digit more than 256 bits hold.
    if (text.starts_with("0x")) return "\"0x1" + std::string(64, 'f') + '"';
    const bool decimal = text.find_first_not_of("0123456789") == std::string::npos;
    if (decimal && !text.empty()) return '"' + std::string(100, '1') + '"';
  }
  return Dump(value);
}

std::string BrokenText(const Ordered& value) {
  if (!value.is_string()) return Dump(value);
  std::string text = Dump(value);
  text.insert(text.size() - 1, "\xff\xc0\xaf\xed\xa0\x80");
  return text;
}

std::string_view WholeOf(std::string_view value) {
  if (value == "array") return "[1,2,3]";
  if (value == "object") return R"({"a":1})";
  if (value == "string") return "\"text\"";
  if (value == "number") return "-1.5";
  if (value == "null") return "null";
  return {};
}

std::string Nested(std::string_view result, std::uint64_t depth) {
  depth = std::min<std::uint64_t>(depth, 10'000'000);
  return std::string(depth, '[') + std::string(result) + std::string(depth, ']');
}

}  // namespace

const Fault* FindSpoil(const FaultSet& faults, int node, std::string_view method) {
  for (const Kind kind : kSpoilKinds) {
    if (const Fault* const fault = faults.Find(kind, node, method)) return fault;
  }
  return nullptr;
}

std::string SpoiledEnvelope(const Fault& fault, const std::string& id, std::string_view result) {
  const auto rewritten = [&](const auto& scalar, bool twice) {
    const Ordered value = Ordered::parse(result, nullptr, false);
    std::string out;
    // What is no JSON already (names of evil peers) stays as it is.
    if (value.is_discarded()) return std::string(result);
    Rewrite(value, scalar, twice, out);
    return out;
  };
  switch (fault.kind) {
    case Kind::kRpcError: {
      const std::string code = fault.value.empty() ? "-32000" : fault.value;
      return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + code +
             R"(,"message":"simulated failure"}})";
    }
    case Kind::kWrongTypes: {
      const std::string_view whole = WholeOf(fault.value);
      return Whole(id, whole.empty() ? rewritten(OtherType, false) : std::string(whole));
    }
    case Kind::kHugeNumbers:
      return Whole(id, rewritten(Huge, false));
    case Kind::kDeepNesting:
      return Whole(id, Nested(result, ValueOf(fault, 100'000)));
    case Kind::kDuplicateKeys:
      return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":null,"result":)" +
             rewritten(Dump, true) + R"(,"id":)" + id + "}";
    case Kind::kInvalidUtf8:
      return Whole(id, rewritten(BrokenText, false));
    default:  // kWrongId.
      return Whole("999999", result);
  }
}

namespace {

bool IsDecimal(const Ordered& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

std::string SpoiledBody(const Fault& fault, const std::string& body) {
  const Ordered value = Ordered::parse(body, nullptr, false);
  if (value.is_discarded()) return body;
  std::string out;
  switch (fault.kind) {
    case Kind::kWrongTypes: {
      const std::string_view whole = WholeOf(fault.value);
      if (!whole.empty()) return std::string(whole);
      Rewrite(value, OtherType, false, out);
      return out;
    }
    case Kind::kHugeNumbers:
      Rewrite(value, Huge, false, out);
      return out;
    case Kind::kDeepNesting:
      return "{\"data\":" + Nested("{}", ValueOf(fault, 100'000)) + "}";
    case Kind::kDuplicateKeys:
      Rewrite(value, Dump, true, out);
      return out;
    case Kind::kInvalidUtf8:
      Rewrite(value, BrokenText, false, out);
      return out;
    case Kind::kNumbers: {
      const bool max = fault.value == "max";
      const auto bare = [&](const Ordered& one) {
        if (!IsDecimal(one)) return Dump(one);
        return max ? std::string("9007199254740993") : one.get<std::string>();
      };
      Rewrite(value, bare, false, out);
      return out;
    }
    case Kind::kNegative:
      Rewrite(
          value, [](const Ordered& one) { return IsDecimal(one) ? "\"-5\"" : Dump(one); }, false,
          out);
      return out;
    default:
      return body;
  }
}

}  // namespace

void SpoilApi(const Fault& fault, BeaconReply& reply) {
  if (fault.kind == Kind::kRpcError) {
    reply = BeaconError(500, "simulated failure");
  } else if (!reply.body.empty()) {
    reply.body = SpoiledBody(fault, reply.body) + "\n";
  }
}

}  // namespace stakewatch::sim
