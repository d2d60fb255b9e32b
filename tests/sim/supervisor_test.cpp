// The simulated supervisor against what the real daemon answered: the recordings of
// tests/supervisor/cases/, and the table of what its health says and what is true.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/supervisor.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

constexpr const char* kVectorChallenge = "00000000000000000000000000000000";
constexpr const char* kVectorMac =
    "f107c550f88f5cca938aad027923dfd75ac071cc667821556f7c5c78c3603fd7";

std::string Request(const std::string& method, const std::string& params = "[]", int id = 1) {
  return R"({"jsonrpc": "2.0", "method": ")" + method + R"(", "params": )" + params +
         ", \"id\": " + std::to_string(id) + "}";
}

// Of a session whose challenge is that of the test vector.
std::string Ask(const FaultSet& faults, SupervisorSession& session, const std::string& line) {
  std::string method;
  return AnswerSupervisor(faults, line, session, method);
}

SupervisorSession NewSession(bool authenticated) {
  return {.challenge = kVectorChallenge, .authenticated = authenticated};
}

std::string Health(const FaultSet& faults) {
  SupervisorSession session = NewSession(true);
  return Ask(faults, session, Request("get_health", "[]", 3));
}

FaultSet With(Kind kind, const std::string& value = "", const std::string& method = "") {
  FaultSet faults;
  faults.Set({.kind = kind, .node = kSupervisorNode, .method = method, .value = value},
             Clock::now());
  return faults;
}

std::string RecordedHealth(const std::string& situation) {
  std::ifstream file(std::string(SIM_RECORDINGS) + "/../../supervisor/cases/" + situation +
                     "/exchange.txt");
  std::string line, last;
  while (std::getline(file, line)) last = line;
  REQUIRE(last.starts_with("< "));
  return last.substr(2);
}

TEST_CASE("supervisor: its health is that of the recorded daemon, to the byte") {
  // The recorded one used its second bastion.
  const auto recorded = [](const std::string& situation) {
    std::string text = RecordedHealth(situation);
    const std::size_t at = text.find("10.77.2.2");
    if (at != std::string::npos) text.replace(at, 9, "10.77.1.2");
    return text;
  };
  CHECK(Health({}) == recorded("head-running"));
  CHECK(Health(With(Kind::kReality, "unlocked")) == recorded("head-unlocked"));
  CHECK(Health(With(Kind::kReality, "no_beacon")) == recorded("head-no-beacon"));
  FaultSet old = With(Kind::kOldDaemon);
  old.Set({.kind = Kind::kReality, .node = kSupervisorNode, .value = "locked"}, Clock::now());
  CHECK(Health(old) == recorded("2021-locked"));
}

TEST_CASE("supervisor: authentication, and its errors as recorded") {
  const FaultSet none;
  SupervisorSession session = NewSession(false);
  const auto auth = [&](const std::string& params) {
    return Ask(none, session, Request("auth", params, 2));
  };
  const auto error = [](const std::string& text) {
    return R"({"jsonrpc": "2.0", "id": 2, "error": ")" + text + "\"}";
  };
  CHECK(Ask(none, session, Request("get_health")) ==
        R"({"jsonrpc": "2.0", "id": 1, "error": "get_health requires authentication"})");
  CHECK(Ask(none, session, Request("nope")) ==
        R"({"jsonrpc": "2.0", "id": 1, "error": "Unknown JSON-RPC command"})");
  CHECK(Ask(none, session, Request("begin_unlock", "[]", 12)) ==
        R"({"jsonrpc": "2.0", "id": 12, "error": "begin_unlock requires authentication"})");
  CHECK(Ask(none, session, Request("get_auth_challenge")).contains(kVectorChallenge));
  CHECK(auth(R"(["nobody", "00"])") == error("user not found"));
  CHECK(auth(R"(["exporter", "00"])") == error("denied"));
  CHECK(auth(R"(["exporter"])") == error("params must be an array [USER, AUTH_RESPONSE]"));
  CHECK(auth(R"([1, "x"])") == error("user must be a string"));
  CHECK(auth(R"(["exporter", 1])") == error("auth response must be a string"));
  CHECK_FALSE(session.authenticated);
  CHECK(auth("[\"exporter\", \"" + std::string(kVectorMac) + "\"]") ==
        R"({"jsonrpc": "2.0", "id": 2, "result": "accepted"})");
  CHECK(session.authenticated);
}

TEST_CASE("supervisor: what is no request is said to be none, to nobody") {
  SupervisorSession session = NewSession(true);
  CHECK(Ask({}, session, "hello") ==
        "{\"jsonrpc\": \"2.0\", \"id\": null, \"error\": \"Failed to parse request body JSON: "
        "Expecting value: line 1 column 1 (char 0)\"}");
  for (const char* const line :
       {"1", "[]", R"({"jsonrpc":"2.0","method":"get_health","id":1})",
        R"({"jsonrpc":"2.0","method":"get_health","params":null,"id":1})",
        R"({"jsonrpc":"2.0","method":"get_health","params":[],"id":"1"})",
        R"({"jsonrpc":"2.0","method":"get_health","params":[],"id":1.0})"}) {
    CAPTURE(line);
    CHECK(
        Ask({}, session, line)
            .starts_with(
                R"({"jsonrpc": "2.0", "id": null, "error": "Received malformed JSON-RPC request: )"));
  }
}

TEST_CASE("supervisor: each row of what it says and what is true") {
  using Tunnel = Reality::Tunnel;
  struct Row {
    std::string name;
    bool unlocked, supervised, connected, validator;
    Tunnel first, second;
  };
  const std::vector<Row> rows = {
      {"locked", false, false, false, false, Tunnel::kUp, Tunnel::kUp},
      {"unlocked", true, false, false, false, Tunnel::kUp, Tunnel::kUp},
      {"running", true, true, true, true, Tunnel::kUp, Tunnel::kUp},
      {"retry_gap", true, true, true, false, Tunnel::kUp, Tunnel::kUp},
      {"used_bastion_down", true, true, true, true, Tunnel::kDown, Tunnel::kUp},
      {"no_beacon", true, true, false, false, Tunnel::kDown, Tunnel::kDown},
      {"silent_links", true, true, true, true, Tunnel::kSilent, Tunnel::kSilent},
      {"unused_bastion_down", true, true, true, true, Tunnel::kUp, Tunnel::kDown},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const FaultSet faults = With(Kind::kReality, row.name);
    const std::string health = Health(faults);
    const auto says = [&](const std::string& name, bool value) {
      return health.contains("\"" + name + "\": " + (value ? "true" : "false"));
    };
    CHECK(says("unlocked", row.unlocked));
    CHECK(says("validator_running", row.supervised));
    CHECK(health.contains(R"("connected_node": null)") == !row.connected);
    const Reality reality = RealityOf(faults);
    CHECK(reality.validator == row.validator);
    CHECK(reality.tunnels[0] == row.first);
    CHECK(reality.tunnels[1] == row.second);
  }
}

TEST_CASE("supervisor: over its socket, in lines, with a challenge for each connection") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("sim-supervisor-" + std::to_string(getpid()));
  Simulator simulator({.supervisor = Address{}, .supervisor_socket = path});
  const auto perms = std::filesystem::status(path).permissions();
  CHECK(perms == std::filesystem::perms::all);
  TestClient one = TestClient::Unix(path);
  TestClient other = TestClient::Tcp(simulator.SupervisorPort());
  const auto challenge = [](TestClient& client) {
    client.Send(Request("get_auth_challenge") + "\n");
    return client.Line();
  };
  CHECK(challenge(one) == challenge(one));
  CHECK(challenge(one) != challenge(other));
  one.Send(Request("nope") + "\r\n" + Request("get_health", "[]", 7) + "\n");
  CHECK(one.Line().contains("Unknown"));
  CHECK(one.Line().contains("\"id\": 7"));
  other.Send("\xff\n");
  CHECK(other.ReadUntil([](const std::string&) { return false; }).empty());
  CHECK(other.How() != Ended::kNo);
  // A line that is too long ends the connection without an answer.
  one.Send(std::string(kSupervisorLineMax + 1, 'x'));
  CHECK(one.ReadUntil([](const std::string&) { return false; }).empty());
  CHECK(one.How() != Ended::kNo);
  CHECK(simulator.Calls("get_auth_challenge") == 4);
  // The socket stays, and nobody listens on it.
  simulator.SetFault({.kind = Kind::kStop, .node = kSupervisorNode});
  CHECK(std::filesystem::exists(path));
  CHECK_FALSE(TestClient::Unix(path).Connected());
  simulator.Clear();
  CHECK(TestClient::Unix(path).Connected());
  std::filesystem::remove(path);
}

TEST_CASE("supervisor: its processes are in a folder like /proc") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("sim-proc-" + std::to_string(getpid()));
  {
    Simulator simulator({.supervisor = Address{}, .supervisor_procfs = folder});
    const auto count = [&] {
      int processes = 0;
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        processes += entry.is_directory() ? 1 : 0;
      }
      return processes;
    };
    CHECK(count() == 7);  // Init, the daemon, two tunnels, two log collectors, the validator.
    simulator.SetFault({.kind = Kind::kReality, .node = kSupervisorNode, .value = "no_beacon"});
    CHECK(count() == 4);
    simulator.SetFault({.kind = Kind::kStop, .node = kSupervisorNode});
    CHECK(count() == 1);
    simulator.Clear();
    CHECK(count() == 7);
  }
  std::filesystem::remove_all(folder);
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("supervisor: its folder has a backup, an export and a log of what happens") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("sim-home-" + std::to_string(getpid()));
  const auto log = [&] { return ReadAll(folder / "logs/supervisor.log"); };
  const auto count = [&](const std::string& text) {
    const std::string all = log();
    int found = 0;
    for (std::size_t at = 0; (at = all.find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  {
    Simulator simulator({.supervisor = Address{}, .supervisor_home = folder});
    const std::filesystem::path backup = folder / "data/supervisor-backup.bin";
    CHECK(std::filesystem::file_size(backup) == 904);
    CHECK(ReadAll(folder / "slashing-protection.json").find("signed_attestations") !=
          std::string::npos);
    CHECK(count("Connected to ") == 2);
    CHECK(count("Started supervised process validator\n") == 1);
    CHECK(count("Uploaded") == 0);
    std::filesystem::remove(backup);

    simulator.SetFault({.kind = Kind::kReality, .node = kSupervisorNode, .value = "retry_gap"});
    CHECK(count("Supervised process validator exited\n") == 1);
    CHECK(count("Uploaded scp backup to root@10.77.1.2:2222\n") == 1);
    CHECK(count("Uploaded scp backup to ") == 2);
    CHECK(std::filesystem::exists(backup));
    simulator.Clear();
    CHECK(count("Started supervised process validator\n") == 2);

    simulator.SetFault(
        {.kind = Kind::kReality, .node = kSupervisorNode, .value = "used_bastion_down"});
    CHECK(count("WARNING  validator_supervisor.ssh Unexpectedly disconnected from "
                "root@10.77.1.2:2222, ") == 1);
    simulator.Clear();
    CHECK(count("Connected to ") == 3);

    // Who is killed says nothing; the next one begins anew.
    const std::string before = log();
    simulator.SetFault({.kind = Kind::kStop, .node = kSupervisorNode});
    CHECK(log() == before);
    simulator.Clear();
    CHECK(count("Connected to ") == 5);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace stakewatch::sim
