// A Redis, by what it is told and by how its answers are read. A real one: tests/e2e/.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/net/net.h"
#include "common/redis.h"
#include "tests/testing.h"

namespace stakewatch {
namespace {

using namespace std::chrono_literals;

// Takes one connection after the other, and answers what comes on each by one of `answers`, in
// turn; an empty one is the connection's end.
class FakeRedis {
 public:
  explicit FakeRedis(std::vector<std::string> answers) : answers_(std::move(answers)) {
    auto listening = ListenOn("127.0.0.1", 0);
    REQUIRE(listening);
    socket_ = std::move(*listening);
    address_ = BoundAddress(socket_.Fd());
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeRedis() {
    ::shutdown(socket_.Fd(), SHUT_RDWR);
    thread_.join();
  }

  std::string Url() const { return "redis://" + address_; }
  // What came, all of it, once the last answer is out.
  std::string Heard() {
    ::shutdown(socket_.Fd(), SHUT_RDWR);
    thread_.join();
    thread_ = std::thread([] {});
    return heard_;
  }

 private:
  void Serve() {
    std::size_t next = 0;
    while (next < answers_.size()) {
      const Socket peer(::accept(socket_.Fd(), nullptr, nullptr));
      if (!peer.Open()) return;
      while (next < answers_.size()) {
        std::array<char, 4096> some{};
        const ssize_t n = ::recv(peer.Fd(), some.data(), some.size(), 0);
        if (n <= 0) break;
        heard_.append(some.data(), static_cast<std::size_t>(n));
        const std::string& answer = answers_[next++];
        if (answer.empty()) break;
        ::send(peer.Fd(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }

  std::vector<std::string> answers_;
  std::string heard_, address_;
  Socket socket_;
  std::thread thread_;
};

Redis To(const std::string& url, const std::string& username = "",
         const std::string& password_file = "") {
  auto target =
      CheckRedis({.url = url, .username = username, .password_file = password_file, .ca_file = ""});
  REQUIRE(target);
  return Redis(std::move(*target));
}

TEST_CASE("redis: where it is") {
  const auto of = [](const std::string& url) {
    return CheckRedis({.url = url, .username = "", .password_file = "", .ca_file = ""});
  };
  CHECK(of("unix:///run/redis.sock")->Name() == "/run/redis.sock");
  CHECK(of("redis://h")->Name() == "h:6379");
  CHECK(of("redis://h:1/0")->database == "");
  CHECK(of("redis://h:1/3")->database == "3");
  CHECK(of("rediss://[::1]:7")->tls);
  CHECK(of("rediss://[::1]:7")->Name() == "[::1]:7");
  for (const char* wrong : {"", "h:6379", "http://h", "unix://run", "redis://", "redis://h:x",
                            "redis://h/db", "redis://h:1/-1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(of(wrong));
  }
  const auto told = of("redis://me:hush@h");
  REQUIRE_FALSE(told);
  CHECK(told.error().find("hush") == std::string::npos);
  CHECK_FALSE(
      CheckRedis({.url = "redis://h", .username = "u", .password_file = "", .ca_file = ""}));
  CHECK_FALSE(
      CheckRedis({.url = "redis://h", .username = "", .password_file = "/no", .ca_file = ""}));
}

TEST_CASE("redis: all lengths in one round, keys with any bytes, the connection is kept") {
  FakeRedis fake({":3\r\n:0\r\n", ":7\r\n", "*2\r\n$1\r\na\r\n$12\r\n1732200000.5\r\n", "*0\r\n"});
  Redis redis = To(fake.Url());
  const std::vector<std::string> keys = {"q", std::string("q\x06\x16") + "9"};
  const auto lengths = redis.ListLengths(keys, Deadline(5s));
  REQUIRE(lengths);
  CHECK(*lengths == std::vector<std::uint64_t>{3, 0});
  CHECK(redis.HashLength("unacked", Deadline(5s)) == 7);
  CHECK(*redis.LowestScore("unacked_index", Deadline(5s)) == 1732200000.5);
  const auto none = redis.LowestScore("unacked_index", Deadline(5s));
  REQUIRE(none);
  CHECK_FALSE(*none);
  CHECK(
      fake.Heard().starts_with("*2\r\n$4\r\nLLEN\r\n$1\r\nq\r\n*2\r\n$4\r\nLLEN\r\n$4\r\nq\x06\x16"
                               "9\r\n*2\r\n$4\r\nHLEN"));
}

TEST_CASE("redis: an error of its own is told in its words, and the connection goes on") {
  FakeRedis fake({"-NOPERM this user has no permissions\r\n:4\r\n", ":5\r\n"});
  Redis redis = To(fake.Url());
  const std::vector<std::string> keys = {"a", "b"};
  const auto refused = redis.ListLengths(keys, Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kQueryError);
  CHECK(refused.error().what.ends_with("LLEN: NOPERM this user has no permissions"));
  // Not the answer to the second key of before.
  CHECK(redis.HashLength("h", Deadline(5s)) == 5);
}

TEST_CASE("redis: a kept connection that is gone is made anew, once") {
  FakeRedis fake({":1\r\n", "", ":2\r\n"});
  Redis redis = To(fake.Url());
  CHECK(redis.HashLength("h", Deadline(5s)) == 1);
  CHECK(redis.HashLength("h", Deadline(5s)) == 2);
}

TEST_CASE("redis: the password goes ahead of everything, on each connection, and into no error") {
  const testing::TemporaryFolder folder;
  const std::string file = folder.Write("password", "hush\n");
  FakeRedis fake({"+OK\r\n", ":1\r\n", "", "-WRONGPASS invalid username-password pair\r\n"});
  Redis redis = To(fake.Url(), "exporter", file);
  CHECK(redis.HashLength("h", Deadline(5s)) == 1);
  const auto refused = redis.HashLength("h", Deadline(5s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::kQueryError);
  CHECK(refused.error().what.find("hush") == std::string::npos);
  const std::string heard = fake.Heard();
  CHECK(heard.starts_with("*3\r\n$4\r\nAUTH\r\n$8\r\nexporter\r\n$4\r\nhush\r\n"));
  CHECK(heard.ends_with("*3\r\n$4\r\nAUTH\r\n$8\r\nexporter\r\n$4\r\nhush\r\n"));
}

TEST_CASE("redis: INFO by its names") {
  const std::string text = "# Server\r\nredis_version:7.0.15\r\n\r\nused_memory:12\r\nodd\r\n";
  FakeRedis fake({"$" + std::to_string(text.size()) + "\r\n" + text + "\r\n", "+PONG\r\n"});
  Redis redis = To(fake.Url());
  const auto info = redis.Info(Deadline(5s));
  REQUIRE(info);
  CHECK(*info == RedisInfo{{"redis_version", "7.0.15"}, {"used_memory", "12"}});
  CHECK(redis.Ping(Deadline(5s)));
}

TEST_CASE("redis: who is no Redis, and one that is silent") {
  const std::pair<std::string, Reason> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", Reason::kBadAnswer},
      {":-1\r\n", Reason::kBadAnswer},
      {"+OK\r\n", Reason::kBadAnswer},
      {"*1\r\n:1\r\n", Reason::kBadAnswer},
      {"$" + std::to_string(300 << 10) + "\r\n" + std::string(300 << 10, 'x') + "\r\n",
       Reason::kBadAnswer},
      {"$999999999\r\ncut", Reason::kUnreachable},
  };
  for (const auto& [answer, reason] : cases) {
    CAPTURE(answer.substr(0, 20));
    FakeRedis fake({answer});
    Redis redis = To(fake.Url());
    const auto wrong = redis.HashLength("h", Deadline(5s));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().reason == reason);
  }
  auto closed = ListenOn("127.0.0.1", 0);
  REQUIRE(closed);
  const std::string address = "redis://" + BoundAddress(closed->Fd());
  {
    // Takes the connection in its queue, and says nothing.
    Redis redis = To(address);
    const auto begun = std::chrono::steady_clock::now();
    const auto silent = redis.Ping(Deadline(200ms));
    REQUIRE_FALSE(silent);
    CHECK(silent.error().reason == Reason::kTimeout);
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
  }
  *closed = Socket();
  Redis redis = To(address);
  const auto nobody = redis.Ping(Deadline(2s));
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().reason == Reason::kUnreachable);
}

}  // namespace
}  // namespace stakewatch
