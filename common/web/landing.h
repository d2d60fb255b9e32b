#pragma once
// The page at /: what this is, how each source fares, and where to go from here.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/scrape/scrape.h"

namespace stakewatch {

struct Landing {
  std::string_view name;
  std::string_view about;
  std::string_view version;
  std::string telemetry_path;
  std::optional<bool> probe = false;  // Whether /probe is on; none where there is none.
  std::vector<SourceState> sources;
};

// `now` in Unix seconds. All foreign text is escaped.
std::string LandingPage(const Landing& landing, std::int64_t now);

}  // namespace stakewatch
