#pragma once
// A private PostgreSQL of a test: tests/postgres.py, which ends it with us.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/testing.h"

namespace stakewatch::testing {

class PrivatePostgres {
 public:
  // As tests/postgres.py takes them: port=5433.
  explicit PrivatePostgres(std::vector<std::string> settings = {})
      : settings_(std::move(settings)) {
    Start();
  }
  ~PrivatePostgres() { Stop(); }

  // With the data that there is.
  void Start() {
    const std::string program = TestsFolder() + "/postgres.py";
    std::vector<char*> words = {const_cast<char*>(program.c_str()),
                                const_cast<char*>(folder_.Path().c_str())};
    for (std::string& setting : settings_) words.push_back(setting.data());
    words.push_back(nullptr);
    std::array<int, 2> in{}, out{};
    REQUIRE(::pipe(in.data()) == 0);
    REQUIRE(::pipe(out.data()) == 0);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      ::execv(program.c_str(), words.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    std::string told;
    char byte = 0;
    while (told.find('\n') == std::string::npos && ::read(out[0], &byte, 1) == 1) told += byte;
    ::close(out[0]);
    REQUIRE_MESSAGE(told.starts_with("ready "), "tests/postgres.py: ", told);
    socket_folder_ = told.substr(6, told.size() - 7);
  }
  void Stop() {
    if (child_ < 0) return;
    ::close(input_);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  const std::string& SocketFolder() const { return socket_folder_; }
  std::string Dsn() const { return "host=" + socket_folder_ + " user=postgres dbname=postgres"; }

 private:
  std::vector<std::string> settings_;
  TemporaryFolder folder_;
  std::string socket_folder_;
  pid_t child_ = -1;
  int input_ = -1;
};

}  // namespace stakewatch::testing
