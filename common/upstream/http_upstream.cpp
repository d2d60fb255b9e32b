// HTTP(S) upstreams: whom to ask, with which credentials, over which kept connection.
#include <cstdint>
#include <optional>
#include <utility>

#include "common/net/net.h"
#include "common/secrets.h"
#include "common/upstream/http_failure.h"
#include "common/upstream/http_link.h"
#include "common/upstream/kept.h"
#include "common/upstream/upstream.h"

namespace stakewatch {
namespace {

class HttpSource : public Upstream {
 public:
  HttpSource(Url url, const UpstreamOptions& options) : peer_(std::move(url), options) {}

  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;
  Result<void> AskInPieces(const Request& request, const Deadline& deadline,
                           std::uint64_t bytes_max, Pieces& to) const override;
  std::optional<std::int64_t> CertificateNotAfter() const override {
    return peer_.CertificateNotAfter();
  }

 private:
  using IntoPieces = std::optional<HttpPieces>;
  // A body with a good status.
  Result<std::string> Ask(const Request& request, const Deadline& deadline,
                          const IntoPieces& pieces) const;
  Result<HttpAnswer> Exchange(const HttpQuestion& question, const Deadline& deadline,
                              const IntoPieces& pieces) const;

  mutable HttpPeer peer_;
  mutable Kept<HttpLink> kept_;
};

// A kept connection may have been closed by the upstream just when we used it. What is asked here
// only reads, so it may be asked again, once, on a new connection. No piece has come by then.
Result<HttpAnswer> HttpSource::Exchange(const HttpQuestion& question, const Deadline& deadline,
                                        const IntoPieces& pieces) const {
  std::unique_ptr<HttpLink> link = kept_.Take();
  while (link != nullptr && !link->Fresh()) link = kept_.Take();
  if (link != nullptr) {
    auto answer = link->Ask(question, deadline, pieces);
    if (answer || !link->WentAway()) {
      if (link->Reusable()) kept_.Keep(std::move(link));
      return answer;
    }
  }
  auto connected = HttpLink::Connect(peer_, deadline);
  if (!connected) return std::unexpected(connected.error());
  link = std::move(*connected);
  auto answer = link->Ask(question, deadline, pieces);
  if (link->Reusable()) kept_.Keep(std::move(link));
  return answer;
}

Result<std::string> HttpSource::Ask(const Request& request, const Deadline& deadline,
                                    const IntoPieces& pieces) const {
  HttpQuestion question;
  question.path = peer_.url.Below(request.path);
  question.body = request.body;
  question.content_type = request.content_type;
  const auto told = [&](Error error) {
    error.what = std::string(question.Method()) + " " + peer_.url.Origin() + " " +
                 std::string(request.name) + ": " + error.what;
    return std::unexpected(std::move(error));
  };
  auto authorization = Authorization(peer_.options);
  if (!authorization) return told({Reason::kUnreachable, authorization.error()});
  question.authorization = std::move(*authorization);
  auto answer = Exchange(question, deadline, pieces);
  if (!answer) return told(answer.error());
  // We never ask for a part; a beacon node says by 206 that it syncs.
  if (answer->status < 200 || answer->status >= 300 || answer->status == 206) {
    return told(StatusError(peer_, question, std::move(*answer)));
  }
  return std::move(answer->body);
}

Result<std::string> HttpSource::Ask(const Request& request, const Deadline& deadline) const {
  return Ask(request, deadline, std::nullopt);
}

Result<void> HttpSource::AskInPieces(const Request& request, const Deadline& deadline,
                                     std::uint64_t bytes_max, Pieces& to) const {
  const auto answer = Ask(request, deadline, HttpPieces{to, bytes_max});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

}  // namespace

Checked<std::shared_ptr<Upstream>> HttpUpstream(const std::string& url,
                                                const UpstreamOptions& options) {
  auto parsed = ParseUrlOrSocket(url);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->scheme != "http" && parsed->scheme != "https" && parsed->scheme != "unix") {
    return std::unexpected("\"" + url + "\": http://, https:// or unix:/// is right");
  }
  return std::make_shared<HttpSource>(std::move(*parsed), options);
}

}  // namespace stakewatch
