// What restart_hook reads and keeps: its configuration, notifications, and the state file.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "actions/restart_hook/config.h"
#include "actions/restart_hook/journal.h"
#include "actions/restart_hook/notification.h"
#include "actions/restart_hook/settings.h"
#include "tests/restart_hook/testing.h"
#include "tests/testing.h"

namespace stakewatch::restart_hook {
namespace {

using namespace std::chrono_literals;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

TEST_CASE("config: careful unless it is told otherwise") {
  const Config config = TestConfig(Replaced(kConfig, "dry_run: false\nrepeated_within: 5m\n", ""));
  CHECK(config.dry_run);
  CHECK(config.repeated_within == 10min);
  REQUIRE(config.groups.size() == 2);
  const Group& pool = config.groups[0];
  CHECK(pool.name == "pool");
  CHECK(pool.alerts == std::set<std::string>{"Forked", "Stuck"});
  CHECK(pool.settle == 30s);
  CHECK(pool.pause == 5min);
  CHECK(pool.cool_down == 30min);
  CHECK(pool.start_within == 5min);
  CHECK(pool.restarts_per_hour == 2);
  REQUIRE(pool.targets.size() == 2);
  CHECK(pool.targets[0].program == "pool:one");
  CHECK(pool.targets[0].signs);
  CHECK(config.groups[1].targets[0].program == "three:three");
  CHECK_FALSE(config.groups[1].targets[0].signs);
  const Config silent = TestConfig(Replaced(kConfig, ", allow_signing: true", ""));
  CHECK(silent.groups[0].targets[0].signs);
  CHECK_FALSE(silent.groups[0].targets[0].allow_signing);
}

TEST_CASE("config: what it says is done") {
  const Config config = TestConfig(Replaced(kConfig, "    labels: {network: main}\n",
                                            "    settle: 1s\n    pause: 2s\n    cool_down: 3s\n"
                                            "    start_within: 4s\n    restarts_per_hour: 5\n"));
  const Group& pool = config.groups[0];
  CHECK(pool.settle == 1s);
  CHECK(pool.pause == 2s);
  CHECK(pool.cool_down == 3s);
  CHECK(pool.start_within == 4s);
  CHECK(pool.restarts_per_hour == 5);
  CHECK(pool.labels.empty());
}

TEST_CASE("config: what cannot be done is refused by a line that names it") {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"dry_run: false", "dry_run: no", "dry_run is neither true nor false"},
      {"dry_run: false", "dryrun: false", "dryrun is not known"},
      {"repeated_within: 5m", "repeated_within: 5", "repeated_within is \"5\" is no duration"},
      {"repeated_within: 5m", "repeated_within: 0s", "repeated_within is not from 1s to 1d"},
      {"alerts: [Stuck, Forked]", "alerts: []", "groups.pool.alerts names no alert"},
      {"alerts: [Stuck, Forked]", "alerts: Stuck", "groups.pool.alerts is no list"},
      {"    doubtful: [Doubt]\n", "", "groups.pool.doubtful names no alert"},
      {"doubtful: [Doubt]", "doubtful: [Stuck]", "has one of alerts: Stuck"},
      {"labels: {network: main}", "start_within: 11m", "start_within is not from 1s to 10m"},
      {"labels: {network: main}", "restarts_per_hour: 0", "is no number from 1 to 60"},
      {"labels: {network: main}", "restarts_per_hour: 2.5", "is no number from 1 to 60"},
      {"labels: {node: one}", "labels: {}", "targets.one.labels are missing"},
      {"unix:///s", "unix://s", "targets.one.supervisord is"},
      {"unix:///s", "ws://h:1", "is neither unix:///path nor http(s)://host:port"},
      {"unix:///s", "http://u:p@h:1", "in a file"},
      {"pool:one", "pool:*", "is no one program"},
      {"pool:one", "pool:", "is no one program"},
      {"pool:one", "a:b:c", "is no one program"},
      {"pool:one", "<one>", "is no one program"},
      {"program: \"pool:one\", ", "", "is no one program"},
      {"pool:one", "pool:two", "has two targets for pool:two of unix:///s"},
      {"      three:", "      one:", "has two targets of the name one"},
      {"      three:", "      th ree:", "is no name"},
      {"signs: false", "signs: false, allow_signing: true", "does nothing beside signs: false"},
      {"signs: false", "sign: false", "sign is not known"},
      {"  other:", "  pool:", "groups.pool stands twice"},
  };
  for (const auto& [from, to, said] : cases) {
    const auto config = ParseConfig(Replaced(kConfig, from, to));
    REQUIRE_MESSAGE(!config, to);
    CHECK_MESSAGE(config.error().find(said) != std::string::npos, config.error());
  }
  for (const char* text : {"", "groups: {}", "groups:", "- a", "a: [", "\xFF\xFE"}) {
    CHECK_MESSAGE(!ParseConfig(text), text);
  }
}

TEST_CASE("config: password files are looked at") {
  const testing::TemporaryFolder folder;
  const std::string with =
      Replaced(kConfig, "signs: false",
               "signs: false, username: u, password_file: " + folder.Path() + "/password");
  const std::string path = folder.Write("hook.yml", with);
  REQUIRE_FALSE(ReadConfig(path));
  CHECK(ReadConfig(path).error().find("targets.three") != std::string::npos);
  folder.Write("password", "secret\n");
  CHECK(ReadConfig(path));
  CHECK_FALSE(ReadConfig(folder.Path() + "/none"));
}

const std::string kNotification = R"({"version":"4","groupKey":"{}:{}","truncatedAlerts":0,
"status":"firing","receiver":"hook","groupLabels":{},"commonLabels":{},"commonAnnotations":{},
"externalURL":"http://am","alerts":[
{"status":"firing","labels":{"alertname":"Stuck","node":"one"},"annotations":{"a":"b"},
"startsAt":"2026-11-21T18:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"f"},
{"status":"resolved","labels":{"alertname":"Doubt"},"startsAt":"t"}]})";

TEST_CASE("notification: what Alertmanager posts") {
  const auto alerts = ParseNotification(kNotification);
  REQUIRE_MESSAGE(alerts, alerts.error().what);
  REQUIRE(alerts->size() == 2);
  CHECK((*alerts)[0].firing);
  CHECK((*alerts)[0].labels == Labels{{"alertname", "Stuck"}, {"node", "one"}});
  CHECK((*alerts)[0].starts_at == "2026-11-21T18:00:00Z");
  CHECK_FALSE((*alerts)[1].firing);
}

TEST_CASE("notification: all of it or nothing") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\"version\":\"4\"", "\"version\":\"3\""},
      {"\"version\":\"4\"", "\"version\":4"},
      {"\"version\":\"4\",", ""},
      {"\"version\":\"4\"", "\"version\":\"4\",\"version\":\"4\""},
      {"\"truncatedAlerts\":0", "\"truncatedAlerts\":1"},
      {"\"truncatedAlerts\":0", "\"truncatedAlerts\":-1"},
      {"\"truncatedAlerts\":0", "\"truncatedAlerts\":\"0\""},
      {"\"alerts\":", "\"alert\":"},
      {"\"alerts\":[", "\"alerts\":[],\"alerts\":["},
      {"\"alerts\":[", "\"alerts\":[7,"},
      {"\"alerts\":[", "\"alerts\":[null,"},
      {"{\"status\":\"resolved\"", "{\"status\":\"Firing\""},
      {"{\"status\":\"resolved\"", "{\"status\":null"},
      {"{\"status\":\"resolved\"", "{\"status\":\"firing\",\"status\":\"resolved\""},
      {"{\"status\":\"resolved\",", "{"},
      {"\"startsAt\":\"t\"", "\"startsAt\":0"},
      {"\"startsAt\":\"t\"", "\"x\":0"},
      {"{\"alertname\":\"Doubt\"}", "[\"Doubt\"]"},
      {"{\"alertname\":\"Doubt\"}", "{\"alertname\":1}"},
      {"{\"alertname\":\"Doubt\"}", "{\"alertname\":\"a\",\"alertname\":\"Doubt\"}"},
      {"\"Doubt\"", "\"\xFF\""},
      {"\"Doubt\"", "\"\\ud800\""},
  };
  for (const auto& [from, to] : cases) {
    CHECK_MESSAGE(!ParseNotification(Replaced(kNotification, from, to)), to);
  }
  for (std::size_t size = 0; size < kNotification.size(); size += 7) {
    CHECK_FALSE(ParseNotification(kNotification.substr(0, size)));
  }
  for (const char* text : {"null", "[]", "4", "\"x\"", "{}", "<html>"}) {
    CHECK_FALSE(ParseNotification(text));
  }
  CHECK_FALSE(ParseNotification(std::string(1'000'000, '[')));
  std::string deep = Replaced(kNotification, "\"externalURL\":\"http://am\"",
                              "\"externalURL\":" + std::string(200'000, '['));
  CHECK_FALSE(ParseNotification(deep));
}

Kept SomeKept() {
  Kept kept;
  kept.restarts = {{"pool", "one", 1795000000.25}, {"other", "three", 1795000001}};
  kept.intents["pool"] = {
      Intent::Phase::kStopping, "one", "unix:///s", "pool:one", 1795000000.25, 1794000000};
  kept.intents["other"] = {Intent::Phase::kUnfinished, "three", "http://h:1", "three:three", 5, 0};
  return kept;
}

TEST_CASE("journal: is read as it was written") {
  const Kept kept = SomeKept();
  const auto read = ParseKept(WriteKept(kept));
  REQUIRE_MESSAGE(read, read.error());
  CHECK(WriteKept(*read) == WriteKept(kept));
  CHECK(read->restarts[0].at == 1795000000.25);
  const Intent& intent = read->intents.at("pool");
  CHECK(intent.phase == Intent::Phase::kStopping);
  CHECK(intent.target == "one");
  CHECK(intent.url == "unix:///s");
  CHECK(intent.program == "pool:one");
  CHECK(intent.at == 1795000000.25);
  CHECK(intent.start == 1794000000);
  CHECK(read->intents.at("other").phase == Intent::Phase::kUnfinished);
  CHECK(WriteKept(*ParseKept(WriteKept({}))) == "restart_hook 1\nend\n");
}

TEST_CASE("journal: a file that is not whole is no state") {
  const std::string text = WriteKept(SomeKept());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_MESSAGE(!ParseKept(text.substr(0, size)), size);
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"hook 1", "hook 2"},
           {"1795000001000", "-1"},
           {"1795000001000", "now"},
           {"stopping", "starting"},
           {"intent\tother", "intent\tpool"},
           {"restart\t", "restart "},
           {"end\n", "end\nend\n"},
           {"end\n", "\nend\n"},
       }) {
    CHECK_MESSAGE(!ParseKept(Replaced(text, from, to)), to);
  }
}

TEST_CASE("journal: one holder, and what it saved is there for the next") {
  const testing::TemporaryFolder folder;
  {
    const auto journal = Journal::Open(folder.Path());
    REQUIRE_MESSAGE(journal, journal.error());
    CHECK((*journal)->Read().restarts.empty());
    REQUIRE((*journal)->Save(SomeKept()));
    const auto second = Journal::Open(folder.Path());
    REQUIRE_FALSE(second);
    CHECK(second.error().find("another restart_hook") != std::string::npos);
    CHECK(CheckStateFolder(folder.Path()));
  }
  const auto journal = Journal::Open(folder.Path());
  REQUIRE_MESSAGE(journal, journal.error());
  CHECK(WriteKept((*journal)->Read()) == WriteKept(SomeKept()));
  struct stat found{};
  REQUIRE(::stat((folder.Path() + "/state").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("journal: a folder that will not do, and a state that cannot be understood") {
  const testing::TemporaryFolder folder;
  CHECK_FALSE(Journal::Open(folder.Path() + "/none"));
  CHECK_FALSE(Journal::Open(folder.Write("file", "")));
  const std::string open = folder.Path() + "/open";
  std::filesystem::create_directory(open);
  REQUIRE(::chmod(open.c_str(), 0770) == 0);
  REQUIRE_FALSE(Journal::Open(open));
  CHECK(Journal::Open(open).error().find("chmod go-w") != std::string::npos);
  folder.Write("state", "restart_hook 1\n");
  REQUIRE_FALSE(Journal::Open(folder.Path()));
  CHECK(Journal::Open(folder.Path()).error().find("then remove the file") != std::string::npos);
  std::filesystem::remove(folder.Path() + "/state");
  CHECK(Journal::Open(folder.Path()));
  // A state that cannot be replaced: it is a folder.
  const auto journal = Journal::Open(folder.Path());
  REQUIRE(journal);
  std::filesystem::remove(folder.Path() + "/state");
  std::filesystem::create_directories(folder.Path() + "/state/x");
  CHECK_FALSE((*journal)->Save({}));
}

TEST_CASE("token: the whole of it, as the file has it now") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.Write("token", "0123456789abcdef\n");
  CHECK(BearerIs("Bearer 0123456789abcdef", path));
  CHECK(BearerIs("bearer 0123456789abcdef", path));
  for (const char* wrong : {"", "Bearer", "Bearer ", "0123456789abcdef", "Bearer 0123456789abcde",
                            "Bearer 0123456789abcdef0", "Basic 0123456789abcdef",
                            "Bearer  0123456789abcdef", "Bearer 0123456789abcdeF"}) {
    CHECK_MESSAGE(!BearerIs(wrong, path), wrong);
  }
  folder.Write("token", "fedcba9876543210");
  CHECK_FALSE(BearerIs("Bearer 0123456789abcdef", path));
  CHECK(BearerIs("Bearer fedcba9876543210", path));
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK_FALSE(BearerIs("Bearer fedcba9876543210", path));
  CHECK_FALSE(BearerIs("Bearer ", folder.Write("token", "")));
}

}  // namespace
}  // namespace stakewatch::restart_hook
