#include "exporters/supervisor/rpc.h"

#include <cerrno>
#include <string>
#include <utility>

#include "common/net/client_tls.h"
#include "exporters/supervisor/metrics.h"

namespace stakewatch::supervisor {
namespace {

std::optional<double> Flag(std::optional<bool> value) {
  if (!value) return std::nullopt;
  return *value ? 1 : 0;
}

}  // namespace

std::string_view ResultOf(const std::optional<Error>& error) {
  if (!error) return "ok";
  switch (error->reason) {
    case Reason::kUnreachable:
      return error->code == ENOENT ? "no_socket" : "refused";
    case Reason::kTimeout:
      return "timeout";
    case Reason::kTls:
      return "tls_error";
    case Reason::kRpcError:
      return "auth_denied";
    case Reason::kHttpStatus:
    case Reason::kQueryError:
    case Reason::kBadAnswer:
      break;
  }
  return "bad_answer";
}

void TellHealth(const Health& health, Sheet& sheet) {
  sheet.Set(kUnlocked, Flag(health.unlocked));
  sheet.Set(kValidatorSupervised, Flag(health.validator_running));
  sheet.Set(kBeaconConnected, Flag(health.connected));
  if (health.connected.value_or(false)) {
    sheet.Set(kConnectedNodeInfo, 1, health.connected_host, std::to_string(health.connected_port));
  }
  if (health.release) {
    sheet.Set(kReleaseInfo, 1, health.release->impl, health.release->version,
              health.release->checksum);
  }
}

RpcJob::RpcJob(RpcAccess access, milliseconds interval, milliseconds timeout)
    : client_(std::move(access)),
      job_({.schedule = Every(interval, interval), .run_time_max = timeout},
           [this](const Deadline& deadline) { return client_.AskHealth(deadline); }) {}

Result<void> RpcJob::Tell(Sheet& sheet) const {
  const auto now = job_.Now();
  if (now.past.runs > 0) {
    const std::string_view ended = ResultOf(now.past.error);
    for (const std::string_view result : kResults) {
      sheet.Set(kRpcLastResult, result == ended ? 1 : 0, result);
    }
  }
  sheet.Set(kRpcAuthentications, static_cast<double>(client_.Authentications()));
  if (now.found != nullptr && !now.past.error) TellHealth(*now.found, sheet);
  auto told = TellJob(now.past, {kRpcLastSuccess, kRpcDuration, kRpcFailures}, sheet);
  // A daemon that is busy is not down.
  if (!told && told.error().reason == Reason::kTimeout) return {};
  return told;
}

std::optional<std::int64_t> RpcJob::CertificateNotAfter() const {
  const std::string& file = client_.Peer().certificate_file;
  if (file.empty()) return std::nullopt;
  const auto end = CertificateEnd(file);
  return end ? std::optional(*end) : std::nullopt;
}

}  // namespace stakewatch::supervisor
