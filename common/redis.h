#pragma once
// A Redis that is looked at: the lengths of its lists and hashes, the first of a sorted set, and
// what it says of itself. There is no way to say another command. The only door to hiredis, of
// which we take the protocol; the connection is ours, so that each step of it has our deadline and
// a limit of bytes, and so that TLS is the one of all upstreams. What has failed is thrown away and
// made anew, never mended.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/deadline.h"
#include "common/net/net.h"
#include "common/result.h"

namespace stakewatch {

struct RedisOptions {
  std::string url;            // unix:///path, redis://host[:port][/database] or rediss://….
  std::string username;       // Of an ACL; empty: that of all connections, `default`.
  std::string password_file;  // Read again for each connection; empty: none.
  std::string ca_file;        // Of rediss, PEM; empty: the system's.
};

// Checked once; how to connect.
struct RedisTarget {
  std::string socket;  // The path of a unix socket, or, if empty,
  HostPort tcp;
  bool tls = false;
  std::string database;  // Empty: the first, for which nothing is said.
  RedisOptions options;

  std::string Name() const;  // For an error.
};
// Refused: a user or password in the URL, what no file can give.
Checked<RedisTarget> CheckRedis(const RedisOptions& options);

// What INFO says, by its names.
using RedisInfo = std::map<std::string, std::string, std::less<>>;

// Connects when it is asked something. kQueryError is an error that Redis itself told (no right, a
// key of another kind, it loads its data) and keeps the connection; after any other error there is
// none. Not thread-safe.
class Redis {
 public:
  explicit Redis(RedisTarget target);
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  Result<void> Ping(const Deadline& deadline);  // PING
  // As many as keys, in their order; of a key that there is not 0. One round.
  Result<std::vector<std::uint64_t>> ListLengths(std::span<const std::string> keys,
                                                 const Deadline& deadline);          // LLEN
  Result<std::uint64_t> HashLength(std::string_view key, const Deadline& deadline);  // HLEN
  // Of the first member of a sorted set; none of an empty one.
  Result<std::optional<double>> LowestScore(std::string_view key,
                                            const Deadline& deadline);  // ZRANGE … WITHSCORES
  Result<RedisInfo> Info(const Deadline& deadline);                     // INFO

 private:
  struct Reply;
  struct Link;
  using Command = std::vector<std::string_view>;
  // Each answered by no error. On a new connection once more where a kept one was gone.
  Result<std::vector<Reply>> Ask(std::span<const Command> commands, const Deadline& deadline);
  Result<void> Connect(const Deadline& deadline);
  Result<std::vector<Reply>> Exchange(std::span<const Command> commands, const Deadline& deadline);

  RedisTarget target_;
  std::unique_ptr<Link> link_;  // Null: not connected.
};

}  // namespace stakewatch
