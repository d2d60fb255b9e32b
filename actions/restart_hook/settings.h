#pragma once
// The flags of restart_hook, and what they make.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actions/restart_hook/config.h"
#include "actions/restart_hook/hook.h"
#include "common/flags.h"
#include "common/own_metrics.h"
#include "common/result.h"
#include "common/scrape/scrape.h"
#include "common/web/web.h"

namespace stakewatch::restart_hook {

struct Settings {
  std::string config_file, token_file, state_folder;
};

void DeclareFlags(Flags& flags, Settings& settings);

// Whether the header is "Bearer" with what the file says now.
bool BearerIs(std::string_view authorization, const std::string& token_file);

class Program {
 public:
  explicit Program(const Settings& settings) : settings_(settings) {}

  // Reads all files, and changes none. There are no sources.
  Checked<std::vector<Source>> Check(OwnMetrics& own);
  // Takes the lock of the state folder, and finishes what was begun before a crash.
  Checked<std::shared_ptr<void>> Start();
  std::map<std::string, WebPost> Posts();

 private:
  const Settings& settings_;
  OwnMetrics* own_ = nullptr;
  Config config_;
  Hook* hook_ = nullptr;  // Of what Start gave.
};

}  // namespace stakewatch::restart_hook
