#pragma once
// Nodes of the tests: a recorded one with some answers replaced, and the page of one.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/jormungandr/jormungandr.h"
#include "exporters/jormungandr/metrics.h"
#include "exporters/jormungandr/stats.h"
#include "tests/testing.h"

namespace stakewatch::jormungandr::testing {

// By the name of the request. A text of three digits is an HTTP status, and may have a body behind
// a space; "hung" and "dead" are what they say.
using Answers = std::map<std::string, std::string, std::less<>>;

inline const std::string kPool = "18f4f88f34d72c4ade71385de97421fdd97b080fda1277ab132b161175352099";
inline const std::string kAccount =
    "93f0e2fb2090952face412c74d10cfa25e981de36130a654b152cd8ef665bc06";

inline std::string CaseFolder(const std::string& name) {
  return stakewatch::testing::TestsFolder() + "/jormungandr/cases/jormungandr-" + name;
}

inline double NowOf(const std::string& folder) {
  return std::stod(stakewatch::testing::ReadFile(folder + "/now.txt"));
}

class Altered : public Upstream {
 public:
  explicit Altered(Answers altered, const std::string& name = "0.13.0-running-leader")
      : answers(std::move(altered)), recorded_(RecordedUpstream(CaseFolder(name))) {}
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    const auto found = answers.find(request.name);
    if (found == answers.end()) return recorded_->Ask(request, deadline);
    const std::string& text = found->second;
    if (text == "hung") return Fail(Reason::kTimeout, "no answer in time");
    if (text == "dead") return Fail(Reason::kUnreachable, "Connection refused");
    const std::string status = text.substr(0, 3);
    const bool is_status = status.size() == 3 && (text.size() == 3 || text[3] == ' ') &&
                           status.find_first_not_of("0123456789") == std::string::npos;
    if (is_status) return Fail(Reason::kHttpStatus, "HTTP " + text, std::stoi(status));
    return text;
  }

  Answers answers;

 private:
  std::shared_ptr<Upstream> recorded_;
};

// Several scrapes of one node.
class Watch {
 public:
  explicit Watch(std::shared_ptr<const Upstream> node, double at,
                 std::vector<Reference> references = {}, const std::string& block0 = "")
      : now(at) {
    NodeParts parts;
    parts.node = std::move(node);
    parts.block0 = block0;
    parts.pools = {*Id::Of(kPool)};
    parts.accounts = {*Id::Of(kAccount)};
    parts.references = std::move(references);
    parts.now = [this] { return now; };
    scraper_ = std::make_unique<Scraper>(NodeSources(std::move(parts)), kMetrics, crew_, nullptr);
  }
  std::string Page() { return WritePage(scraper_->Scrape(Deadline(std::chrono::seconds(10)))); }

  double now;

 private:
  Crew crew_{16};
  std::unique_ptr<Scraper> scraper_;
};

inline std::string PageWith(Answers answers, const std::string& name = "0.13.0-running-leader",
                            const std::string& block0 = "") {
  return Watch(std::make_shared<Altered>(std::move(answers), name), NowOf(CaseFolder(name)), {},
               block0)
      .Page();
}

// The statistics alone, for versions of which nothing else is known.
inline std::string StatsPage(const Upstream& node, double now) {
  StartTime start;
  Sheet sheet(kMetrics);
  const auto scraped =
      ScrapeStats(Client(node), Deadline(std::chrono::seconds(1)), now, start, sheet);
  return (scraped ? "" : "failed: " + scraped.error().what + "\n") +
         WritePage(std::move(sheet).TakeFamilies());
}

inline bool Has(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

// The value of a sample, as it is written; empty: it is missing.
inline std::string Value(const std::string& page, const std::string& series) {
  const std::size_t at = ("\n" + page).find("\n" + series + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + series.size() + 1;
  return page.substr(begin, page.find('\n', begin) - begin);
}

}  // namespace stakewatch::jormungandr::testing
