// How to connect to a Redis, as the operator wrote it.
#include <algorithm>
#include <string>
#include <utility>

#include "common/number.h"
#include "common/redis.h"
#include "common/secrets.h"
#include "common/text.h"

namespace stakewatch {
namespace {

constexpr std::uint16_t kPort = 6379;
constexpr std::size_t kShownBytesMax = 200;

}  // namespace

std::string RedisTarget::Name() const {
  if (!socket.empty()) return socket;
  const bool six = tcp.host.find(':') != std::string::npos;
  return (six ? "[" + tcp.host + "]" : tcp.host) + ":" + std::to_string(tcp.port);
}

Checked<RedisTarget> CheckRedis(const RedisOptions& options) {
  RedisTarget target{.socket = {}, .tcp = {}, .database = {}, .options = options};
  std::string_view rest = options.url;
  const auto wrong = [&](std::string_view why) {
    // What is in front of an @ may be a password.
    const std::size_t at = options.url.rfind('@');
    const std::string shown =
        at == std::string::npos ? options.url : "***" + options.url.substr(at);
    return std::unexpected("\"" + CleanText(shown, kShownBytesMax) + "\": " + std::string(why));
  };
  constexpr std::string_view kRight =
      "unix:///path, redis://host[:port][/database] or rediss://… is right";
  if (rest.starts_with("unix://")) {
    target.socket = rest.substr(std::string_view("unix://").size());
    if (!target.socket.starts_with('/')) return wrong(kRight);
  } else {
    target.tls = rest.starts_with("rediss://");
    if (!target.tls && !rest.starts_with("redis://")) return wrong(kRight);
    rest.remove_prefix(rest.find("://") + 3);
    if (rest.find('@') != std::string_view::npos) {
      return wrong("user and password are given by flags, the password in a file");
    }
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (slash < rest.size()) target.database = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    const bool bare = rest.ends_with(']') || rest.find(':') == std::string_view::npos;
    auto parsed =
        ParseHostPort(bare ? std::string(rest) + ":" + std::to_string(kPort) : std::string(rest));
    if (!parsed || parsed->host.empty() || parsed->port == 0) return wrong(kRight);
    target.tcp = std::move(*parsed);
    if (target.database == "0") target.database.clear();
    if (!target.database.empty() && !WholeNumber<std::uint16_t>(target.database)) {
      return wrong("the database is a number");
    }
  }
  if (!options.username.empty() && options.password_file.empty()) {
    return std::unexpected("a username and a password file go together");
  }
  if (!options.password_file.empty()) {
    if (const auto secret = ReadSecret(options.password_file); !secret) {
      return std::unexpected(secret.error());
    }
  }
  return target;
}

}  // namespace stakewatch
