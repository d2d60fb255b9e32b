// Slashing-protection files: what they say, and ones that are none.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "exporters/supervisor/closed_path.h"
#include "exporters/supervisor/interchange.h"
#include "exporters/supervisor/interchange_reader.h"
#include "exporters/supervisor/metrics_host.h"
#include "tests/testing.h"

namespace stakewatch::supervisor {
namespace {

const Deadline kSoon(std::chrono::seconds(60));

std::string Key(char c) {
  return "0x" + std::string(96, c);
}

std::string Document(const std::string& data) {
  return R"({"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x00"},"data":[)" +
         data + "]}";
}

std::string Element(const std::string& key, const std::string& blocks,
                    const std::string& attestations) {
  return R"({"pubkey":")" + key + R"(","signed_blocks":[)" + blocks +
         R"(],"signed_attestations":[)" + attestations + "]}";
}

std::string Block(const std::string& slot) {
  return R"({"slot":")" + slot + R"(","signing_root":"0xab"})";
}

std::string Attestation(const std::string& source, const std::string& target) {
  return R"({ "source_epoch" : ")" + source + R"(" , "target_epoch" : ")" + target + "\" }\n";
}

// In pieces of so many bytes.
Checked<Interchange> Read(std::string_view text, std::size_t piece) {
  InterchangeReader reader;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const auto taken = reader.Take(text.substr(0, piece));
    if (!taken) return std::unexpected(taken.error());
  }
  return reader.Finish();
}

TEST_CASE("interchange: keys, slots and epochs, however the document comes") {
  const std::string text =
      Document(Element(Key('a'), Block("81952") + "," + Block("7"),
                       Attestation("2290", "3007") + "," + Attestation("2291", "3008")) +
               "," + Element(Key('b'), "", Attestation("0", "1")) + "," +
               Element(Key('A'), Block("18446744073709551615"), ""));
  for (const std::size_t piece : {1, 2, 3, 7, 64, 100'000}) {
    CAPTURE(piece);
    const auto read = Read(text, piece);
    REQUIRE(read);
    CHECK(read->keys == 2);  // One stands twice, once in capitals.
    CHECK(read->slots == Range{7, 18446744073709551615U});
    CHECK(read->source_epochs == Range{0, 2291});
    CHECK(read->target_epochs == Range{1, 3008});
  }
}

TEST_CASE("interchange: members in any order, others among them, and none signed") {
  const auto read = Read(R"({"x":[[{"slot":"9"}]],"data":[{"signed_blocks":[],"note":{"slot":"9",
      "pubkey":7},"pubkey":")" +
                             Key('c') + R"("}],"metadata":{"y":[1,-2.5e3,true,null,"\"\\"],
      "interchange_format_version":"5"}} )",
                         5);
  REQUIRE(read);
  CHECK(read->keys == 1);
  CHECK_FALSE(read->slots);
  CHECK_FALSE(read->source_epochs);
  CHECK_FALSE(read->target_epochs);
  const auto none = Read(Document(""), 5);
  REQUIRE(none);
  CHECK(none->keys == 0);
}

TEST_CASE("interchange: what is none is an error") {
  const std::string whole = Document(Element(Key('a'), Block("1"), Attestation("1", "2")));
  const std::pair<std::string, std::string> bad[] = {
      {"", "the JSON is cut short"},
      {" ", "the JSON is cut short"},
      {"<html>", "not JSON: no value where one should be"},
      {"[]", "no interchange: it is no object"},
      {"7", "no interchange: it is no object"},
      {"{}", "no interchange: no \"interchange_format_version\""},
      {R"({"data":[]})", "no interchange: no \"interchange_format_version\""},
      {R"({"metadata":{"interchange_format_version":"5"}})", "no interchange: no \"data\""},
      {R"({"metadata":{"interchange_format_version":"4"}})",
       "an interchange of another format than 5"},
      {R"({"data":[],"data":[]})", "no interchange: its \"data\" is not one array"},
      {R"({"data":{}})", "no interchange: its \"data\" is not one array"},
      {R"({"data":"x"})", "no interchange: an array of other things"},
      {R"({"data":[[]]})", "no interchange: an array of other things"},
      {R"({"data":["x"]})", "no interchange: an array of other things"},
      {R"({"data":[{}]})", "an element without \"pubkey\""},
      {R"({"data":[{"pubkey":"0x12"}]})", "a \"pubkey\" that is no key of 48 bytes"},
      {Document(Element(Key('g'), "", "")), "a \"pubkey\" that is no key of 48 bytes"},
      {Document(Element(Key('a'), "{}", "")), "a signed block without \"slot\""},
      {Document(Element(Key('a'), R"({"slot":7})", "")),
       "\"slot\" is no decimal number in a string"},
      {Document(Element(Key('a'), Block("-7"), "")), "\"slot\" is no decimal number in a string"},
      {Document(Element(Key('a'), Block("18446744073709551616"), "")),
       "\"slot\" is no decimal number in a string"},
      {Document(Element(Key('a'), "", R"({"source_epoch":"7"})")),
       "a signed attestation without \"source_epoch\" or \"target_epoch\""},
      {whole + "x", "something follows the JSON"},
      {R"({"a":1,})", "not JSON: no name where one should be"},
      {R"({"a" 1})", "not JSON: no colon after a name"},
      {R"({"a":[1})", "not JSON: brackets that do not match"},
      {R"({"a":[1 2]})", "not JSON: brackets that do not match"},
      {"{\"a\n\":1}", "not JSON: a control character in a text"},
      {std::string(100'000, '['), "no interchange: it is no object"},
      {"{\"a\":" + std::string(100'000, '['), "not the JSON expected: too deep"},
      {"{\"" + std::string(100'000, 'a'), "a text of more than 65536 bytes"},
  };
  for (const auto& [text, why] : bad) {
    CAPTURE(text.substr(0, 80));
    const auto read = Read(text, 999'999);
    REQUIRE_FALSE(read);
    CHECK(read.error() == why);
    CHECK_FALSE(Read(text, 1));
  }
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    CHECK_FALSE(Read(whole.substr(0, cut), 16));
  }
}

TEST_CASE("interchange: a file is read again when it has changed, and its neighbours stay told") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.Write("a.json", Document(Element(Key('a'), Block("1"), "")));
  const std::string other = folder.Write("b.json", Document(""));
  Interchanges files({path, other});
  const auto keys = [&] {
    Sheet sheet(kHostMetrics);
    const auto scraped = files.Scrape(kSoon, sheet);
    return std::pair(scraped, std::move(sheet).TakeFamilies());
  };
  auto [first, page] = keys();
  CHECK(first);
  CHECK(page.size() == 3);
  folder.Write("a.json", "{}");
  auto [second, less] = keys();
  REQUIRE_FALSE(second);
  CHECK(second.error().reason == Reason::kBadAnswer);
  CHECK(second.error().what == path + ": no interchange: no \"interchange_format_version\"");
  CHECK(less.size() == 2);
  folder.Write("a.json", Document(Element(Key('a'), Block("12"), "")));
  auto [third, again] = keys();
  CHECK(third);
  CHECK(again.size() == 3);
}

TEST_CASE("interchange: 20 MB take the memory of one piece") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.Path() + "/big.json";
  {
    std::ofstream file(path);
    file << R"({"metadata":{"interchange_format_version":"5"},"data":[{"pubkey":")" << Key('a')
         << R"(","signed_attestations":[)";
    for (int i = 0; i < 300'000; ++i) {
      file << (i == 0 ? "" : ",") << R"({"source_epoch":")" << i << R"(","target_epoch":")" << i + 1
           << R"(","x":"0"})";
    }
    file << "]}]}";
  }
  const auto memory = [] {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line) && !line.starts_with("VmHWM:")) {
    }
    return std::stoul(line.substr(6));
  };
  const auto before = memory();
  const auto read = ReadInterchange(path, kSoon);
  REQUIRE(read);
  CHECK(read->target_epochs == Range{1, 300'000});
  CHECK(memory() < before + 8'000);
}

TEST_CASE("interchange: what is no plain file, and the daemon's own folder") {
  const testing::TemporaryFolder folder;
  REQUIRE(::mkfifo((folder.Path() + "/pipe").c_str(), 0600) == 0);
  for (const std::string& path : {folder.Path() + "/pipe", folder.Path()}) {
    const auto read = ReadInterchange(path, kSoon);
    REQUIRE_FALSE(read);
    CHECK(read.error().what == path + " is no regular file");
  }
  const std::string live = folder.Path() + "/validator_supervisor-validator_data1";
  REQUIRE(::mkdir(live.c_str(), 0700) == 0);
  folder.Write("validator_supervisor-validator_data1/slashing-protection.json", Document(""));
  const std::string link = folder.Path() + "/link.json";
  REQUIRE(::symlink((live + "/slashing-protection.json").c_str(), link.c_str()) == 0);
  const std::string config = folder.Write("config.yaml", "a secret");
  const std::string to_key = folder.Path() + "/key.json";
  REQUIRE(::symlink(folder.Write("supervisor-key.hex", "00").c_str(), to_key.c_str()) == 0);
  for (const std::string& path :
       {live + "/slashing-protection.json", link, config, to_key, folder.Path() + "/id_ed25519",
        folder.Path() + "/the-passphrase.txt"}) {
    CAPTURE(path);
    CHECK_FALSE(CheckNotClosed(path));
    const auto read = ReadInterchange(path, kSoon);
    REQUIRE_FALSE(read);
    CHECK(read.error().what.ends_with("what stays closed: keys and their passwords"));
  }
}

}  // namespace
}  // namespace stakewatch::supervisor
