#include "common/json.h"

#include <doctest/doctest.h>

namespace stakewatch {
namespace {

std::int64_t Number(JsonValue value) {
  return value.get_int64();
}

Result<std::int64_t> Rpc(const std::string& text) {
  return DecodeRpc(text, Number);
}

TEST_CASE("json: the result of an envelope, in any order") {
  CHECK(Rpc(R"({"jsonrpc":"2.0","id":1,"result":7})") == 7);
  CHECK(Rpc(R"({"result":7,"error":null,"id":1})") == 7);
  CHECK(Rpc(R"({"extra":{"result":[1,{"error":2}]},"result":7,"x":[[]]})") == 7);
  CHECK(Rpc(" \n{ \"r\\u0065sult\" : 7 }\n") == 7);
}

TEST_CASE("json: an error of an envelope") {
  const auto error =
      Rpc(R"({"id":1,"error":{"code":-32601,"message":"no such\nmethod","data":{}}})");
  REQUIRE_FALSE(error);
  CHECK(error.error().reason == Reason::kRpcError);
  CHECK(error.error().code == -32601);
  CHECK(error.error().what.find("no such") != std::string::npos);
  const auto huge =
      Rpc(R"({"error":{"code":99999999999,"message":")" + std::string(5000, 'x') + "\"}}");
  REQUIRE_FALSE(huge);
  CHECK(huge.error().code == 0);
  CHECK(huge.error().what.size() < 300);
  for (const char* text :
       {R"({"result":null})", R"({"result":null,"error":null})", R"({"id":1})", "{}"}) {
    const auto none = Rpc(text);
    REQUIRE_FALSE(none);
    CHECK(none.error().reason == Reason::kRpcError);
  }
}

TEST_CASE("json: what is not the JSON expected") {
  for (const std::string& text :
       {std::string(), std::string("<html>"), std::string("7"), std::string("null"),
        std::string("[1]"), std::string(R"({"result":7)"), std::string(R"({"result":"7"})"),
        std::string(R"({"result":7.5})"), std::string(R"({"result":99999999999999999999})"),
        std::string(R"({"error":"words"})"), std::string(R"({"error":{"code":"x"}})"),
        std::string(R"({"result":[7})"), std::string(R"({"a":"\xC3"})"), std::string("\xFF{}"),
        std::string(R"({"result)"), std::string(100000, '['), std::string(3, '\0'),
        std::string(R"({"a":)") + std::string(100000, '{')}) {
    CAPTURE(text.substr(0, 40));
    const auto wrong = Rpc(text);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().what.size() < 300);
  }
}

TEST_CASE("json: room to read past the end is made where there is none") {
  std::string text = R"({"result":7})";
  text.shrink_to_fit();
  CHECK(Rpc(text) == 7);
  text.reserve(text.size() + 200);
  CHECK(Rpc(text) == 7);
}

TEST_CASE("json: quantities") {
  const auto quantity = [](const std::string& word) {
    return Decode("[\"" + word + "\"]", [](JsonValue root) {
      std::uint64_t number = 0;
      for (auto value : root.get_array()) number = HexQuantity(value.value());
      return number;
    });
  };
  const auto big = [](const std::string& word) {
    return Decode("[\"" + word + "\"]", [](JsonValue root) {
      double number = 0;
      for (auto value : root.get_array()) number = HexQuantityAsDouble(value.value());
      return number;
    });
  };
  CHECK(quantity("0x0") == 0);
  CHECK(quantity("0x1B4") == 436);
  CHECK(quantity("0xffffffffffffffff") == UINT64_MAX);
  CHECK(big("0x1b4") == 436);
  CHECK(big("0x10000000000000000") == 18446744073709551616.0);
  CHECK(big("0x" + std::string(64, 'f')).value() > 1e77);
  for (const std::string& word :
       {std::string(), std::string("0x"), std::string("1"), std::string("0x-1"),
        std::string("0x+1"), std::string("0x1g"), std::string("0x 1"), std::string("0x1.8"),
        std::string("0x1p4"), std::string("0X1"), "0x" + std::string(65, '0')}) {
    CAPTURE(word);
    CHECK_FALSE(quantity(word));
    CHECK_FALSE(big(word));
  }
  CHECK_FALSE(quantity("0x10000000000000000"));
}

}  // namespace
}  // namespace stakewatch
