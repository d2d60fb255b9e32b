#include "actions/restart_hook/settings.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "actions/restart_hook/journal.h"
#include "actions/restart_hook/supervisor.h"
#include "common/log.h"
#include "common/secrets.h"

namespace stakewatch::restart_hook {
namespace {

constexpr std::size_t kBodyBytesMax = 1U << 20;  // A thousand alerts.
constexpr std::size_t kTokenBytesMin = 16;
constexpr std::string_view kScheme = "bearer ";

}  // namespace

void DeclareFlags(Flags& flags, Settings& settings) {
  flags.Group("Hook");
  flags.Add("hook.config", settings.config_file,
            "YAML file of what may be restarted, and for which alerts. Without it nothing runs.");
  flags.Add("hook.token-file", settings.token_file,
            "File with the bearer token that a notification must bring, closed to the world.");
  flags.Add("hook.state-folder", settings.state_folder,
            "Folder for what must survive a crash, writable to this program alone. Without it "
            "there are only dry runs.");
}

bool BearerIs(std::string_view authorization, const std::string& token_file) {
  const auto token = ReadSecret(token_file);
  if (!token) {
    Log(LogLevel::kWarn, "no notification is taken", {{"why", token.error()}});
    return false;
  }
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  const bool bearer = std::ranges::equal(scheme, kScheme, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
  return bearer && SameSecret(authorization.substr(kScheme.size()), *token);
}

Checked<std::vector<Source>> Program::Check(OwnMetrics& own) {
  const auto wrong = [](const std::string& flag, const std::string& why) {
    return std::unexpected("--hook." + flag + ": " + why);
  };
  own_ = &own;
  if (settings_.config_file.empty()) return wrong("config", "is missing: nothing is to be done");
  auto config = ReadConfig(settings_.config_file);
  if (!config) return wrong("config", config.error());
  config_ = *std::move(config);
  if (settings_.token_file.empty()) return wrong("token-file", "is missing");
  const auto token = ReadSecret(settings_.token_file);
  if (!token) return wrong("token-file", token.error());
  if (token->size() < kTokenBytesMin) {
    return wrong("token-file", "has less than 16 characters; `openssl rand -hex 32` makes one");
  }
  if (!config_.dry_run) {
    if (settings_.state_folder.empty()) {
      return wrong("state-folder", "is missing, and dry_run: false needs it");
    }
    if (const auto checked = CheckStateFolder(settings_.state_folder); !checked) {
      return wrong("state-folder", checked.error());
    }
  }
  return std::vector<Source>();
}

Checked<std::shared_ptr<void>> Program::Start() {
  std::unique_ptr<Journal> journal;
  // A dry run leaves what a run before it has begun as it is.
  if (!config_.dry_run) {
    auto opened = Journal::Open(settings_.state_folder);
    if (!opened) return std::unexpected("--hook.state-folder: " + opened.error());
    journal = *std::move(opened);
  }
  Log(LogLevel::kInfo, "configured",
      {{"dry_run", config_.dry_run ? "true" : "false"},
       {"groups", std::to_string(config_.groups.size())}});
  auto hook = std::make_shared<Hook>(config_, std::move(journal), SupervisorOf, *own_);
  hook_ = hook.get();
  hook->Start();
  return hook;
}

std::map<std::string, WebPost> Program::Posts() {
  return {{"/webhook",
           {[this](std::string_view authorization) {
              return BearerIs(authorization, settings_.token_file);
            },
            kBodyBytesMax, [this](const WebRequest& request) { return hook_->Take(request); }}}};
}

}  // namespace stakewatch::restart_hook
