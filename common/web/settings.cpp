#include "common/web/settings.h"

#include <utility>

#include "common/log.h"
#include "common/web/web.h"

namespace stakewatch {
namespace {

constexpr milliseconds kLookInterval(1000);

}  // namespace

void WatchedFiles::Add(const std::string& path) {
  paths.push_back(path);
  stamps.push_back(StampOf(path));
}

bool WatchedFiles::Changed() const {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (StampOf(paths[i]) != stamps[i]) return true;
  }
  return false;
}

Checked<std::shared_ptr<const WebVersion>> ReadWebVersion(const std::string& config_file,
                                                          WatchedFiles& watched) {
  auto version = std::make_shared<WebVersion>();
  if (config_file.empty()) return version;
  watched.Add(config_file);
  auto config = ReadWebConfig(config_file);
  if (!config) return std::unexpected(config.error());
  version->config = *std::move(config);
  if (const auto& tls_config = version->config.tls) {
    watched.Add(tls_config->cert_file);
    watched.Add(tls_config->key_file);
    if (!tls_config->client_ca_file.empty()) watched.Add(tls_config->client_ca_file);
    auto tls = TlsContext::Make(*tls_config);
    if (!tls) return std::unexpected(config_file + ": " + tls.error());
    version->tls = *tls;
  }
  if (!version->config.users.empty()) {
    version->auth = std::make_shared<BasicAuth>(version->config.users);
  }
  if (const auto& limit = version->config.rate_limit) {
    version->rate_limit = std::make_shared<TokenBucket>(limit->interval, limit->burst);
  }
  return version;
}

WebSettings::WebSettings(const std::string& config_file, OwnMetrics& own)
    : config_file_(config_file), own_(own), next_look_(kLookInterval) {}

Checked<std::unique_ptr<WebSettings>> WebSettings::Open(const std::string& config_file,
                                                        OwnMetrics& own) {
  std::unique_ptr<WebSettings> settings(new WebSettings(config_file, own));
  own.CounterOf(kWebConfigReloadFailures);  // From zero on, so that the first failure is seen.
  auto version = ReadWebVersion(config_file, settings->watched_);
  if (!version) return std::unexpected(version.error());
  settings->current_ = *std::move(version);
  return settings;
}

std::shared_ptr<const WebVersion> WebSettings::Current() {
  bool look = false;
  {
    const std::lock_guard lock(mutex_);
    look = !config_file_.empty() && next_look_.Over();
    if (look) next_look_ = Deadline(kLookInterval);
  }
  if (look) ReloadIfChanged();
  const std::lock_guard lock(mutex_);
  return current_;
}

void WebSettings::ReloadIfChanged() {
  const std::unique_lock looking(looking_, std::try_to_lock);
  if (!looking || !watched_.Changed()) return;
  watched_ = {};
  auto version = ReadWebVersion(config_file_, watched_);
  if (!version) {
    own_.CounterOf(kWebConfigReloadFailures).Increment();
    Log(LogLevel::kWarn, "the changed web configuration is not used; the last good one is kept",
        {{"why", version.error()}});
    return;
  }
  Log(LogLevel::kInfo, "the web configuration was read again", {{"file", config_file_}});
  const std::lock_guard lock(mutex_);
  current_ = *std::move(version);
}

}  // namespace stakewatch
