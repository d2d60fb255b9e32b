#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/json_names.h"

namespace stakewatch::testing {
namespace {

// With what is readable behind it.
int FieldOf(const JsonNames& names, std::string_view name, char behind = '"') {
  const std::string text = std::string(name) + std::string(16, behind);
  return names.Find(std::string_view(text).substr(0, name.size())).field;
}

TEST_CASE("json names: each is found, and nothing else") {
  const std::map<std::string_view, JsonMeaning> wanted = {
      {"", {.field = 7}},
      {"a", {.field = 0}},
      {"balance", {.field = 1}},
      {"slashed", {.field = 2}},
      {"validator", {.object = 2}},
      {"effective_balance", {.field = 3, .object = 1}},
      {"withdrawable_epoch", {.field = 4}}};
  const JsonNames names(wanted);
  for (const auto& [name, meaning] : wanted) {
    CAPTURE(name);
    for (const char behind : {'"', '\0', 'a'}) CHECK(FieldOf(names, name, behind) == meaning.field);
    const std::string text = std::string(name) + "\": \"xxxx";
    CHECK(names.Find(std::string_view(text).substr(0, name.size())).object == meaning.object);
    for (const std::string& other : {text.substr(0, name.size() + 1), "x" + std::string(name),
                                     std::string(name) + std::string(1, '\0')}) {
      CHECK(FieldOf(names, other) == -1);
    }
  }
  CHECK(FieldOf(names, "effective_Balance") == -1);
  CHECK(FieldOf(names, "balanca") == -1);
  CHECK(FieldOf(names, "effectivexbalance") == -1);  // Differs in neither its first nor last eight.
  CHECK(FieldOf(JsonNames(), "") == -1);
  CHECK(FieldOf(JsonNames(), "a") == -1);
}

TEST_CASE("json names: many of them") {
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back("name_" + std::to_string(i * i));
  std::map<std::string_view, JsonMeaning> wanted;
  for (int i = 0; i < 100; i += 2) wanted[texts[static_cast<std::size_t>(i)]] = {.field = i};
  const JsonNames names(wanted);
  for (int i = 0; i < 100; ++i) {
    CHECK(FieldOf(names, texts[static_cast<std::size_t>(i)]) == (i % 2 == 0 ? i : -1));
  }
}

TEST_CASE("json names: those that it could not tell apart are refused") {
  CHECK_THROWS_AS(JsonNames({{"12345678_12345678", {}}, {"12345678-12345678", {}}}),
                  std::invalid_argument);
}

}  // namespace
}  // namespace stakewatch::testing
