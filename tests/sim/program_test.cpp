// The control port, the webhook and the program around them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"

namespace stakewatch::sim {
namespace {

using nlohmann::json;

std::string PostFault(const Simulator& simulator, const std::string& query) {
  const HttpReply reply = Post(simulator.ControlPort(), "", "/fault?" + query);
  return reply.head.substr(9, 3) + ' ' + reply.body;
}

// The program, with its standard output and error; killed at the end if it still runs.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    arguments.insert(arguments.begin(), SIM_PROGRAM);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    REQUIRE(posix_spawn(&pid_, SIM_PROGRAM, &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(out_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // All output until `part` is in it, or the program's end.
  const std::string& Until(const std::string& part) {
    std::array<char, 4096> buffer{};
    pollfd waits{.fd = out_, .events = POLLIN, .revents = 0};
    while (text_.find(part) == std::string::npos && poll(&waits, 1, 20'000) > 0) {
      const ssize_t got = read(out_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text_;
  }
  // The port after "<face> 127.0.0.1:".
  std::uint16_t Port(const std::string& face) const {
    const std::string before = face + " 127.0.0.1:";
    const std::size_t at = text_.find(before);
    std::uint16_t port = 0;
    if (at == std::string::npos) return 0;
    std::from_chars(text_.data() + at + before.size(), text_.data() + text_.size(), port);
    return port;
  }
  int End(int signal) {
    if (signal != 0) kill(pid_, signal);
    // The pipe's end is the program's.
    Until("\x01");
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string text_;
};

}  // namespace

TEST_CASE("the control port sets, tells and clears, and says what is wrong") {
  Simulator simulator({.nodes = 2});
  CHECK(PostFault(simulator, "kind=no_peers&node=1&for=30s") == "200 {\"ok\":true}\n");
  CHECK(PostFault(simulator, "kind=rpc_error&method=eth_gasPrice&value=-7") ==
        "200 {\"ok\":true}\n");
  const json state = json::parse(Get(simulator.ControlPort(), "/state").body);
  REQUIRE(state["faults"].size() == 2);
  CHECK(state["faults"][0]["node"] == 1);
  CHECK(state["faults"][0]["seconds_left"] > 20);
  CHECK(state["faults"][1]["method"] == "eth_gasPrice");
  CHECK(state["nodes"][0]["peers"] == 50);
  CHECK(state["nodes"][1]["peers"] == 0);
  for (const char* const query : {"", "kind=nope", "kind=stop&node=x", "kind=stop&node=2",
                                  "kind=slow&for=soon", "kind=slow&what=1"}) {
    CAPTURE(query);
    CHECK(PostFault(simulator, query).starts_with("400 {\"error\":"));
  }
  Post(simulator.ControlPort(), "", "/clear?kind=no_peers");
  CHECK(json::parse(Get(simulator.ControlPort(), "/state").body)["faults"].size() == 1);
  Post(simulator.ControlPort(), "", "/clear");
  CHECK(json::parse(Get(simulator.ControlPort(), "/state").body)["faults"].empty());
  const std::uint64_t head = simulator.Head();
  Post(simulator.ControlPort(), "", "/block");
  CHECK(simulator.Head() == head + 1);
  const std::string help = Get(simulator.ControlPort(), "/").body;
  for (std::size_t i = 0; i < kKinds; ++i) {
    CHECK(help.find("\n  " + std::string(Info(static_cast<Kind>(i)).name) + " ") !=
          std::string::npos);
  }
  CHECK(Get(simulator.ControlPort(), "/fault?kind=stop").head.starts_with("HTTP/1.1 405 "));
  CHECK(Get(simulator.ControlPort(), "/else").head.starts_with("HTTP/1.1 404 "));
}

TEST_CASE("Alertmanager's notifications are kept and told") {
  std::mutex mutex;
  std::vector<std::string> lines;
  Simulator simulator({.webhook = Address{}, .on_page = [&](const std::string& line) {
                         const std::scoped_lock lock(mutex);
                         lines.push_back(line);
                       }});
  const std::string body =
      R"({"status":"firing","alerts":[{"status":"firing","labels":{"alertname":"NodeDown",)"
      R"("instance":"a:1","cause":"refused"},"annotations":{"summary":"It is\ndown"}},)"
      R"({"status":"resolved","labels":{"alertname":"Other"}},7]})";
  CHECK(Post(simulator.WebhookPort(), body, "/hook").head.starts_with("HTTP/1.1 200 "));
  CHECK(Post(simulator.WebhookPort(), "[]").head.starts_with("HTTP/1.1 400 "));
  const std::scoped_lock lock(mutex);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "PAGE firing NodeDown instance=a:1 cause=refused It is down");
  CHECK(lines[1] == "PAGE resolved Other");
  const json alerts = json::parse(Get(simulator.ControlPort(), "/alerts").body);
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0]["labels"]["alertname"] == "NodeDown");
}

TEST_CASE("what cannot be bound is named with its flag") {
  const Simulator first({});
  const Simulator second({.ws = Address{.port = first.HttpPort()}});
  CHECK(second.Error() ==
        "--ws 127.0.0.1:" + std::to_string(first.HttpPort()) + ": Address already in use");
  CHECK(
      Simulator({.control = Address{.host = "0.0.0.0"}}).Error().starts_with("--control 0.0.0.0"));
  CHECK(Simulator({.network = "nope"}).Error().starts_with("--network nope"));
  CHECK(Simulator({.ipc_path = "/tmp"}).Error() == "--ipc /tmp: Address already in use");
}

TEST_CASE("hostile requests end in an answer or a close") {
  Simulator simulator({});
  const auto send = [&](std::uint16_t port, const std::string& request) {
    TestClient client = TestClient::Tcp(port);
    return Ask(client, request).head.substr(0, 12);
  };
  CHECK(send(simulator.HttpPort(), "nonsense\r\n\r\n") == "HTTP/1.1 400");
  CHECK(send(simulator.HttpPort(), "GET / HTTP/1.1\r\nno colon\r\n\r\n") == "HTTP/1.1 400");
  CHECK(send(simulator.HttpPort(), "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n") ==
        "HTTP/1.1 413");
  CHECK(send(simulator.HttpPort(), std::string(2U << 20, 'a')) == "HTTP/1.1 413");
  CHECK(send(simulator.WsPort(), "GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 404");
  TestClient waiting = TestClient::Tcp(simulator.HttpPort());
  waiting.Send("POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(waiting.Line() == "HTTP/1.1 100 Continue\r\n");
  CHECK(waiting.Line() == "\r\n");
  waiting.Send("{}");
  CHECK(waiting.Line() == "HTTP/1.1 415 Unsupported Media Type\r\n");
  TestClient ws = TestClient::Tcp(simulator.WsPort());
  ws.Upgrade();
  // Unmasked.
  ws.Send("\x81\x02{}");
  ws.ReadUntil([](const std::string&) { return false; });
  CHECK(ws.How() != Ended::kNo);
  CHECK(Post(simulator.HttpPort(), Call("eth_chainId")).complete);
}

TEST_CASE("the program says where it listens, and ends on a signal") {
  const std::string path = "/tmp/stakewatch_sim_program." + std::to_string(getpid()) + ".ipc";
  Program program({"--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--control", "127.0.0.1:0",
                   "--webhook", "127.0.0.1:0", "--ipc", path, "--block-interval", "0.1", "--peers",
                   "7"});
  const std::string said = program.Until("webhook 127.0.0.1:");
  CHECK(said.find("ipc " + path + "\n") != std::string::npos);
  CHECK(Post(program.Port("http"), Call("net_peerCount")).body.find("\"0x7\"") !=
        std::string::npos);
  Post(program.Port("webhook"), R"({"alerts":[{"status":"firing","labels":{"alertname":"A"}}]})");
  CHECK(program.Until("PAGE firing A\n").find("PAGE firing A\n") != std::string::npos);

  const std::string taken = "127.0.0.1:" + std::to_string(program.Port("ws"));
  Program second({"--http", taken, "--ws", "127.0.0.1:0", "--control", "127.0.0.1:0"});
  CHECK(second.End(0) == 3);
  CHECK(second.Until("\n").find("--http " + taken) != std::string::npos);
  Program wrong({"--peers", "many"});
  CHECK(wrong.End(0) == 2);
  Program help({"--help"});
  CHECK(help.End(0) == 0);

  CHECK(program.End(SIGTERM) == 0);
  CHECK(access(path.c_str(), F_OK) != 0);
}

}  // namespace stakewatch::sim
