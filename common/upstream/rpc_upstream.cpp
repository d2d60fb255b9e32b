#include "common/upstream/rpc_upstream.h"

#include <memory>
#include <utility>

#include "common/json.h"
#include "common/upstream/ipc_upstream.h"
#include "common/websocket/websocket.h"

namespace stakewatch {
namespace {

// One request, one answer, so the id says nothing that the connection does not.
class HttpRpc : public Upstream {
 public:
  explicit HttpRpc(std::shared_ptr<Upstream> http) : http_(std::move(http)) {}
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    return http_->Ask({request.name, "", RpcQuestion(request, 1)}, deadline);
  }
  std::optional<std::int64_t> CertificateNotAfter() const override {
    return http_->CertificateNotAfter();
  }

 private:
  std::shared_ptr<Upstream> http_;
};

}  // namespace

std::string RpcQuestion(const Request& request, std::uint64_t id) {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + request.path +
         R"(","params":)" + (request.body.empty() ? "[]" : request.body) + "}";
}

bool RpcIdIs(const std::string& answer, std::uint64_t id) {
  // As Geth writes it, without a walk through megabytes.
  const std::string start = R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + ",";
  if (answer.starts_with(start)) return true;
  const auto same = Decode(answer, [id](JsonValue root) {
    JsonValue told = root.get_object().value().find_field_unordered("id");
    return told.is_null() || told.get_uint64() == id;
  });
  return same && *same;
}

Checked<std::shared_ptr<Upstream>> RpcUpstream(const std::string& url,
                                               const UpstreamOptions& options) {
  if (url.starts_with("unix:/")) return IpcRpcUpstream(url.substr(5), options);
  if (url.starts_with('/')) return IpcRpcUpstream(url, options);
  if (url.starts_with("ws://") || url.starts_with("wss://")) {
    return WebSocketRpcUpstream(url, options);
  }
  auto http = HttpUpstream(url, options);
  if (!http) {
    return std::unexpected(http.error() +
                           "; http(s)://…, ws(s)://… or the path of a socket is right");
  }
  return std::make_shared<HttpRpc>(std::move(*http));
}

}  // namespace stakewatch
