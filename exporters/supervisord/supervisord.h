#pragma once
// The sources of one supervisord, and the flags that name it.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/unix_time.h"
#include "common/upstream/upstream.h"

namespace stakewatch::supervisord {

struct Settings {
  std::string url = "unix:///var/run/supervisor.sock";  // Of Debian's package.
  UpstreamOptions upstream;
};

void DeclareFlags(Flags& flags, Settings& settings);

// All names there are, in the order of docs/metrics.md.
std::vector<std::string> SourceNames();
// Checks the settings, too.
Checked<std::vector<Source>> Sources(const Settings& settings);
// `now` in Unix seconds.
std::vector<Source> SupervisordSources(std::shared_ptr<const Upstream> supervisord,
                                       std::function<double()> now = UnixNow);
// Of another host, asked with none of the credentials.
Checked<std::vector<Source>> ProbeSources(const Settings& settings, const std::string& target);

}  // namespace stakewatch::supervisord
