#include "actions/restart_hook/supervisor.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "common/net/net.h"
#include "common/text.h"
#include "common/upstream/upstream.h"
#include "common/xml_rpc.h"

namespace stakewatch::restart_hook {
namespace {

constexpr std::chrono::seconds kPatience(5);
constexpr std::size_t kBodyBytesMax = 64U << 10;  // One process is 1.3 KB.

enum class Call { kLook, kStop, kStart };

// The program's name has no character that XML minds: ParseConfig sees to that. The boolean says
// not to wait: an answer that comes when the program has ended comes too late for us.
std::string BodyOf(Call call, const std::string& program) {
  const std::string_view method = call == Call::kLook   ? "supervisor.getProcessInfo"
                                  : call == Call::kStop ? "supervisor.stopProcess"
                                                        : "supervisor.startProcess";
  const auto param = [](const std::string& value) {
    return "<param><value>" + value + "</value></param>";
  };
  return "<?xml version=\"1.0\"?><methodCall><methodName>" + std::string(method) +
         "</methodName><params>" + param("<string>" + program + "</string>") +
         (call == Call::kLook ? "" : param("<boolean>0</boolean>")) + "</params></methodCall>";
}

// Elsewhere the same number is another process.
bool IsHere(const std::string& url) {
  const auto parsed = ParseUrlOrSocket(url);
  return parsed && (!parsed->socket.empty() || parsed->host == "localhost" ||
                    parsed->host == "::1" || parsed->host.starts_with("127."));
}

bool HasChildProcesses(std::int64_t pid) {
  std::error_code none;
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task", none);
  if (none) return false;
  for (const auto& task : tasks) {
    std::ifstream children(task.path() / "children");
    if (std::int64_t child = 0; children >> child) return true;
  }
  return false;
}

class XmlRpcSupervisor : public Supervisor {
 public:
  explicit XmlRpcSupervisor(const Target& target) : url_(target.url), program_(target.program) {
    options_.username = target.username;
    options_.password_file = target.password_file;
    options_.body_bytes_max = kBodyBytesMax;
  }

  Result<Process> Look() const override {
    const auto answer = Ask(Call::kLook);
    if (!answer) return std::unexpected(answer.error());
    return ParseProcess(*answer);
  }
  Result<void> Stop() const override { return Tell(Call::kStop); }
  Result<void> Start() const override { return Tell(Call::kStart); }
  bool HasChildren(const Process& process) const override {
    return IsHere(url_) && HasChildProcesses(process.pid);
  }

 private:
  Result<void> Tell(Call call) const {
    const auto answer = Ask(call);
    if (!answer) return std::unexpected(answer.error());
    return ParseYes(*answer);
  }
  Result<std::string> Ask(Call call) const {
    const auto upstream = HttpUpstream(url_, options_);
    if (!upstream) return Fail(Reason::kUnreachable, upstream.error());
    constexpr std::string_view kNames[] = {"getProcessInfo", "stopProcess", "startProcess"};
    return (*upstream)->Ask(
        {kNames[static_cast<std::size_t>(call)], "/RPC2", BodyOf(call, program_), "text/xml"},
        Deadline(kPatience));
  }

  const std::string url_, program_;
  UpstreamOptions options_;
};

}  // namespace

std::unique_ptr<const Supervisor> SupervisorOf(const Target& target) {
  return std::make_unique<XmlRpcSupervisor>(target);
}

Result<Process> ParseProcess(const std::string& answer) {
  return DecodeXmlRpc(answer, [](XmlRpcValue info) {
    Process process;
    process.state = info.Member("state").Int();
    process.state_name = CleanText(info.Member("statename").String(), 40);
    process.start = info.Member("start").Int();
    process.stop = info.Member("stop").Int();
    process.now = info.Member("now").Int();
    process.pid = info.Member("pid").Int();
    return process;
  });
}

Result<void> ParseYes(const std::string& answer) {
  const auto yes = DecodeXmlRpc(answer, [](XmlRpcValue value) { return value.Bool(); });
  if (!yes) return std::unexpected(yes.error());
  if (!*yes) return Fail(Reason::kBadAnswer, "neither yes nor a fault");
  return {};
}

}  // namespace stakewatch::restart_hook
