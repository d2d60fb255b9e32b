#pragma once
// The one seam between an exporter and the network. Tests put a folder of recorded answers here.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch {

struct Request {
  std::string_view name;  // In log lines, and of the recorded answer: <name>.json.
  std::string path;       // HTTP: the path and query. JSON-RPC: the method.
  std::string body;       // HTTP: empty is GET, otherwise POST. JSON-RPC: the params array.
  std::string_view content_type = "application/json";  // Of the body, over HTTP.
};

// Takes a body that is too big to hold, piece by piece.
class Pieces {
 public:
  virtual ~Pieces() = default;
  // Where the next bytes are put, so that nothing is copied: at least one, better 256 KiB.
  virtual std::span<char> Room() = 0;
  // So many came, into the room. An error ends the exchange and is its result.
  virtual Result<void> Take(std::size_t bytes) = 0;
};

class Upstream {
 public:
  virtual ~Upstream() = default;
  // The answer's body. Called from several threads at once; never takes longer than the deadline,
  // never more memory than the upstream's body limit.
  virtual Result<std::string> Ask(const Request& request, const Deadline& deadline) const = 0;
  // The same for a body of at most `bytes_max` bytes, whatever the upstream's body limit; without
  // an error it came whole. `to` gets nothing of an answer that is an error. An upstream that
  // cannot do it holds the body, within its own limit.
  virtual Result<void> AskInPieces(const Request& request, const Deadline& deadline,
                                   std::uint64_t bytes_max, Pieces& to) const;
  // When the certificate that the upstream last showed us ends, in Unix seconds; none without TLS.
  virtual std::optional<std::int64_t> CertificateNotAfter() const { return std::nullopt; }
};

// Secrets are paths of files, read again for each connection, so that a rotated one is taken.
struct UpstreamOptions {
  std::string ca_file;  // PEM; empty: the system's.
  std::string cert_file, key_file;
  std::string username, password_file;
  std::string bearer_token_file;
  std::size_t body_bytes_max = 64U << 20;
};

// What is wrong with `options` before anything is asked: a file that is missing, a secret that the
// world can read, two kinds of authentication at once.
Checked<void> CheckOptions(const UpstreamOptions& options);

// HTTP(S) by cpp-httplib on streams of our own: kept connections, no redirects, no proxy from the
// environment. `url` is http(s)://host[:port][/path]; the path goes before that of each request. Or
// unix:///path, a socket that speaks HTTP.
Checked<std::shared_ptr<Upstream>> HttpUpstream(const std::string& url,
                                                const UpstreamOptions& options);

// JSON-RPC 2.0 over what `url` names: http(s)://, ws(s)://, or the path of a unix socket. Answers
// are whole envelopes ({"jsonrpc":…,"result":…}), whose id has been checked where calls share a
// connection.
Checked<std::shared_ptr<Upstream>> RpcUpstream(const std::string& url,
                                               const UpstreamOptions& options);

// Answers from <folder>/<name>.json or .xml, or the HTTP status of <name>.404 and its like; a name
// without a file is unreachable.
std::shared_ptr<Upstream> RecordedUpstream(std::string_view folder);

}  // namespace stakewatch
