#include "exporters/supervisor/client.h"

#include <algorithm>
#include <utility>

#include "common/blake2.h"
#include "common/json.h"
#include "common/secrets.h"
#include "common/text.h"

namespace stakewatch::supervisor {
namespace {

// BLAKE2b-128 of "VALIDATOR SUPERVISOR RPC AUTH".
constexpr std::string_view kPersonalisation =
    "\x2e\x3c\xd9\x06\x33\x6d\x48\x51\xf0\xd4\xec\x12\x09\xd4\xa3\x3b";
constexpr std::size_t kChallengeDigits = 32;
constexpr std::size_t kWordsMax = 200;  // Of an error.

constexpr std::string_view kLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.@";

bool IsChallenge(std::string_view text) {
  return text.size() == kChallengeDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The envelope, whose error is a plain string.
template <class Read>
auto DecodeLine(const std::string& line, std::uint64_t id, Read read)
    -> Result<std::invoke_result_t<Read, JsonValue>> {
  std::optional<std::invoke_result_t<Read, JsonValue>> result;
  std::optional<std::string> error;
  bool own = false, nobodys = false;
  const auto decoded = Decode(line, [&](JsonValue root) {
    for (auto field : root.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue value = field.value();
      if (key == "id") {
        nobodys = value.is_null();
        own = !nobodys && value.get_uint64() == id;
      } else if (key == "result") {
        result = read(value);
      } else if (key == "error") {
        error = CleanText(std::string_view(value.get_string()), kWordsMax);
      }
    }
    return true;
  });
  if (!decoded) return std::unexpected(decoded.error());
  if (error && nobodys) return Fail(Reason::kBadAnswer, "not understood: " + *error);
  if (!own) return Fail(Reason::kBadAnswer, "the answer is of another call");
  if (error) return Fail(Reason::kRpcError, *error);
  if (!result) return Fail(Reason::kBadAnswer, "neither a result nor an error");
  return std::move(*result);
}

Health::Release ReadRelease(JsonObject release) {
  Health::Release read;
  for (auto field : release) {
    const std::string_view key = field.unescaped_key();
    std::string* const to = key == "impl_name"  ? &read.impl
                            : key == "version"  ? &read.version
                            : key == "checksum" ? &read.checksum
                                                : nullptr;
    if (to != nullptr) *to = std::string_view(field.value().get_string());
  }
  return read;
}

void ReadConnected(JsonValue value, Health& health) {
  health.connected = !value.is_null();
  if (!*health.connected) return;
  std::size_t at = 0;
  for (auto item : value.get_array()) {
    if (at == 0) health.connected_host = std::string_view(item.get_string());
    if (at == 1) health.connected_port = item.get_uint64();
    ++at;
  }
  if (at != 2) throw BadShape{"connected_node is not [host, port]"};
}

Error Explain(Call call, Error error) {
  error.what = std::string(kCalls[static_cast<std::size_t>(call)]) + ": " + error.what;
  return error;
}

}  // namespace

Result<std::string> AskService(const Upstream& forward, Service service, const Deadline& deadline) {
  const ServiceRow& row = kServices[static_cast<std::size_t>(service)];
  return forward.Ask(Request{row.name, std::string(row.path), ""}, deadline);
}

Result<Health> ParseHealth(const std::string& answer, std::uint64_t id) {
  return DecodeLine(answer, id, [](JsonValue value) {
    Health health;
    for (auto field : value.get_object()) {
      const std::string_view key = field.unescaped_key();
      JsonValue member = field.value();
      if (key == "unlocked") health.unlocked = member.get_bool();
      if (key == "validator_running") health.validator_running = member.get_bool();
      if (key == "connected_node") ReadConnected(member, health);
      if (key == "validator_release" && !member.is_null()) {
        health.release = ReadRelease(member.get_object());
      }
    }
    return health;
  });
}

Result<std::string> ParseText(const std::string& answer, std::uint64_t id) {
  return DecodeLine(answer, id, [](JsonValue value) {
    return std::string(std::string_view(value.get_string()));
  });
}

std::string AuthResponse(std::string_view key, std::string_view challenge) {
  return Blake2bMac(key, kPersonalisation, challenge);
}

Checked<void> CheckAccess(const RpcAccess& access) {
  if (access.user.empty() || access.user.find_first_not_of(kLetters) != std::string::npos) {
    return std::unexpected("--supervisor.user: letters, digits and -_.@ are right");
  }
  if (access.key_file.empty()) return std::unexpected("--supervisor.key-file is missing");
  const auto key = ReadSecret(access.key_file);
  if (!key) return std::unexpected("--supervisor.key-file: " + key.error());
  if (AuthResponse(*key, "").empty()) {
    return std::unexpected("--supervisor.key-file: " + access.key_file +
                           ": no key: the 32 hex digits of rpc_users are right");
  }
  return {};
}

Result<Client::Answer> Client::Ask(Call call, std::string_view params, const Deadline& deadline) {
  const std::uint64_t id = ++last_id_;
  auto line = link_->Ask(
      R"({"jsonrpc": "2.0", "method": ")" + std::string(kCalls[static_cast<std::size_t>(call)]) +
          R"(", "params": )" + std::string(params) + R"(, "id": )" + std::to_string(id) + "}",
      kLineBytesMax, deadline);
  if (!line) return std::unexpected(Explain(call, std::move(line.error())));
  return Answer{std::move(*line), id};
}

Result<void> Client::Authenticate(const Deadline& deadline) {
  const auto asked = Ask(Call::kGetAuthChallenge, "[]", deadline);
  if (!asked) {
    Error error = asked.error();
    if (error.reason == Reason::kUnreachable && access_.peer.certificate_file.empty()) {
      error.what += "; does it speak TLS (--supervisor.rpc-certificate)?";
    }
    return std::unexpected(error);
  }
  // Whoever it is: the end of the connection is from here on in the middle of an exchange.
  const auto broken = [](Error error) {
    if (error.reason == Reason::kUnreachable) error.reason = Reason::kBadAnswer;
    return std::unexpected(std::move(error));
  };
  const auto challenge = ParseText(asked->line, asked->id);
  if (!challenge || !IsChallenge(*challenge)) {
    return Fail(
        Reason::kBadAnswer,
        "get_auth_challenge: " + (challenge ? "no challenge: " + CleanText(*challenge, kWordsMax)
                                            : challenge.error().what));
  }
  const auto key = ReadSecret(access_.key_file);
  if (!key) return Fail(Reason::kRpcError, "--supervisor.key-file: " + key.error());
  const auto answered =
      Ask(Call::kAuth, "[\"" + access_.user + "\", \"" + AuthResponse(*key, *challenge) + "\"]",
          deadline);
  if (!answered) return broken(answered.error());
  const auto verdict = ParseText(answered->line, answered->id);
  if (!verdict) return std::unexpected(Explain(Call::kAuth, verdict.error()));
  if (*verdict != "accepted") {
    return Fail(Reason::kBadAnswer, "auth: " + CleanText(*verdict, kWordsMax));
  }
  ++authentications_;
  return {};
}

Result<Health> Client::AskKept(const Deadline& deadline) {
  const auto answer = Ask(Call::kGetHealth, "[]", deadline);
  if (!answer) return std::unexpected(answer.error());
  auto health = ParseHealth(answer->line, answer->id);
  if (!health) return std::unexpected(Explain(Call::kGetHealth, health.error()));
  return health;
}

// A daemon that was restarted in between has closed the connection: asked once more, afresh.
Result<Health> Client::AskHealth(const Deadline& deadline) {
  if (link_ != nullptr) {
    auto health = AskKept(deadline);
    if (health) return health;
    const bool again = link_->WentAway() || health.error().reason == Reason::kRpcError;
    link_.reset();
    if (!again) return health;
  }
  const auto named = [this](Error error) {
    error.what = access_.peer.Name() + " " + error.what;
    link_.reset();
    return std::unexpected(std::move(error));
  };
  auto link = LineLink::Connect(access_.peer, deadline);
  if (!link) return named(std::move(link.error()));
  link_ = std::move(*link);
  last_id_ = 0;
  if (auto done = Authenticate(deadline); !done) return named(std::move(done.error()));
  auto health = AskKept(deadline);
  if (health) return health;
  // The user was accepted, and the connection taken: what fails now is the answer.
  if (const Reason reason = health.error().reason;
      reason == Reason::kUnreachable || reason == Reason::kRpcError) {
    health.error().reason = Reason::kBadAnswer;
  }
  return named(std::move(health.error()));
}

}  // namespace stakewatch::supervisor
