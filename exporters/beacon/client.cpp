#include "exporters/beacon/client.h"

#include <cstdio>
#include <cstdlib>

namespace stakewatch::beacon {
namespace {

const CallRow& Row(Call call) {
  return kCalls[static_cast<std::size_t>(call)];
}

void Require(bool ok, std::string_view name) {
  if (ok) return;
  std::fprintf(stderr, "a question that lacks what it needs: %s\n", std::string(name).c_str());
  std::abort();
}

// ["0","1"]. Ids are digits or 0x…, which need no escapes.
void AppendJsonArray(const std::vector<std::string>& ids, std::string& text) {
  std::size_t bytes = text.size() + 3;
  for (const std::string& id : ids) bytes += id.size() + 3;
  text.reserve(bytes);
  text += '[';
  for (const std::string& id : ids) {
    if (&id != ids.data()) text += ',';
    text.append("\"").append(id).append("\"");
  }
  text += ']';
}

}  // namespace

Request ToRequest(const Question& question, std::string& name) {
  const CallRow& row = Row(question.call);
  name = row.name;
  std::string path(row.path);
  const std::size_t place = path.find("{}");
  Require((place != std::string::npos) == question.at.has_value(), row.name);
  const bool about_ids = row.body == Body::kIds || row.body == Body::kFilter;
  Require(about_ids == !question.ids.empty(), row.name);
  if (question.at) {
    const std::string at = std::to_string(*question.at);
    path.replace(place, 2, at);
    name += "_" + at;
  }
  std::string body;
  if (row.body == Body::kFilter) body = R"({"ids":)";
  if (row.body != Body::kNone) AppendJsonArray(question.ids, body);
  if (row.body == Body::kFilter) body += '}';
  return {name, std::move(path), std::move(body)};
}

Result<std::string> Client::Answer(const Question& question, const Deadline& deadline) const {
  std::string name;
  const Request request = ToRequest(question, name);
  return node_.Ask(request, deadline);
}

Result<void> Client::AskInPieces(const Question& question, const Deadline& deadline,
                                 std::uint64_t bytes_max, Pieces& to) const {
  std::string name;
  const Request request = ToRequest(question, name);
  return node_.AskInPieces(request, deadline, bytes_max, to);
}

Error Client::Explain(const Question& question, const Error& error) {
  Error told = error;
  told.what = std::string(Row(question.call).name) + ": " + error.what;
  return told;
}

Result<std::uint64_t> AskBlockNumber(const Upstream& execution, const Deadline& deadline) {
  const auto answer = execution.Ask({"eth_blockNumber", "eth_blockNumber", "[]"}, deadline);
  if (!answer) return std::unexpected(answer.error());
  return DecodeRpc(*answer, HexQuantity);
}

}  // namespace stakewatch::beacon
