// The file of the operator's validators, and what is told of them.
#include <doctest/doctest.h>

#include <string>

#include "common/page.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/metrics.h"
#include "exporters/beacon/validators.h"
#include "tests/beacon/scripted.h"
#include "tests/testing.h"

namespace stakewatch::beacon {
namespace {

const std::string kA = "0x" + std::string(96, 'a');
const std::string kB = "0x" + std::string(96, 'b');

std::string KeyOf(std::size_t number) {
  std::string digits = std::to_string(number);
  return "0x" + std::string(96 - digits.size(), '0') + digits;
}

std::string Row(const std::string& index, const std::string& key, const std::string& more = "") {
  return R"({"index":)" + index + R"(,"balance":"32000000001","status":"active_ongoing",)" + more +
         R"("validator":{"pubkey":")" + key +
         R"(","effective_balance":"32000000000","slashed":false,"activation_epoch":"0",)"
         R"("exit_epoch":"18446744073709551615"}})";
}

std::shared_ptr<const Roster> RosterOf(const std::string& text) {
  auto roster = ParseValidatorsFile(text);
  REQUIRE_MESSAGE(roster.has_value(), (roster ? "" : roster.error()));
  return std::make_shared<const Roster>(std::move(*roster));
}

// What is told of a file when the node answers `rows` to each request.
std::string PageOf(const std::string& file, const std::string& rows, std::size_t limit = 64) {
  const Scripted node(Scripted::Answers{{"validators_post", R"({"data":[)" + rows + "]}"}});
  const auto own =
      AskOwnValidators(Client(node), Deadline(std::chrono::seconds(5)), RosterOf(file));
  REQUIRE_MESSAGE(own.has_value(), (own ? "" : own.error().what));
  Sheet sheet(kMetrics);
  TellOwnValidators(*own, limit, sheet);
  return WritePage(std::move(sheet).TakeFamilies());
}

TEST_CASE("beacon: a validators file") {
  const std::string capitals = "0X" + std::string(96, 'B');
  const auto roster =
      RosterOf("\xEF\xBB\xBF# mine\r\n\r\n" + kA + "\tnorth # rack 1\r\n" + capitals +
               " eu/host-1:a\r\n" + std::string(96, 'C') + "\n 007 north\n8");
  REQUIRE(roster->Size() == 5);
  CHECK(roster->Id(0) == kA);
  CHECK(roster->Id(1) == kB);
  CHECK(roster->Id(2) == "0x" + std::string(96, 'c'));
  CHECK(roster->Id(3) == "7");
  CHECK(roster->Groups() == std::vector<std::string>{"north", "eu/host-1:a", "default"});
  CHECK(roster->GroupOf(3) == 0);
  CHECK(roster->GroupOf(4) == 2);
  CHECK(roster->Find("8") == 4);
  CHECK_FALSE(roster->Find("9").has_value());
}

TEST_CASE("beacon: a bad validators file is refused by line") {
  const std::string group64(64, 'g');
  CHECK(ParseValidatorsFile("1 " + group64).has_value());
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"0x12", "line 2: \"0x12\" is not a public key"},
      {"0x" + std::string(95, 'a'), "line 2: "},
      {"0x" + std::string(95, 'a') + "g", "line 2: "},
      {"0x" + std::string(97, 'a'), "line 2: "},
      {"-1", "line 2: "},
      {"1.5", "line 2: "},
      {"18446744073709551616", "line 2: "},
      {"5\x1b[2J", "line 2: \"5?[2J\""},
      {"5 a b", "line 2: more than"},
      {"5 " + group64 + "g", "line 2: the group"},
      {"5 gr\"oup", "line 2: the group"},
      {"5 gr\xC3\xBCn", "line 2: the group"},
      {"5\n\n05", "line 4: 5 stands twice"},
      {kA + "\n" + std::string(96, 'A'), "line 3: 0xaaaaaaaaaaaa stands twice"},
      {std::string("5\0", 2), "line 2: "},
  };
  for (const auto& [text, error] : bad) {
    CAPTURE(text);
    const auto parsed = ParseValidatorsFile("# first\n" + text + "\n");
    REQUIRE_FALSE(parsed.has_value());
    CHECK_MESSAGE(parsed.error().starts_with(error), parsed.error());
    CHECK(parsed.error().find('\x1b') == std::string::npos);
  }
  for (const char* empty : {"", "\n\n", "# 5\n", "\xEF\xBB\xBF"}) {
    const auto parsed = ParseValidatorsFile(empty);
    REQUIRE(parsed.has_value());
    CHECK(parsed->Size() == 0);
  }
}

TEST_CASE("beacon: a validators file may begin without a key, and does not end so") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.Write("validators", "# none yet\n");
  auto file = OpenValidatorsFile(path);
  REQUIRE(file.has_value());
  CHECK((*file)->Look().value->Size() == 0);
  folder.Write("validators", "# still none\n");
  CHECK_FALSE((*file)->Look().error.has_value());
  folder.Write("validators", "1\n2\n");
  CHECK((*file)->Look().value->Size() == 2);
  folder.Write("validators", "");
  const auto emptied = (*file)->Look();
  CHECK(emptied.error == path + ": all keys are gone");
  CHECK(emptied.value->Size() == 2);
  folder.Write("validators", "3\n");
  CHECK((*file)->Look().value->Size() == 1);
}

TEST_CASE("beacon: a validators file has its limits") {
  std::string text;
  for (std::size_t i = 0; i < 100'000; ++i) text += KeyOf(i) + " g" + std::to_string(i % 64) + "\n";
  const auto roster = RosterOf(text);
  CHECK(roster->Size() == 100'000);
  CHECK(roster->Id(99'999) == KeyOf(99'999));
  CHECK(roster->Find(KeyOf(54'321)) == 54'321);
  CHECK(roster->Questions().size() == 100);
  const auto groups = ParseValidatorsFile(text + "5 one-more\n");
  REQUIRE_FALSE(groups.has_value());
  CHECK(groups.error() == "line 100001: more than 64 groups");
  std::string indices;
  for (std::size_t i = 0; i < kOwnKeysMax; ++i) indices += std::to_string(i) + "\n";
  CHECK(ParseValidatorsFile(indices).has_value());
  const auto keys = ParseValidatorsFile(indices + "200000\n");
  REQUIRE_FALSE(keys.has_value());
  CHECK(keys.error() == "line 200001: more than 200000 keys");
}

TEST_CASE("beacon: a changed validators file is read again, a bad one is not") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.Write("validators", "1\n2 north\n");
  CHECK_FALSE(OpenValidatorsFile(folder.Path() + "/none").has_value());
  auto file = OpenValidatorsFile(path);
  REQUIRE(file.has_value());
  const Scripted node(Scripted::Answers{{"validators_post", R"({"data":[]})"}});
  const auto page = [&] {
    Sheet sheet(kMetrics);
    REQUIRE(ScrapeOwnValidators(Client(node), Deadline(std::chrono::seconds(5)), **file, 64, sheet)
                .has_value());
    return WritePage(std::move(sheet).TakeFamilies());
  };
  CHECK(page().find("beaconapi_validators_file_failed 0\n") != std::string::npos);
  folder.Write("validators", "1\n2 north\nthree\n");
  std::string bad = page();
  CHECK(bad.find("beaconapi_validators_file_failed 1\n") != std::string::npos);
  CHECK(bad.find("configured{group=\"north\"} 1\n") != std::string::npos);
  folder.Write("validators", "1\n2 south\n33\n");
  std::string good = page();
  CHECK(good.find("beaconapi_validators_file_failed 0\n") != std::string::npos);
  CHECK(good.find("configured{group=\"default\"} 2\n") != std::string::npos);
  CHECK(good.find("group=\"north\"") == std::string::npos);
}

TEST_CASE("beacon: own validators of a recorded Prysm") {
  const Scripted node(
      {{"validators_post",
        testing::ReadFile(testing::TestsFolder() + "/beacon/duties/validators_two.json")}});
  const auto roster = RosterOf(
      "0 home\n0xb89bebc699769726a318c8e9971bd3171297c61aea4a6578a7a4f94b547dcba5bac16a89108b6b6a1"
      "fe3695d1a874a0b\n999999\n");
  const auto own = AskOwnValidators(Client(node), Deadline(std::chrono::seconds(5)), roster);
  REQUIRE(own.has_value());
  REQUIRE(own->by_position[1].has_value());
  CHECK(own->by_position[1]->index == 1);
  CHECK(own->by_position[0]->exit_epoch == kFarFutureEpoch);
  CHECK(own->by_position[0]->Due(0));
  CHECK_FALSE(own->by_position[0]->Due(kFarFutureEpoch));
  CHECK_FALSE(own->by_position[2].has_value());
  Sheet sheet(kMetrics);
  TellOwnValidators(*own, 2, sheet);
  const std::string page = WritePage(std::move(sheet).TakeFamilies());
  for (const char* line : {"beaconapi_validators{group=\"home\",status=\"active_ongoing\"} 1\n",
                           "beaconapi_validators{group=\"home\",status=\"withdrawal_done\"} 0\n",
                           "beaconapi_validators_unknown{group=\"default\"} 1\n",
                           "beaconapi_validators_balance_gwei{group=\"home\"} 32029449925\n",
                           "beaconapi_validator_active{validator=\"1\",group=\"default\"} 1\n",
                           "beaconapi_validator_truncated 1\n"}) {
    CHECK_MESSAGE(page.find(line) != std::string::npos, line);
  }
}

TEST_CASE("beacon: unknown, duplicate and unasked validators") {
  // Strings and numbers; a far-future epoch; 2^53 and more; the same one twice; one never asked
  // for.
  const std::string page =
      PageOf(kA + "\n7\n" + kB + " b\n9\n", Row("\"7\"", kA) + "," + Row("7", kA) + "," +
                                                Row("12345", "0x" + std::string(96, 'f')) + "," +
                                                Row("\"9\"", KeyOf(9), "\"more\":[{}],"));
  for (const char* line : {"beaconapi_validators_configured{group=\"default\"} 3\n",
                           "beaconapi_validators_duplicate 1\n",
                           "beaconapi_validators{group=\"default\",status=\"active_ongoing\"} 2\n",
                           "beaconapi_validators_unknown{group=\"b\"} 1\n",
                           "beaconapi_validators_balance_gwei{group=\"default\"} 64000000002\n",
                           "active{validator=\"7\",group=\"default\"} 1\n",
                           "active{validator=\"0xbbbbbbbbbbbb\",group=\"b\"} 0\n",
                           "beaconapi_validator_truncated 0\n"}) {
    CHECK_MESSAGE(page.find(line) != std::string::npos, line << page);
  }
}

TEST_CASE("beacon: a node that gives two keys one index, keys that begin alike") {
  const std::string like = "0x" + std::string(95, 'a') + "b";
  CHECK(PageOf(kA + "\n" + kB, Row("5", kA) + "," + Row("5", kB)).find("validator=\"" + kB) !=
        std::string::npos);
  CHECK(PageOf(kA + "\n" + like, "").find("validator=\"" + like) != std::string::npos);
}

TEST_CASE("beacon: the series by key end at the limit") {
  std::string file;
  for (int i = 0; i < 100; ++i) file += std::to_string(i) + "\n";
  const std::string page = PageOf(file, Row("63", KeyOf(63)) + "," + Row("64", KeyOf(64)));
  CHECK(page.find("beaconapi_validator_truncated 36\n") != std::string::npos);
  CHECK(page.find("active{validator=\"63\"") != std::string::npos);
  CHECK(page.find("active{validator=\"64\"") == std::string::npos);
  CHECK(PageOf("5", Row("5", KeyOf(5)), 0).find("{validator=") == std::string::npos);
}

TEST_CASE("beacon: answers about validators of another shape") {
  const auto read = [](const std::string& answer) {
    int count = 0;
    ValidatorsReader reader([&](const Validator&, std::string_view) { ++count; });
    for (const char c : answer) {
      reader.Room().front() = c;
      if (const auto taken = reader.Take(1); !taken) return taken.error().what;
    }
    const auto fared = reader.Finish();
    return fared ? std::to_string(count) : fared.error().what;
  };
  const std::string good = Row("1", kA);
  CHECK(read(R"({"data":[]})") == "0");
  CHECK(read(R"({"finalized":false,"data":[)" + good + "," + good + "]}") == "2");
  for (const std::string& bad :
       {std::string(""), std::string("<html>"), std::string("{}"), std::string("[]"),
        std::string(R"({"data":null})"), std::string(R"({"data":[1]})"),
        R"({"data":[)" + good.substr(0, 60), std::string(R"({"data":[{}]})"),
        R"({"data":[)" + Row("-1", kA) + "]}", R"({"data":[)" + Row("1.5", kA) + "]}",
        R"({"data":[)" + Row("18446744073709551616", kA) + "]}",
        R"({"data":[)" + Row("null", kA) + "]}"}) {
    CAPTURE(bad);
    CHECK(read(bad).find_first_of("0123456789") != 0);
  }
  std::string quoted = good;
  quoted.replace(quoted.find("false"), 5, "\"true\"");
  CHECK(PageOf(kA, quoted).find("slashed{validator=\"1\",group=\"default\"} 1\n") !=
        std::string::npos);
  quoted.replace(quoted.find("\"true\""), 6, "\"yes\"");
  CHECK(read(R"({"data":[)" + quoted + "]}").find("without") != std::string::npos);
  std::string word = good;
  word.replace(word.find("active_ongoing"), 14, "dancing");
  CHECK(PageOf(kA, word).find("status=\"other\"} 1\n") != std::string::npos);
}

}  // namespace
}  // namespace stakewatch::beacon
