#include "exporters/supervisord/client.h"

namespace stakewatch::supervisord {
namespace {

std::string_view NameOf(Call call) {
  return kCalls[static_cast<std::size_t>(call)];
}

}  // namespace

Result<std::string> Client::Answer(Call call, const Deadline& deadline) const {
  const std::string method = "supervisor." + std::string(NameOf(call));
  auto answer = supervisord_.Ask({NameOf(call), "/RPC2", XmlRpcCall(method), "text/xml"}, deadline);
  if (!answer && answer.error().reason == Reason::kHttpStatus && answer.error().code == 401) {
    // Its own words are a page of HTML.
    answer.error().what =
        "HTTP 401: supervisord wants a user and password, or others than those "
        "of --supervisord.username and --supervisord.password-file";
    return std::unexpected(Explain(call, answer.error()));
  }
  return answer;
}

Error Client::Explain(Call call, Error error) {
  error.what = std::string(NameOf(call)) + ": " + error.what;
  return error;
}

}  // namespace stakewatch::supervisord
