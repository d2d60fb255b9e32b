// The simulated supervisord against what a real one of 4.2.5 answered: the recordings of
// tests/supervisord/cases/.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

const std::string kEveryState = "supervisor-4.2.5-every-state";
const std::string kErrorPage =
    "<head>\n<title>Error response</title>\n</head>\n<body>\n<h1>Error response</h1>\n"
    "<p>Error code 400.\n<p>Message: Bad Request.\n</body>\n";

std::string Recorded(const std::string& situation, const std::string& call) {
  const std::string path =
      std::string(SIM_RECORDINGS) + "/../../supervisord/cases/" + situation + "/" + call + ".xml";
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string CallText(const std::string& method) {
  return "<?xml version='1.0'?>\n<methodCall>\n<methodName>" + method +
         "</methodName>\n<params></params>\n</methodCall>\n";
}

HttpReply AskFor(const Simulator& simulator, const std::string& call) {
  return Post(simulator.SupervisordPort(), CallText("supervisor." + call), "/RPC2", "text/xml");
}

struct Member {
  std::string name, type, value;
};
using Struct = std::vector<Member>;

std::vector<Struct> Structs(const std::string& answer) {
  static const std::regex kMember(
      R"(<name>(\w+)</name>\n<value><(int|string)>([^<]*)</(?:int|string)></value>)");
  std::vector<Struct> found;
  for (std::sregex_iterator at(answer.begin(), answer.end(), kMember), end; at != end; ++at) {
    if ((*at)[1] == "name") found.emplace_back();
    REQUIRE_FALSE(found.empty());
    found.back().push_back({(*at)[1], (*at)[2], (*at)[3]});
  }
  return found;
}

std::string Of(const Struct& members, const std::string& name) {
  const auto found = std::ranges::find(members, name, &Member::name);
  return found == members.end() ? "missing" : found->value;
}

TEST_CASE("supervisord: its answers are those of the recorded one, to the byte") {
  const Simulator simulator({.supervisord = Address{}});
  for (const char* const call : {"getAPIVersion", "getSupervisorVersion", "getState"}) {
    CAPTURE(call);
    CHECK(AskFor(simulator, call).body == Recorded(kEveryState, call));
  }
  const HttpReply identification = AskFor(simulator, "getIdentification");
  CHECK(std::regex_replace(identification.body, std::regex("simulated"), "plain") ==
        Recorded(kEveryState, "getIdentification"));
  CHECK(identification.head.starts_with("HTTP/1.1 200 OK\r\n"));
  for (const char* const header : {"Server: Medusa/1.12\r\n", "Content-Type: text/xml\r\n",
                                   "\r\nContent-Length: ", "\r\nDate: "}) {
    CHECK(identification.head.contains(header));
  }
}

TEST_CASE("supervisord: each program tells what the recorded one of its state told") {
  Simulator simulator({.supervisord = Address{}});
  std::size_t states = 0;
  for (const Struct& recorded : Structs(Recorded(kEveryState, "getAllProcessInfo"))) {
    const std::string state = Of(recorded, "statename");
    const std::string detail =
        state == "EXITED" ? Of(recorded, "exitstatus") : Of(recorded, "spawnerr");
    CAPTURE(state);
    CAPTURE(detail);
    std::string value = state;
    if (!detail.empty()) value.append(":").append(detail);
    simulator.SetFault(
        {.kind = Kind::kProcess, .node = kSupervisordNode, .method = "geth", .value = value});
    const std::vector<Struct> told = Structs(AskFor(simulator, "getAllProcessInfo").body);
    REQUIRE(told.size() == 5);
    REQUIRE(told[0].size() == recorded.size());
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      CHECK(told[0][i].name == recorded[i].name);
      CHECK(told[0][i].type == recorded[i].type);
    }
    for (const char* const same : {"state", "statename", "spawnerr", "exitstatus"}) {
      CHECK(Of(told[0], same) == Of(recorded, same));
    }
    for (const char* const alike : {"start", "stop", "pid"}) {
      CAPTURE(alike);
      CHECK((Of(told[0], alike) == "0") == (Of(recorded, alike) == "0"));
    }
    CHECK(Of(told[0], "description").empty() == Of(recorded, "description").empty());
    CHECK(Of(told[1], "statename") == "RUNNING");  // Only the one that was named.
    ++states;
  }
  CHECK(states == 12);
}

TEST_CASE("supervisord: while it stops, fault 6 to every call") {
  Simulator simulator({.supervisord = Address{}});
  simulator.SetFault({.kind = Kind::kState, .node = kSupervisordNode});
  for (const char* const call : {"getState", "getAllProcessInfo", "getSupervisorVersion"}) {
    CAPTURE(call);
    CHECK(AskFor(simulator, call).body == Recorded("supervisor-4.2.5-shutting-down", call));
  }
}

TEST_CASE("supervisord: what is no call gets its page of HTML, an unknown one its fault") {
  const Simulator simulator({.supervisord = Address{}});
  const std::uint16_t port = simulator.SupervisordPort();
  const HttpReply replies[] = {Get(port, "/RPC2"), Post(port, "hello", "/RPC2", "text/xml"),
                               Post(port, CallText("supervisor.getState"), "/RPC3", "text/xml")};
  for (const HttpReply& reply : replies) {
    CHECK(reply.head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(reply.body == kErrorPage);
  }
  const HttpReply unknown = AskFor(simulator, "nope");
  CHECK(unknown.head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(unknown.body.contains("<int>1</int>"));
  CHECK(unknown.body.contains("<string>UNKNOWN_METHOD</string>"));
}

TEST_CASE("supervisord: over its unix socket, too, and gone with it") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("sim-sv-" + std::to_string(getpid()))).string();
  Simulator simulator({.supervisord_socket = path});
  const std::string body = CallText("supervisor.getAPIVersion");
  const std::string request =
      "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  TestClient client = TestClient::Unix(path);
  REQUIRE(client.Connected());
  CHECK(Ask(client, request).body == Recorded(kEveryState, "getAPIVersion"));
  simulator.SetFault({.kind = Kind::kStop, .node = kSupervisordNode});
  CHECK_FALSE(std::filesystem::exists(path));
  simulator.Clear();
  CHECK(TestClient::Unix(path).Connected());
}

}  // namespace
}  // namespace stakewatch::sim
