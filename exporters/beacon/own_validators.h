#pragma once
// All that beacon_exporter does about the operator's own validators, for its list of sources: flags
// in, sources and the page /restart-window out.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/unix_time.h"
#include "exporters/beacon/chain.h"
#include "exporters/beacon/restart_window.h"

namespace stakewatch::beacon {

struct ValidatorSettings {
  std::string file;  // --validators-file; empty: no own validators.
  std::size_t per_key_limit = 64;
  std::vector<std::string> fee_recipients;
  RestartSettings restart;
  std::string keymanager_url;  // Empty: not asked.
  UpstreamOptions keymanager;
};

void DeclareValidatorFlags(Flags& flags, ValidatorSettings& settings);

// In the order of docs/metrics.md.
inline constexpr std::array<std::string_view, 4> kValidatorSourceNames = {"validators", "duties",
                                                                          "schedule", "keymanager"};

struct ValidatorSources {
  std::vector<Source> sources;
  std::shared_ptr<const RestartWindow> restart_window;  // Null without own validators.
};

// Checks the settings and reads the file. `own` outlives the sources, and may be null; the jobs
// begin when a source is started.
Checked<ValidatorSources> MakeValidatorSources(const ValidatorSettings& settings,
                                               std::shared_ptr<const Upstream> node,
                                               OwnMetrics* own,
                                               std::function<double()> now = UnixNow);

}  // namespace stakewatch::beacon
