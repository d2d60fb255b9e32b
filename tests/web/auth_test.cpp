// Basic authentication: who comes in, and what guessing costs us.
#include "common/web/auth.h"

#include <crypt.h>
#include <time.h>

#include <array>
#include <chrono>
#include <future>
#include <vector>

#include "tests/web/certs.h"

namespace stakewatch::testing {
namespace {

std::string Bcrypt(const std::string& password, int cost = 4, const char* prefix = "$2b$") {
  crypt_data data{};
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  const char random[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  REQUIRE(crypt_gensalt_rn(prefix, static_cast<unsigned long>(cost), random, sizeof random, salt,
                           sizeof salt) != nullptr);
  return crypt_r(password.c_str(), salt, &data);
}

std::string Base64(std::string_view text) {
  std::string coded(text.size() / 3 * 4 + 5, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  coded.resize(static_cast<std::size_t>(length));
  return coded;
}

std::string Basic(std::string_view user_and_password) {
  return "Basic " + Base64(user_and_password);
}

using Verdict = BasicAuth::Verdict;

TEST_CASE("web auth: the header is taken apart") {
  std::string user;
  std::string password;
  CHECK(ParseBasicAuth(Basic("alice:open: sesame"), user, password));
  CHECK(user == "alice");
  CHECK(password == "open: sesame");
  CHECK(ParseBasicAuth("bAsIc  YTpi ", user, password));
  CHECK(ParseBasicAuth("Basic YWI6", user, password));
  CHECK(password.empty());
  CHECK(ParseBasicAuth("Basic Ojo", user, password));  // Without padding.
  CHECK(user.empty());
  using namespace std::string_view_literals;
  for (const std::string_view bad :
       {""sv, "Basic"sv, "Basic "sv, "Bearer YTpi"sv, "Basic YWJj"sv, "Basic Y"sv, "Basic YTpi!"sv,
        "Basic YT pi"sv, "Basic YT\0pi"sv, "BasicYTpi"sv, "Basic YWI="sv}) {
    CHECK_MESSAGE(!ParseBasicAuth(bad, user, password), bad);
  }
  CHECK(!ParseBasicAuth(Basic("a:b\0c"sv), user, password));
  CHECK(!ParseBasicAuth(Basic("a\0:b"sv), user, password));
}

TEST_CASE("web auth: all three bcrypt prefixes") {
  for (const char* prefix : {"$2a$", "$2b$", "$2y$"}) {
    BasicAuth auth({{"alice", Bcrypt("secret", 4, prefix)}});
    CHECK(auth.Check(Basic("alice:secret"), "x") == Verdict::kGood);
    CHECK(auth.Check(Basic("alice:secre"), "x") == Verdict::kWrong);
  }
}

TEST_CASE("web auth: a good credential is computed once, a wrong one each time") {
  BasicAuth auth({{"alice", Bcrypt("secret")}, {"bob", Bcrypt("hidden")}});
  for (int i = 0; i < 100; ++i) CHECK(auth.Check(Basic("alice:secret"), "x") == Verdict::kGood);
  CHECK(auth.Computed() == 1);
  CHECK(auth.Check(Basic("alice:hidden"), "x") == Verdict::kWrong);
  CHECK(auth.Check(Basic("bob:secret"), "x") == Verdict::kWrong);
  CHECK(auth.Check(Basic("nobody:secret"), "x") == Verdict::kWrong);  // As dear as a known one.
  CHECK(auth.Computed() == 4);
  CHECK(auth.Check("", "x") == Verdict::kWrong);
  CHECK(auth.Check(Basic(std::string_view("alice:secret\0x", 14)), "x") == Verdict::kWrong);
  CHECK(auth.Computed() == 4);
  CHECK(auth.Check(Basic("alice:secret"), "x") == Verdict::kGood);
}

// What this thread has had of a processor.
std::chrono::nanoseconds ThreadTime() {
  timespec now{};
  REQUIRE(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

TEST_CASE("web auth: an unknown user costs what the dearest known one costs") {
  BasicAuth auth({{"cheap", Bcrypt("a", 4)}, {"dear", Bcrypt("b", 9)}});
  const auto cost = [&](const std::string& credential) {
    const auto start = ThreadTime();
    CHECK(auth.Check(Basic(credential), "x") == Verdict::kWrong);
    return ThreadTime() - start;
  };
  const auto dear = cost("dear:x");
  CHECK(cost("nobody:x") > dear / 4);  // A cost of 9 is 32 times that of 4.
  CHECK(cost("nobody:x") < dear * 4);
}

TEST_CASE("web auth: guessing is bounded for each address") {
  BasicAuth auth({{"alice", Bcrypt("secret")}});
  std::size_t wrong = 0;
  std::size_t too_many = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto verdict = auth.Check(Basic("alice:" + std::to_string(i)), "guesser");
    wrong += verdict == Verdict::kWrong ? 1 : 0;
    too_many += verdict == Verdict::kTooMany ? 1 : 0;
  }
  CHECK(wrong < 20);
  CHECK(wrong + too_many == 1000);
  CHECK(auth.Computed() == wrong);
  // Not even the right one, until there is a token again; another address is not held back.
  CHECK(auth.Check(Basic("alice:secret"), "guesser") == Verdict::kTooMany);
  CHECK(auth.Check(Basic("alice:secret"), "prometheus") == Verdict::kGood);
  // And what is remembered costs nothing, from anywhere.
  CHECK(auth.Check(Basic("alice:secret"), "guesser") == Verdict::kGood);
}

TEST_CASE("web auth: guessing from many addresses is bounded too") {
  BasicAuth auth({{"alice", Bcrypt("secret")}});
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 3000; ++i) auth.Check(Basic("alice:x"), "address " + std::to_string(i));
  // What 256 addresses have used is theirs again after two seconds: a slow machine gets there.
  const auto rounds = 1 + (std::chrono::steady_clock::now() - began) / std::chrono::seconds(2);
  CHECK(auth.Computed() < 300 * static_cast<std::size_t>(rounds));
}

TEST_CASE("web auth: one hash at a time, few wait, the rest is told so") {
  BasicAuth auth({{"alice", Bcrypt("secret", 10)}});
  std::vector<std::future<Verdict>> verdicts;
  verdicts.reserve(16);
  for (int i = 0; i < 16; ++i) {
    verdicts.push_back(std::async(std::launch::async, [&auth, i] {
      return auth.Check(Basic("alice:wrong" + std::to_string(i)), "address " + std::to_string(i));
    }));
  }
  int too_many = 0;
  for (auto& verdict : verdicts) too_many += verdict.get() == Verdict::kTooMany ? 1 : 0;
  CHECK(too_many >= 1);
  CHECK(auth.Computed() == static_cast<std::size_t>(16 - too_many));
}

TEST_CASE("web auth: the same credential of many at once is computed once") {
  BasicAuth auth({{"alice", Bcrypt("secret", 8)}});
  std::vector<std::future<Verdict>> verdicts;
  verdicts.reserve(4);
  for (int i = 0; i < 4; ++i) {
    verdicts.push_back(std::async(std::launch::async,
                                  [&] { return auth.Check(Basic("alice:secret"), "prometheus"); }));
  }
  for (auto& verdict : verdicts) CHECK(verdict.get() == Verdict::kGood);
  CHECK(auth.Computed() == 1);
}

TEST_CASE("web auth: over HTTP, and again after the configuration has changed") {
  const TestFolder folder;
  WebOptions options = OnAnyPort();
  options.config_file =
      folder.Write("web.yml", "basic_auth_users: {alice: " + Bcrypt("secret") + "}");
  TestServer test(options);
  const auto status = [&](const std::string& header) {
    return Fetch(test.address, Get("/metrics", header)).status;
  };
  const std::string good = "Authorization: " + Basic("alice:secret") + "\r\n";
  const Reply none = Fetch(test.address, Get("/metrics"));
  CHECK(none.status == 401);
  CHECK(none.Header("WWW-Authenticate").starts_with("Basic realm="));
  CHECK(none.body.find("try_value") == std::string::npos);
  CHECK(status(good) == 200);
  CHECK(status("Authorization: " + Basic("alice:wrong") + "\r\n") == 401);
  CHECK(status("Authorization: Basic !!!\r\n") == 401);
  CHECK(Fetch(test.address, Get("/nowhere")).status == 401);
  CHECK(Fetch(test.address, "POST /metrics HTTP/1.1\r\n\r\n").status == 401);
  folder.Write("web.yml", "basic_auth_users: {alice: " + Bcrypt("changed") + "}");
  CHECK(Eventually([&] { return status(good) == 401; }));
  CHECK(status("Authorization: " + Basic("alice:changed") + "\r\n") == 200);
  // A file that everybody may read is refused, and the last one stays in force.
  folder.Write("web.yml", "basic_auth_users: {alice: " + Bcrypt("third") + "}", 0644);
  CHECK(Eventually([&] {
    CHECK(status("Authorization: " + Basic("alice:changed") + "\r\n") == 200);
    return test.own.CounterOf(kWebConfigReloadFailures).Value() == 1;
  }));
}

}  // namespace
}  // namespace stakewatch::testing
