#pragma once
// Source rpc: what the daemon says of itself. One lock serves all of its calls and each question
// costs it a line of its log, so a job asks, on one connection that is kept.
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/metrics.h"
#include "common/result.h"
#include "common/scrape/job.h"
#include "exporters/supervisor/client.h"

namespace stakewatch::supervisor {

// How a question ended.
inline constexpr std::array<std::string_view, 7> kResults = {
    "ok", "no_socket", "refused", "timeout", "auth_denied", "tls_error", "bad_answer"};
std::string_view ResultOf(const std::optional<Error>& error);

void TellHealth(const Health& health, Sheet& sheet);

class RpcJob {
 public:
  // Asks every `interval`, and waits `timeout` for an answer.
  RpcJob(RpcAccess access, milliseconds interval, milliseconds timeout);

  void Start() { job_.Start(); }
  // Of the last question: what it told, or how it failed. A time-out is no failure of the source.
  Result<void> Tell(Sheet& sheet) const;
  // Of the pinned certificate.
  std::optional<std::int64_t> CertificateNotAfter() const;

 private:
  Client client_;
  Job<Health> job_;  // Last: it uses the client.
};

}  // namespace stakewatch::supervisor
