// Whole pages of recorded daemons, through the flags as an operator gives them.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <regex>
#include <string>
#include <thread>

#include "common/own_metrics.h"
#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/supervisor/metrics.h"
#include "exporters/supervisor/supervisor.h"
#include "tests/supervisor/replay.h"
#include "tests/testing.h"

namespace stakewatch::supervisor {
namespace {

using namespace std::chrono_literals;

// What no two runs share.
std::string WithoutClocks(const std::string& page) {
  static const std::regex kClocks(
      "\nvalidator_supervisor_rpc_(?:duration_seconds|last_success_timestamp_seconds) .*");
  return std::regex_replace(page, kClocks, "");
}

std::string PageOf(const Settings& settings) {
  OwnMetrics own;
  Crew crew(16);
  auto sources = Sources(settings);
  REQUIRE_MESSAGE(sources, sources.error());
  std::erase_if(*sources, [](const Source& source) { return source.name == "forwards"; });
  Scraper scraper(std::move(*sources), kMetrics, crew, nullptr);
  scraper.Start();
  const Deadline until(10s);
  std::string page;
  do {
    std::this_thread::sleep_for(5ms);
    page = WritePage(scraper.Scrape(Deadline(5s)));
  } while (!page.contains("validator_supervisor_rpc_last_result{") && !until.Over());
  return WithoutClocks(page);
}

TEST_CASE("supervisor: each recorded daemon gives its expected page") {
  for (const testing::Case& recorded : testing::Cases("supervisor")) {
    CAPTURE(recorded.name);
    const testing::TemporaryFolder folder;
    const testing::FakeProc proc;
    const testing::Replay daemon(folder.Path() + "/rpc.sock", recorded.folder + "/exchange.txt");
    Settings settings;
    settings.rpc = folder.Path() + "/rpc.sock";
    settings.key_file = folder.Write("key", "ffeeddccbbaa99887766554433221100\n");
    if (std::filesystem::exists(recorded.folder + "/processes.txt")) {
      proc.AddAll(recorded.folder + "/processes.txt", 1000);
      settings.nodes = {"10.77.1.2:2222", "10.77.2.2:2222"};
      settings.procfs = proc.Path();
    }
    CHECK(recorded.Matches(PageOf(settings)));
  }
}

}  // namespace
}  // namespace stakewatch::supervisor
