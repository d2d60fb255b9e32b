#pragma once
// Source keymanager (--keymanager.url): which keys the validator client has loaded, by its own API
// (github.com/ethereum/keymanager-APIs). That API can also import and delete keys: this client has
// no way to say so.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/client_name.h"
#include "common/metrics.h"
#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch::beacon {

enum class KeymanagerCall { kKeystores, kRemoteKeys, kPrysmVersion };

struct KeymanagerRow {
  std::string_view name;  // Of the recorded answer and in log lines.
  std::string_view path;
};

// In the order of KeymanagerCall.
inline constexpr std::array<KeymanagerRow, 3> kKeymanagerCalls = {{
    {"keystores", "/eth/v1/keystores"},
    {"remotekeys", "/eth/v1/remotekeys"},
    {"health_version", "/v2/validator/health/version"},
}};

// A GET, always: a request without a body is one.
Request ToRequest(KeymanagerCall call);

// Borrows the upstream.
class KeymanagerClient {
 public:
  explicit KeymanagerClient(const Upstream& validator_client) : upstream_(validator_client) {}

  // Keystores, or keys of a remote signer. What the entries say (keys, derivation paths, URLs) is
  // not kept. None where the client has no such call.
  Result<std::optional<std::uint64_t>> CountKeys(KeymanagerCall call,
                                                 const Deadline& deadline) const;
  // Of Prysm alone; none of any other.
  Result<std::optional<ClientName>> AskVersion(const Deadline& deadline) const;

 private:
  // None for HTTP 404, 405 and 501. An error says what to do about 401, 403 and 503, in our own
  // words.
  Result<std::optional<std::string>> Ask(KeymanagerCall call, const Deadline& deadline) const;

  const Upstream& upstream_;
};

Result<std::uint64_t> ParseKeyCount(const std::string& answer);
// The member `validator`: "Prysm/v7.1.6/…".
Result<ClientName> ParseValidatorClientVersion(const std::string& answer);

Result<void> ScrapeKeymanager(const KeymanagerClient& client, const Deadline& deadline,
                              Sheet& sheet);

}  // namespace stakewatch::beacon
