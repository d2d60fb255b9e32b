#include "common/upstream/ipc_upstream.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "common/json.h"
#include "tests/common/raw_server.h"
#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

std::string IdOf(const std::string& question) {
  const std::size_t at = question.find("\"id\":") + 5;
  return question.substr(at, question.find(',', at) - at);
}

std::string Answer(const std::string& question, const std::string& result = "\"0x1\"") {
  return R"({"jsonrpc":"2.0","id":)" + IdOf(question) + R"(,"result":)" + result + "}\n";
}

UpstreamOptions Limited() {
  UpstreamOptions options;
  options.body_bytes_max = 1 << 20;
  return options;
}

struct IpcServer {
  explicit IpcServer(RawServer::Handler handler, int backlog = 16)
      : server(RawServer::ListenUnix(folder.Path("node.ipc"), backlog), std::move(handler)) {}

  Result<std::string> Ask(milliseconds time = 5s) const { return Ask(*upstream, time); }
  static Result<std::string> Ask(const Upstream& upstream, milliseconds time) {
    const auto started = std::chrono::steady_clock::now();
    auto answer = upstream.Ask({"name", "eth_x", ""}, Deadline(time));
    CHECK(std::chrono::steady_clock::now() - started < time + 3s);
    return answer;
  }

  TestFolder folder;
  RawServer server;
  std::shared_ptr<Upstream> upstream = IpcRpcUpstream(folder.Path("node.ipc"), Limited());
};

void CheckFailure(const Result<std::string>& answer, Reason reason, std::string_view words) {
  REQUIRE_FALSE(answer);
  CAPTURE(answer.error().what);
  CHECK(Word(answer.error().reason) == Word(reason));
  CHECK(answer.error().what.find(words) != std::string::npos);
  CHECK(answer.error().code == 0);
}

TEST_CASE("ipc: one connection is asked again and again") {
  const IpcServer node([](RawPeer& peer) {
    for (std::string question; !(question = peer.ReadLine()).empty();) {
      CHECK(question.find(R"("method":"eth_x","params":[])") != std::string::npos);
      peer.Send(Answer(question));
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto answer = node.Ask();
    REQUIRE(answer);
    CHECK(answer->ends_with("}"));
    CHECK(answer->capacity() >= answer->size() + 64);
  }
  CHECK(node.server.Connections() == 1);
}

TEST_CASE("ipc: an answer in any pieces, with or without a newline, now or later") {
  const std::string result = R"({"a":["}\"]\\",{"id":9}],"b":"\\"})";
  const IpcServer node([&](RawPeer& peer) {
    for (std::string question; !(question = peer.ReadLine()).empty();) {
      const std::string whole = Answer(question, result);
      for (const char c : whole.substr(0, whole.size() - 1)) {
        peer.Send(std::string(1, c));
        std::this_thread::yield();
      }
      if (IdOf(question) == "2") peer.Send(" \r\n\t \n");
    }
  });
  for (int i = 0; i < 5; ++i) {
    const auto answer = node.Ask();
    REQUIRE(answer);
    CHECK(answer->ends_with(result + "}"));
  }
  CHECK(node.server.Connections() == 1);
}

TEST_CASE("ipc: big answers, up to the limit") {
  const IpcServer node([&](RawPeer& peer) {
    for (std::string question; !(question = peer.ReadLine()).empty();) {
      const std::size_t size = Answer(question, "\"\"").size() - 1;
      const std::size_t more = IdOf(question) == "1" ? 0 : 1;
      peer.Send(Answer(question, "\"" + std::string((1 << 20) - size + more, 'x') + "\""));
    }
  });
  const auto fits = node.Ask();
  REQUIRE(fits);
  CHECK(fits->size() == 1 << 20);
  CheckFailure(node.Ask(), Reason::kBadAnswer, "longer than 1048576 bytes");
}

TEST_CASE("ipc: a late answer is never taken for a later call's") {
  std::atomic<bool> late = false;
  const IpcServer node([&](RawPeer& peer) {
    const std::string first = peer.ReadLine();
    if (IdOf(first) == "1") {
      while (!late) std::this_thread::sleep_for(1ms);
      peer.Send(Answer(first, "\"late\""));
      peer.AwaitGone();
      return;
    }
    peer.Send(Answer(first, "\"right\""));
    peer.AwaitGone();
  });
  CheckFailure(node.Ask(200ms), Reason::kTimeout, "no answer in time");
  late = true;
  CHECK(node.Ask().value().find("right") != std::string::npos);
}

TEST_CASE("ipc: an answer of another call, or two, are no answer") {
  const IpcServer wrong([](RawPeer& peer) {
    if (!peer.ReadLine().empty()) peer.Send(R"({"jsonrpc":"2.0","id":77,"result":1})");
    peer.AwaitGone();
  });
  CheckFailure(wrong.Ask(), Reason::kBadAnswer, "another call");
  const IpcServer two([](RawPeer& peer) {
    const std::string question = peer.ReadLine();
    if (!question.empty()) peer.Send(Answer(question) + Answer(question, "\"poison\""));
    peer.AwaitGone();
  });
  for (int i = 0; i < 2; ++i) CheckFailure(two.Ask(), Reason::kBadAnswer, "more than one");
  // What comes after the answer was taken spoils the connection, and no later answer.
  std::atomic<int> sent = 0;
  const IpcServer after([&](RawPeer& peer) {
    const std::string question = peer.ReadLine();
    if (question.empty()) return;
    peer.Send(Answer(question));
    while (sent == 0) std::this_thread::sleep_for(1ms);
    if (IdOf(question) == "1") {
      peer.Send(R"({"jsonrpc":"2.0","id":2,"result":"poison"})");
      ++sent;
    }
    peer.AwaitGone();
  });
  CHECK(after.Ask());
  sent = 1;
  CHECK(Eventually([&] { return sent == 2; }));
  const auto clean = after.Ask();
  REQUIRE(clean);
  CHECK(clean->find("poison") == std::string::npos);
}

TEST_CASE("ipc: an id of null is an answer to what could not be read") {
  const IpcServer node([](RawPeer& peer) {
    if (!peer.ReadLine().empty()) {
      peer.Send(R"({"error":{"code":-32700,"message":"parse"},"id":null,"jsonrpc":"2.0"})");
    }
    peer.AwaitGone();
  });
  CHECK(node.Ask());
}

TEST_CASE("ipc: what is no answer") {
  struct Case {
    const char* name;
    Reason reason;
    const char* words;
    RawServer::Handler handler;
  };
  const auto say = [](const std::string& text) {
    return [text](RawPeer& peer) {
      if (!peer.ReadLine().empty()) peer.Send(text);
    };
  };
  for (const Case& c :
       {Case{"closes", Reason::kUnreachable, "closed without an answer", say("")},
        Case{"closes at once", Reason::kUnreachable, "", [](RawPeer&) {}},
        Case{"cut off", Reason::kBadAnswer, "cut off", say(R"({"jsonrpc":"2.0",)")},
        Case{"HTML", Reason::kBadAnswer, "not JSON", say("<html>")},
        Case{"a bare word", Reason::kBadAnswer, "not JSON", say("\"word\"")},
        Case{"a closing bracket", Reason::kBadAnswer, "not JSON", say("}")},
        Case{"too deep", Reason::kBadAnswer, "not JSON", say(std::string(5000, '['))},
        Case{"endless space", Reason::kBadAnswer, "longer",
             [](RawPeer& p) {
               p.ReadLine();
               p.SendForever(" ");
             }},
        Case{"endless string", Reason::kBadAnswer, "longer",
             [](RawPeer& p) {
               p.ReadLine();
               p.Send("{\"a\":\"");
               p.SendForever("x");
             }},
        Case{"drips", Reason::kTimeout, "no whole answer",
             [](RawPeer& p) {
               p.ReadLine();
               p.Send("{\"a\":\"");
               p.SendForever("x", 20ms);
             }},
        Case{"silent", Reason::kTimeout, "no answer", [](RawPeer& p) { p.AwaitGone(); }}}) {
    CAPTURE(c.name);
    const IpcServer node(c.handler);
    CheckFailure(node.Ask(c.reason == Reason::kTimeout ? milliseconds(400) : milliseconds(5000)),
                 c.reason, c.words);
  }
}

TEST_CASE("ipc: a node that was restarted is asked anew") {
  const IpcServer node([](RawPeer& peer) {
    const std::string question = peer.ReadLine();
    if (question.empty()) return;
    peer.Send(Answer(question));
    peer.ReadLine();
  });
  for (int i = 0; i < 4; ++i) CHECK(node.Ask());
  CHECK(node.server.Connections() == 4);
}

TEST_CASE("ipc: calls at once have connections of their own") {
  const IpcServer node([](RawPeer& peer) {
    for (std::string question; !(question = peer.ReadLine()).empty();) {
      peer.Send(Answer(question, IdOf(question)));
    }
  });
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const auto answer = node.upstream->Ask({"a", "b", "[]"}, Deadline(9s));
        good += answer && answer->find("result\":" + IdOf(*answer + ",")) != std::string::npos;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 400);
  CHECK(node.server.Connections() <= 8);
}

TEST_CASE("ipc: why there is no socket to speak to") {
  const TestFolder folder;
  const auto ask = [](const std::string& path) {
    return IpcServer::Ask(*IpcRpcUpstream(path, {}), 2s);
  };
  CheckFailure(ask(folder.Path("none")), Reason::kUnreachable, "is the node running");
  {
    const Socket listener = RawServer::ListenUnix(folder.Path("stale"));
  }
  CheckFailure(ask(folder.Path("stale")), Reason::kUnreachable, "nobody listens");
  CheckFailure(ask("/" + std::string(200, 'x')), Reason::kUnreachable, "too long");
  folder.Write("file", "");
  CheckFailure(ask(folder.Path("file")), Reason::kUnreachable, folder.Path("file"));
}

TEST_CASE("ipc: a full queue of connections is waited for") {
  const TestFolder folder;
  const std::string path = folder.Path("node.ipc");
  Socket listener = RawServer::ListenUnix(path, 0);
  std::vector<Socket> waiting;
  for (;;) {
    auto socket = ConnectUnix(path, Deadline(50ms));
    if (!socket) break;
    waiting.push_back(std::move(*socket));
  }
  CheckFailure(IpcServer::Ask(*IpcRpcUpstream(path, {}), 200ms), Reason::kTimeout, "stays full");
  Result<std::string> answer = Fail(Reason::kTimeout, "never");
  std::thread asking(
      [&] { answer = IpcRpcUpstream(path, {})->Ask({"name", "eth_x", ""}, Deadline(9s)); });
  const RawServer server(std::move(listener), [](RawPeer& peer) {
    const std::string question = peer.ReadLine();
    if (!question.empty()) peer.Send(Answer(question));
    peer.AwaitGone();
  });
  asking.join();
  CHECK(answer);
}

TEST_CASE("ipc: where a JSON value ends, in any two pieces") {
  const std::string value = R"({"a":[1,{"b":"}\\\"]"},"\\"],"longer":"0123456789abcdef\"{"} )";
  for (std::size_t cut = 0; cut < value.size(); ++cut) {
    JsonEnd end;
    std::size_t taken = 0;
    if (end.Take(value.substr(0, cut), taken) == JsonEnd::State::kDone) {
      CHECK(taken == value.size() - 1);
      continue;
    }
    CHECK(taken == cut);
    CHECK(end.Take(value.substr(cut), taken) == JsonEnd::State::kDone);
    CHECK(cut + taken == value.size() - 1);
  }
}

}  // namespace
}  // namespace stakewatch::testing
