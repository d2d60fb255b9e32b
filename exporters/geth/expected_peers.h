#pragma once
// Peers that should be connected at all times: --geth.expected-peers, a file of enodes.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/file.h"
#include "common/metrics.h"
#include "common/result.h"

namespace stakewatch::geth {

struct Peer;

struct ExpectedPeer {
  std::string label;       // What follows the enode in its line, or the first 16 digits of the key.
  std::string public_key;  // 128 hexadecimal digits, lower case: the enode's before the @.
};

// Peers with a series of their own.
inline constexpr std::size_t kExpectedPeersMax = 64;

// A line is: enode://<128 hex digits>@<host>:<port>[?discport=…] [label]. Empty lines and what
// follows a # are passed over. An error names the line; so is a key or a label that stands twice.
Checked<std::vector<ExpectedPeer>> ParseExpectedPeers(std::string_view text);

// The file, read again when it has changed; at most 1 MiB.
using ExpectedPeersFile = WatchedFile<std::vector<ExpectedPeer>>;
Checked<std::unique_ptr<ExpectedPeersFile>> OpenExpectedPeers(const std::string& path);

// By the enode's key, or by the id where a client writes the key there (Besu: 0x and the key).
void TellExpectedPeers(const std::vector<ExpectedPeer>& expected, const std::vector<Peer>& peers,
                       Sheet& sheet);

}  // namespace stakewatch::geth
