#include "exporters/supervisord/client.h"

namespace stakewatch::supervisord {
namespace {

std::string_view NameOf(Call call) {
  return kCalls[static_cast<std::size_t>(call)];
}

}  // namespace

Result<std::string> Client::Answer(Call call, const Deadline& deadline) const {
  const std::string method = "supervisor." + std::string(NameOf(call));
  return supervisord_.Ask({NameOf(call), "/RPC2", XmlRpcCall(method), "text/xml"}, deadline);
}

Error Client::Explain(Call call, Error error) {
  error.what = std::string(NameOf(call)) + ": " + error.what;
  return error;
}

}  // namespace stakewatch::supervisord
