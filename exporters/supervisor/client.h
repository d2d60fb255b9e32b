#pragma once
// Everything this exporter can ask for. Who may ask the RPC may also stop the validator and switch
// off the host, so there is no way to say another method.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"
#include "common/upstream/line_link.h"
#include "common/upstream/upstream.h"

namespace stakewatch::supervisor {

enum class Call { kGetAuthChallenge, kAuth, kGetHealth };

// In the order of Call.
inline constexpr std::array<std::string_view, 3> kCalls = {"get_auth_challenge", "auth",
                                                           "get_health"};

// What is asked of a service at the far end of a tunnel, by a GET.
enum class Service { kBeacon, kLoki };

struct ServiceRow {
  std::string_view name;  // Its label.
  std::string_view path;
};
// In the order of Service.
inline constexpr std::array<ServiceRow, 2> kServices = {
    {{"beacon", "/eth/v1/node/syncing"}, {"loki", "/ready"}}};
Result<std::string> AskService(const Upstream& forward, Service service, const Deadline& deadline);

inline constexpr std::size_t kLineBytesMax = 64 << 10;  // Of the RPC: the daemon's own limit.

// What get_health tells; what an earlier daemon does not is missing.
struct Health {
  std::optional<bool> unlocked, validator_running;
  std::optional<bool> connected;  // Whether connected_node is one.
  std::string connected_host;
  std::uint64_t connected_port = 0;
  struct Release {
    std::string impl, version, checksum;
  };
  std::optional<Release> release;
};
// One line of the RPC, whose id must be `id`. An error of the daemon is kRpcError, with its words.
Result<Health> ParseHealth(const std::string& answer, std::uint64_t id);
Result<std::string> ParseText(const std::string& answer, std::uint64_t id);

// What proves to the daemon that we know the user's key (hex digits, which are not decoded). Empty
// for a key that has no use.
std::string AuthResponse(std::string_view key, std::string_view challenge);

struct RpcAccess {
  LinePeer peer;
  std::string user;
  std::string key_file;  // Read again for each connection.
};
// A user that can stand in a line of JSON as it is, and the files.
Checked<void> CheckAccess(const RpcAccess& access);

// One kept connection. Asked by one thread at a time.
class Client {
 public:
  explicit Client(RpcAccess access) : access_(std::move(access)) {}

  // Authenticates where that is needed: on a new connection. kUnreachable has errno as its code;
  // kRpcError is a refused authentication.
  Result<Health> AskHealth(const Deadline& deadline);
  // Connections that were, since the start. From any thread.
  std::uint64_t Authentications() const { return authentications_; }
  const LinePeer& Peer() const { return access_.peer; }

 private:
  Result<Health> AskKept(const Deadline& deadline);
  Result<void> Authenticate(const Deadline& deadline);
  // The line that answers, and the id that it must have. `params` is a JSON array.
  struct Answer {
    std::string line;
    std::uint64_t id;
  };
  Result<Answer> Ask(Call call, std::string_view params, const Deadline& deadline);

  const RpcAccess access_;
  std::unique_ptr<LineLink> link_;  // Authenticated, or null.
  std::uint64_t last_id_ = 0;       // On this connection.
  std::atomic<std::uint64_t> authentications_ = 0;
};

}  // namespace stakewatch::supervisor
