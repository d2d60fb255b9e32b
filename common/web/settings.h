#pragma once
// What the web configuration file and the files it names say now: read again when they change,
// without a restart. A version that cannot be read leaves the last good one in force.
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/file.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/web/auth.h"
#include "common/web/bucket.h"
#include "common/web/config.h"
#include "common/web/tls.h"

namespace stakewatch {

// One version, never changed once made. A connection holds the one it began with.
struct WebVersion {
  WebConfig config;
  std::shared_ptr<const TlsContext> tls;    // Null: plain HTTP.
  std::shared_ptr<BasicAuth> auth;          // Null: for everybody.
  std::shared_ptr<TokenBucket> rate_limit;  // Null: none.
};

// Files and how they were before they were read. A file that is written meanwhile is read once
// more; were it stamped afterwards, the change would be missed.
struct WatchedFiles {
  std::vector<std::string> paths;
  std::vector<FileStamp> stamps;

  void Add(const std::string& path);
  bool Changed() const;
};

// Reads `config_file`, and what it names. Empty: the version without a configuration. `watched` is
// filled also when that fails.
Checked<std::shared_ptr<const WebVersion>> ReadWebVersion(const std::string& config_file,
                                                          WatchedFiles& watched);

// Thread-safe.
class WebSettings {
 public:
  static Checked<std::unique_ptr<WebSettings>> Open(const std::string& config_file,
                                                    OwnMetrics& own);

  // Looks at the files at most once a second.
  std::shared_ptr<const WebVersion> Current();

 private:
  WebSettings(const std::string& config_file, OwnMetrics& own);
  void ReloadIfChanged();

  const std::string config_file_;
  OwnMetrics& own_;
  std::mutex mutex_;  // Of current_ and next_look_.
  std::shared_ptr<const WebVersion> current_;
  Deadline next_look_;
  std::mutex looking_;    // Of watched_.
  WatchedFiles watched_;  // Of the version that was last tried, good or not.
};

}  // namespace stakewatch
