// Envelopes and batches.
#include "tests/sim/rpc.h"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/sim/spoil.h"

namespace stakewatch::sim {
namespace {

using nlohmann::json;

constexpr std::array kCarriedKinds = {
    Kind::kHang,           Kind::kClose,
    Kind::kReset,          Kind::kHttp500,
    Kind::kHttp401,        Kind::kRedirect,
    Kind::kHtml,           Kind::kEmpty,
    Kind::kTruncated,      Kind::kNotJson,
    Kind::kDrip,           Kind::kEndlessBody,
    Kind::kEndlessHeaders, Kind::kEndlessHeaderLine,
    Kind::kDripHeader,     Kind::kEndlessChunkSize,
    Kind::kLyingLength,    Kind::kSlow,
};

std::string ErrorJson(const std::string& id, int code, std::string_view message) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
         R"(,"message":)" + JsonString(message) + "}}";
}

class Answerer {
 public:
  Answerer(Geth& geth, const FaultSet& faults, int node, Subscriber* subscriber, double now)
      : geth_(geth), faults_(faults), node_(node), subscriber_(subscriber), now_(now) {}

  // Adds the answer to `reply`; false when the call asks for none.
  bool One(const json& call, RpcReply& reply) {
    const auto method = call.is_object() ? call.find("method") : call.end();
    if (!call.is_object() || method == call.end() || !method->is_string()) {
      reply.body.push_back(Share(ErrorJson("null", -32600, "invalid request")));
      return true;
    }
    const auto& name = method->get_ref<const std::string&>();
    reply.methods.push_back(name);
    const auto id = call.find("id");
    if (id == call.end()) return false;
    if (!reply.carried) {
      if (const Fault* const fault = FindCarried(faults_, node_, name)) reply.carried = *fault;
    }
    Envelope(call, name, id->dump(), reply.body);
    return true;
  }

 private:
  Geth& geth_;
  const FaultSet& faults_;
  int node_;
  Subscriber* subscriber_;
  double now_;

  void Envelope(const json& call, const std::string& method, const std::string& id, Pieces& out) {
    const auto params = call.find("params");
    Outcome outcome =
        geth_.Call(method, params == call.end() ? json() : *params, subscriber_, now_);
    const Fault* const spoil = faults_.Any() ? FindSpoil(faults_, node_, method) : nullptr;
    if (spoil != nullptr) {
      const std::string& result = outcome.shared ? *outcome.shared : outcome.text;
      out.push_back(Share(SpoiledEnvelope(
          *spoil, id, outcome.error_code == 0 ? std::string_view(result) : "null")));
    } else if (outcome.error_code != 0) {
      out.push_back(Share(ErrorJson(id, outcome.error_code, outcome.text)));
    } else if (outcome.shared) {
      out.push_back(Share(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)"));
      out.push_back(std::move(outcome.shared));
      out.push_back(Share("}"));
    } else {
      out.push_back(Share(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + outcome.text + "}"));
    }
  }
};

void AddNewline(Pieces& body) {
  // The last piece is a small one of this answer alone.
  body.back() = Share(*body.back() + "\n");
}

}  // namespace

std::size_t Bytes(const Pieces& pieces) {
  std::size_t bytes = 0;
  for (const SharedText& piece : pieces) bytes += piece->size();
  return bytes;
}

std::string Join(const Pieces& pieces) {
  std::string text;
  text.reserve(Bytes(pieces));
  for (const SharedText& piece : pieces) text += *piece;
  return text;
}

const Fault* FindCarried(const FaultSet& faults, int node, std::string_view method) {
  if (!faults.Any()) return nullptr;
  for (const Kind kind : kCarriedKinds) {
    if (const Fault* const fault = faults.Find(kind, node, method)) return fault;
  }
  return nullptr;
}

RpcReply AnswerRpc(Geth& geth, const FaultSet& faults, int node, std::string_view request,
                   Subscriber* subscriber, double now) {
  RpcReply reply;
  const json call = json::parse(request, nullptr, false);
  if (call.is_discarded()) {
    reply.parse_error = true;
    reply.body.push_back(Share(ErrorJson("null", -32700, "parse error")));
    if (const Fault* const fault = FindCarried(faults, node, {})) reply.carried = *fault;
    return reply;
  }
  Answerer answerer(geth, faults, node, subscriber, now);
  if (!call.is_array()) {
    if (answerer.One(call, reply)) AddNewline(reply.body);
    return reply;
  }
  if (call.empty()) {
    reply.body.push_back(Share(ErrorJson("null", -32600, "empty batch") + "\n"));
    return reply;
  }
  Pieces answers;
  for (const json& one : call) {
    reply.body.clear();
    if (!answerer.One(one, reply)) continue;
    answers.push_back(Share(answers.empty() ? "[" : ","));
    answers.insert(answers.end(), reply.body.begin(), reply.body.end());
  }
  if (!answers.empty()) answers.push_back(Share("]\n"));
  reply.body = std::move(answers);
  return reply;
}

std::size_t EndOfValue(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return std::string_view::npos;
  if (text[start] != '{' && text[start] != '[') {
    const std::size_t newline = text.find('\n', start);
    return newline == std::string_view::npos ? newline : newline + 1;
  }
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace stakewatch::sim
