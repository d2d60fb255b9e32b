#include "exporters/beacon/keymanager.h"

#include <utility>

#include "common/json.h"
#include "exporters/beacon/metrics.h"
#include "exporters/beacon/node.h"

namespace stakewatch::beacon {
namespace {

const KeymanagerRow& Row(KeymanagerCall call) {
  return kKeymanagerCalls[static_cast<std::size_t>(call)];
}

// What to do about a refusal; empty for another status. The client's own words are not told: they
// may quote what was asked.
std::string_view Advice(int status) {
  switch (status) {
    case 401:
      return "HTTP 401: the validator client wants a token: --keymanager.bearer-token-file";
    case 403:
      return "HTTP 403: the validator client does not accept the token of "
             "--keymanager.bearer-token-file";
    case 503:
      return "HTTP 503: the validator client has no wallet, or is not ready";
    default:
      return "";
  }
}

}  // namespace

Request ToRequest(KeymanagerCall call) {
  return {Row(call).name, std::string(Row(call).path), ""};
}

Result<std::optional<std::string>> KeymanagerClient::Ask(KeymanagerCall call,
                                                         const Deadline& deadline) const {
  auto answer = upstream_.Ask(ToRequest(call), deadline);
  if (answer) return std::move(*answer);
  Error error = answer.error();
  if (error.reason == Reason::kHttpStatus) {
    if (error.code == 404 || error.code == 405 || error.code == 501) return std::nullopt;
    if (const std::string_view advice = Advice(error.code); !advice.empty()) error.what = advice;
  }
  error.what = std::string(Row(call).name) + ": " + error.what;
  return std::unexpected(std::move(error));
}

Result<std::optional<std::uint64_t>> KeymanagerClient::CountKeys(KeymanagerCall call,
                                                                 const Deadline& deadline) const {
  const auto asked = Ask(call, deadline);
  if (!asked) return std::unexpected(asked.error());
  const std::optional<std::string>& answer = *asked;
  if (!answer) return std::nullopt;
  const auto count = ParseKeyCount(*answer);
  if (!count) {
    return Fail(count.error().reason, std::string(Row(call).name) + ": " + count.error().what);
  }
  return *count;
}

Result<std::optional<ClientName>> KeymanagerClient::AskVersion(const Deadline& deadline) const {
  const auto asked = Ask(KeymanagerCall::kPrysmVersion, deadline);
  if (!asked) return std::unexpected(asked.error());
  const std::optional<std::string>& answer = *asked;
  if (!answer) return std::nullopt;
  auto name = ParseValidatorClientVersion(*answer);
  if (!name) return Fail(name.error().reason, "health_version: " + name.error().what);
  return std::move(*name);
}

Result<std::uint64_t> ParseKeyCount(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    std::uint64_t count = 0;
    for (auto element : root.get_object().find_field_unordered("data").get_array()) {
      // Each is an object, whatever is in it.
      (void)element.get_object().value();
      ++count;
    }
    return count;
  });
}

Result<ClientName> ParseValidatorClientVersion(const std::string& answer) {
  return Decode(answer, [](JsonValue root) {
    return ParseBeaconClientName(
        std::string_view(root.get_object().find_field_unordered("validator").get_string()));
  });
}

Result<void> ScrapeKeymanager(const KeymanagerClient& client, const Deadline& deadline,
                              Sheet& sheet) {
  const auto local = client.CountKeys(KeymanagerCall::kKeystores, deadline);
  if (!local) return std::unexpected(local.error());
  const std::optional<std::uint64_t> keystores = *local;
  if (!keystores) {
    return Fail(Reason::kHttpStatus, "keystores: HTTP 404: this is no keymanager API", 404);
  }
  sheet.Set(kKeymanagerKeys, static_cast<double>(*keystores), "local");
  const auto remote = client.CountKeys(KeymanagerCall::kRemoteKeys, deadline);
  if (!remote) return std::unexpected(remote.error());
  const std::optional<std::uint64_t> remote_keys = *remote;
  if (remote_keys) sheet.Set(kKeymanagerKeys, static_cast<double>(*remote_keys), "remote");
  // Not all clients have a version to tell, and none must have.
  const auto version = client.AskVersion(deadline);
  if (!version && version.error().reason != Reason::kHttpStatus) {
    return std::unexpected(version.error());
  }
  const auto name = version.value_or(std::nullopt);
  if (name) sheet.Set(kValidatorClientInfo, 1, name->client, name->version);
  return {};
}

}  // namespace stakewatch::beacon
