// What the client asks, and what it makes of a daemon that answers badly.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/supervisor/client.h"
#include "exporters/supervisor/rpc.h"
#include "tests/common/raw_server.h"
#include "tests/testing.h"

namespace stakewatch::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::RawPeer;
using testing::RawServer;

const std::string kKey = "ffeeddccbbaa99887766554433221100";
const std::string kChallenge(32, '0');
const std::string kResponse = "f107c550f88f5cca938aad027923dfd75ac071cc667821556f7c5c78c3603fd7";
const std::string kHealth = R"({"unlocked": true, "validator_running": true})";

std::string Response(int id, const std::string& result) {
  return R"({"jsonrpc": "2.0", "id": )" + std::to_string(id) + R"(, "result": )" + result + "}";
}
std::string ErrorLine(int id, const std::string& error) {
  return R"({"jsonrpc": "2.0", "id": )" + std::to_string(id) + R"(, "error": )" + error + "}";
}

// A daemon whose answers to one call are given, the others being good. "" hangs up; an answer
// without a line break at its end gets one.
struct Daemon {
  std::map<std::string, std::string> answers = {};
  std::vector<std::string> asked = {};  // All lines; read once the client is gone.
  int connections = 0;

  void Serve(RawPeer& peer) {
    ++connections;
    for (int id = 1;; ++id) {
      const std::string line = peer.ReadLine();
      if (line.empty()) return;
      asked.push_back(line);
      const std::string method = line.contains("get_auth_challenge") ? "get_auth_challenge"
                                 : line.contains("\"auth\"")         ? "auth"
                                                                     : "get_health";
      const std::map<std::string, std::string> good = {
          {"get_auth_challenge", Response(id, "\"" + kChallenge + "\"")},
          {"auth", Response(id, "\"accepted\"")},
          {"get_health", Response(id, kHealth)}};
      const auto bad = answers.find(method);
      std::string answer = bad == answers.end() ? good.at(method) : bad->second;
      if (answer.empty()) return;
      if (!answer.ends_with('\n')) answer += '\n';
      if (!peer.Send(answer)) return;
    }
  }
};

struct Setup {
  explicit Setup(Daemon& daemon)
      : key_file(folder.Write("key", kKey + "\n")),
        server([&daemon](RawPeer& peer) { daemon.Serve(peer); }) {}

  Client Make(const std::string& user = "exporter") const {
    return Client({.peer = *ParseLinePeer(server.Address()), .user = user, .key_file = key_file});
  }

  testing::TemporaryFolder folder;
  std::string key_file;
  RawServer server;
};

Result<Health> AskWith(std::map<std::string, std::string> answers, milliseconds time = 5s) {
  Daemon daemon{.answers = std::move(answers)};
  const Setup setup(daemon);
  Client client = setup.Make();
  return client.AskHealth(Deadline(time));
}

TEST_CASE("supervisor client: three methods, and there is no way to say another") {
  CHECK(kCalls == std::array<std::string_view, 3>{"get_auth_challenge", "auth", "get_health"});
  Daemon daemon;
  {
    const Setup setup(daemon);
    Client client = setup.Make();
    for (int i = 0; i < 3; ++i) CHECK(client.AskHealth(Deadline(5s)));
    CHECK(client.Authentications() == 1);
  }
  CHECK(daemon.connections == 1);
  REQUIRE(daemon.asked.size() == 5);
  CHECK(daemon.asked[0] ==
        R"({"jsonrpc": "2.0", "method": "get_auth_challenge", "params": [], "id": 1})"
        "\n");
  CHECK(daemon.asked[1] == R"({"jsonrpc": "2.0", "method": "auth", "params": ["exporter", ")" +
                               kResponse + "\"], \"id\": 2}\n");
  for (int i = 2; i < 5; ++i) {
    CHECK(daemon.asked[static_cast<std::size_t>(i)] ==
          R"({"jsonrpc": "2.0", "method": "get_health", "params": [], "id": )" +
              std::to_string(i + 1) + "}\n");
  }
}

TEST_CASE("supervisor client: no user can say a method of its own") {
  const testing::TemporaryFolder folder;
  const std::string key_file = folder.Write("key", kKey);
  const auto check = [&](const std::string& user) {
    return CheckAccess({.peer = {}, .user = user, .key_file = key_file}).has_value();
  };
  CHECK(check("exporter"));
  CHECK(check("a-b_c.d@e"));
  for (const std::string bad :
       {"", "a\"b", "a\\b", "a\nb", "a b", "\xc3\xa9",
        "x\"], \"id\": 2}\n{\"jsonrpc\": \"2.0\", \"method\": \"shutdown\", \"params\": []"}) {
    CAPTURE(bad);
    CHECK_FALSE(check(bad));
  }
}

TEST_CASE("supervisor client: the key is a file of its owner alone, with a key in it") {
  const testing::TemporaryFolder folder;
  const auto check = [](const std::string& file) {
    return CheckAccess({.peer = {}, .user = "exporter", .key_file = file}).has_value();
  };
  CHECK_FALSE(check(""));
  CHECK_FALSE(check(folder.Path() + "/none"));
  CHECK_FALSE(check(folder.Write("empty", "")));
  CHECK_FALSE(check(folder.Write("long", std::string(65, 'a'))));
  const std::string open = folder.Write("open", kKey);
  CHECK(check(open));
  std::filesystem::permissions(open, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  CHECK_FALSE(check(open));
}

TEST_CASE("supervisor client: each way to fail has its word") {
  struct Row {
    std::string call, answer;
    std::string_view result;
  };
  const std::string huge = "\"" + std::string(70'000, 'x') + "\"";
  const std::vector<Row> rows = {
      // The end of the connection: before it has begun nobody is there, later it is a bad answer.
      {"get_auth_challenge", "", "refused"},
      {"auth", "", "bad_answer"},
      {"get_health", "", "bad_answer"},
      {"auth", ErrorLine(2, R"("user not found")"), "auth_denied"},
      {"auth", ErrorLine(2, R"("denied")"), "auth_denied"},
      {"auth", Response(2, R"("rejected")"), "bad_answer"},
      {"auth", Response(2, "true"), "bad_answer"},
      {"auth", Response(7, R"("accepted")"), "bad_answer"},
      {"auth", ErrorLine(2, R"({"code": 1, "message": "denied"})"), "bad_answer"},
      {"get_auth_challenge", Response(1, "\"short\""), "bad_answer"},
      {"get_auth_challenge", Response(1, "\"" + std::string(32, 'G') + "\""), "bad_answer"},
      {"get_auth_challenge", Response(1, huge), "bad_answer"},
      {"get_auth_challenge", Response(1, "null"), "bad_answer"},
      {"get_auth_challenge", "HTTP/1.1 400 Bad Request\r\n\r\n", "bad_answer"},
      {"get_auth_challenge", "SSH-2.0-OpenSSH_9.2p1\r\n", "bad_answer"},
      {"get_health", ErrorLine(3, R"("get_health requires authentication")"), "bad_answer"},
      {"get_health", ErrorLine(3, R"("Unknown JSON-RPC command")"), "bad_answer"},
      {"get_health", R"({"jsonrpc": "2.0", "id": null, "error": "malformed"})", "bad_answer"},
      {"get_health", R"({"jsonrpc": "2.0", "id": "3", "result": {}})", "bad_answer"},
      {"get_health", R"({"jsonrpc": "2.0", "result": {}})", "bad_answer"},
      {"get_health", R"({"jsonrpc": "2.0", "id": 3})", "bad_answer"},
      {"get_health", Response(3, "[]"), "bad_answer"},
      {"get_health", Response(3, "null"), "bad_answer"},
      {"get_health", Response(3, R"({"unlocked": "true"})"), "bad_answer"},
      {"get_health", Response(3, R"({"unlocked": null})"), "bad_answer"},
      {"get_health", Response(3, R"({"connected_node": "10.0.0.1:22"})"), "bad_answer"},
      {"get_health", Response(3, R"({"connected_node": []})"), "bad_answer"},
      {"get_health", Response(3, R"({"connected_node": ["a", -1]})"), "bad_answer"},
      {"get_health", Response(3, R"({"connected_node": ["a", 1, 2]})"), "bad_answer"},
      {"get_health", Response(3, R"({"validator_release": {"version": 5}})"), "bad_answer"},
      {"get_health", Response(3, kHealth).substr(0, 60), "bad_answer"},
      {"get_health", Response(3, kHealth) + "\n" + Response(3, kHealth), "bad_answer"},
      {"get_health", "\n", "bad_answer"},
      {"get_health", "\xff\xfe\n", "bad_answer"},
      {"get_health", std::string(60'000, '['), "bad_answer"},
      {"get_health", Response(3, huge), "bad_answer"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.call);
    CAPTURE(row.answer.substr(0, 100));
    const auto health = AskWith({{row.call, row.answer}});
    REQUIRE_FALSE(health);
    CHECK(ResultOf(health.error()) == row.result);
    CHECK(health.error().what.size() < 1000);
  }
}

TEST_CASE("supervisor client: what is not there is unknown") {
  const auto of = [](const std::string& result) {
    const auto health = ParseHealth(Response(1, result), 1);
    REQUIRE(health);
    return *health;
  };
  const Health empty = of("{}");
  CHECK_FALSE(empty.unlocked);
  CHECK_FALSE(empty.validator_running);
  CHECK_FALSE(empty.connected);
  CHECK_FALSE(empty.release);
  CHECK(of(R"({"connected_node": null})").connected == false);
  CHECK_FALSE(of(R"({"validator_release": null})").release);
  const Health next = of(R"({"unlocked": false, "new": [{}], "connected_node": ["h", 22]})");
  CHECK(next.unlocked == false);
  CHECK(next.connected == true);
  CHECK(next.connected_port == 22);
}

TEST_CASE("supervisor client: a daemon that is busy is not down") {
  const testing::TemporaryFolder folder;
  const RawServer silent([](RawPeer& peer) { peer.AwaitGone(); });
  Client client({.peer = *ParseLinePeer(silent.Address()),
                 .user = "exporter",
                 .key_file = folder.Write("key", kKey)});
  const auto health = client.AskHealth(Deadline(100ms));
  REQUIRE_FALSE(health);
  CHECK(ResultOf(health.error()) == "timeout");
}

TEST_CASE("supervisor client: no socket, and one that nobody listens on") {
  const testing::TemporaryFolder folder;
  const auto ask = [&](const std::string& socket) {
    Client client({.peer = *ParseLinePeer(socket),
                   .user = "exporter",
                   .key_file = folder.Write("key", kKey)});
    const auto health = client.AskHealth(Deadline(5s));
    REQUIRE_FALSE(health);
    return ResultOf(health.error());
  };
  CHECK(ask(folder.Path() + "/none.sock") == "no_socket");
  const std::string left = folder.Path() + "/left.sock";
  {
    const Socket gone = RawServer::ListenUnix(left);
  }
  CHECK(ask(left) == "refused");
}

TEST_CASE("supervisor client: a connection that has ended is made and authenticated anew") {
  const testing::TemporaryFolder folder;
  // Restarted after each answer.
  const RawServer restarting([&](RawPeer& peer) {
    for (int id = 1; id <= 3; ++id) {
      if (peer.ReadLine().empty()) return;
      const std::string result = id == 1   ? "\"" + kChallenge + "\""
                                 : id == 2 ? "\"accepted\""
                                           : kHealth;
      peer.Send(Response(id, result) + "\n");
    }
  });
  Client client({.peer = *ParseLinePeer(restarting.Address()),
                 .user = "exporter",
                 .key_file = folder.Write("key", kKey)});
  for (int i = 0; i < 3; ++i) CHECK(client.AskHealth(Deadline(5s)));
  CHECK(client.Authentications() == 3);
}

TEST_CASE("supervisor client: a new key is taken with the next connection") {
  Daemon daemon{.answers = {{"get_health", Response(1, kHealth)}}};  // Of another call, so it ends.
  {
    const Setup setup(daemon);
    Client client = setup.Make();
    CHECK_FALSE(client.AskHealth(Deadline(5s)));
    CHECK(setup.folder.Write("key", std::string(32, '1')) == setup.key_file);
    CHECK_FALSE(client.AskHealth(Deadline(5s)));
  }
  REQUIRE(daemon.asked.size() == 6);
  CHECK(daemon.asked[1] != daemon.asked[4]);
}

}  // namespace
}  // namespace stakewatch::supervisor
