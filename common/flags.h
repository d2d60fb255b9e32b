#pragma once
// Command-line flags, each also an environment variable: --web.listen-address is
// STAKEWATCH_WEB_LISTEN_ADDRESS. The only door to CLI11.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// Declare, Parse, read. The variables given to the Add functions hold the defaults, and live as
// long as the flags.
class Flags {
 public:
  Flags(std::string_view program, std::string_view about);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // Flags declared next stand under this heading in --help.
  void Group(std::string_view heading);
  void Add(std::string_view name, std::string& value, std::string_view help);
  void Add(std::string_view name, std::vector<std::string>& value, std::string_view help);
  void Add(std::string_view name, std::size_t& value, std::string_view help);
  void Add(std::string_view name, bool& value, std::string_view help);  // --name, --no-name.
  // As Prometheus writes durations: 500ms, 10s, 5m, 1h.
  void Add(std::string_view name, std::chrono::milliseconds& value, std::string_view help);
  void AddChoice(std::string_view name, std::string& value, std::vector<std::string> choices,
                 std::string_view help);
  // --<prefix>.ca-file, .cert-file, .key-file, .username, .password-file, .bearer-token-file.
  void AddUpstream(std::string_view prefix, UpstreamOptions& options);

  // A command besides serving: `<program> <name> …`. Flags declared by `declare` are its own, those
  // declared before are shared. `run` gives main's exit status.
  void Command(std::string_view name, std::string_view about,
               const std::function<void(Flags&)>& declare, std::function<int()> run);
  // The run of the command that was asked for; null: serve.
  const std::function<int()>& Chosen() const;

  // What main returns when the program is to end now: 0 after --help, 2 after a line on stderr that
  // says what is wrong and what would be right.
  std::expected<void, int> Parse(int argc, char** argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stakewatch
