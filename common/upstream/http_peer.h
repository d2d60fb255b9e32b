#pragma once
// What all connections to one HTTP(S) upstream share.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "common/file.h"
#include "common/net/client_tls.h"
#include "common/net/net.h"
#include "common/result.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// Thread-safe.
class HttpPeer {
 public:
  HttpPeer(Url where, UpstreamOptions how) : url(std::move(where)), options(std::move(how)) {}

  // For a new connection: knows whom to believe, whom to show and whose certificate it wants to
  // see, and notes its end. The peer must outlive it.
  Result<Ssl> NewSsl(int fd);
  void Note(std::optional<std::int64_t> not_after);
  std::optional<std::int64_t> CertificateNotAfter() const;

  const Url url;
  const UpstreamOptions options;

 private:
  Checked<std::shared_ptr<SSL_CTX>> Context();

  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> tls_;  // For all connections until a file that it was read from changes.
  std::vector<FileStamp> stamps_;
  std::optional<std::int64_t> not_after_;
};

}  // namespace stakewatch
