#pragma once
// Everything this exporter can ask supervisord for. All of it reads: who may ask may also stop
// every process of the host, so there is no way to say another method.
#include <array>
#include <string>
#include <string_view>

#include "common/deadline.h"
#include "common/result.h"
#include "common/upstream/upstream.h"
#include "common/xml_rpc.h"

namespace stakewatch::supervisord {

enum class Call {
  kGetApiVersion,
  kGetSupervisorVersion,
  kGetIdentification,
  kGetState,
  kGetAllProcessInfo,
};

// In the order of Call: methods of the namespace supervisor, which also name the recorded answers.
inline constexpr std::array<std::string_view, 5> kCalls = {
    "getAPIVersion", "getSupervisorVersion", "getIdentification", "getState", "getAllProcessInfo"};

// Supervisor's faults: while it stops, it answers every call, getState too, by this one.
inline constexpr int kFaultShutdownState = 6;

// Borrows the upstream.
class Client {
 public:
  explicit Client(const Upstream& supervisord) : supervisord_(supervisord) {}

  // The answer as `parse(const std::string&) -> Result<T>` reads it. An error says which call it
  // was.
  template <class Parse>
  auto Ask(Call call, const Deadline& deadline, Parse parse) const
      -> decltype(parse(std::string())) {
    const auto answer = Answer(call, deadline);
    if (!answer) return std::unexpected(answer.error());
    auto parsed = parse(*answer);
    if (!parsed) return std::unexpected(Explain(call, parsed.error()));
    return parsed;
  }

 private:
  Result<std::string> Answer(Call call, const Deadline& deadline) const;
  static Error Explain(Call call, Error error);

  const Upstream& supervisord_;
};

}  // namespace stakewatch::supervisord
