#pragma once
// Many targets from one exporter, as blackbox_exporter: /probe?target=<url>.
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/scrape/scrape.h"

namespace stakewatch {

// True if `target` is a URL of http, https, ws or wss that matches one of `patterns` as a whole. In
// a pattern, * stands for one or more letters, digits, - and _: it never crosses a dot, a slash or
// a colon, so that http://10.0.0.*:8545 allows no host but the 254 that it shows.
bool ProbeAllowed(std::string_view target, const std::vector<std::string>& patterns);

// The scrapers of the targets that were asked for, kept between probes for their connections and
// breakers; the one unused for longest makes room. Thread-safe.
class ProbeTargets {
 public:
  using Make = std::function<Checked<std::vector<Source>>(const std::string& target)>;
  static constexpr std::size_t kTargetsMax = 10000;

  ProbeTargets(Make make, std::span<const MetricRow> metrics, Crew& crew)
      : make_(std::move(make)), metrics_(metrics), crew_(crew) {}
  Checked<std::shared_ptr<Scraper>> Of(const std::string& target);

 private:
  struct Entry {
    std::string target;
    std::shared_ptr<Scraper> scraper;
  };

  Make make_;
  std::span<const MetricRow> metrics_;
  Crew& crew_;
  std::mutex mutex_;
  std::list<Entry> by_use_;  // The last used first.
  std::map<std::string, std::list<Entry>::iterator, std::less<>> by_target_;
};

}  // namespace stakewatch
