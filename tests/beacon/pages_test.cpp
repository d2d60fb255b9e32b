// Whole pages of a recorded Prysm in seven states, and of nodes that answer badly.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/beacon/beacon.h"
#include "exporters/beacon/metrics.h"
#include "tests/testing.h"

namespace stakewatch::beacon {
namespace {

using Answers = std::map<std::string, std::string, std::less<>>;

std::string CaseFolder(const std::string& name) {
  return testing::TestsFolder() + "/beacon/cases/prysm-7.1.6-" + name;
}

double NowOf(const std::string& folder) {
  return std::stod(testing::ReadFile(folder + "/now.txt"));
}

std::string PageOf(std::shared_ptr<const Upstream> node, double now) {
  Crew crew(16);
  Scraper scraper(NodeSources({.node = node,
                               .execution = node,
                               .network = KnownNetwork("mainnet"),
                               .now = [now] { return now; }}),
                  kMetrics, crew, nullptr);
  return WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
}

// A recorded node, with some answers replaced; a text of three digits is an HTTP status.
class Altered : public Upstream {
 public:
  Altered(const std::string& folder, Answers answers)
      : answers_(std::move(answers)), recorded_(RecordedUpstream(folder)) {}
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    const auto altered = answers_.find(request.name);
    if (altered == answers_.end()) return recorded_->Ask(request, deadline);
    const std::string& text = altered->second;
    if (text.size() == 3 && text.find_first_not_of("0123456789") == std::string::npos) {
      return Fail(Reason::kHttpStatus, "HTTP " + text, std::stoi(text));
    }
    return text;
  }

 private:
  Answers answers_;
  std::shared_ptr<Upstream> recorded_;
};

std::string PageWith(const Answers& answers, double seconds_later = 0) {
  const std::string folder = CaseFolder("healthy");
  return PageOf(std::make_shared<Altered>(folder, answers), NowOf(folder) + seconds_later);
}

bool Has(const std::string& page, std::string_view line) {
  return ("\n" + page).find("\n" + std::string(line) + "\n") != std::string::npos;
}

bool Tells(const std::string& page, std::string_view name) {
  return page.find("\n" + std::string(name)) != std::string::npos;
}

TEST_CASE("beacon: each recorded state gives its expected page") {
  for (const testing::Case& recorded : testing::Cases("beacon")) {
    CAPTURE(recorded.name);
    CHECK(recorded.Matches(PageOf(recorded.upstream, NowOf(recorded.folder))));
  }
}

TEST_CASE("beacon: the true lag is told where the node says that all is well") {
  const std::string folder = CaseFolder("geth-stopped-4min");
  const std::string page = PageOf(RecordedUpstream(folder), NowOf(folder));
  // Its own word.
  CHECK(Has(page, "beaconapi_syncing 0"));
  CHECK(Has(page, "beaconapi_el_offline 0"));
  CHECK(Has(page, "beaconapi_health_status_code 200"));
  // What is true.
  CHECK(Has(page, "beaconapi_head_slot 83"));
  CHECK(Has(page, "beaconapi_clock_slot 143"));
  CHECK(Has(page, "beaconapi_head_lag_slots 60"));
  CHECK(Has(page, "beaconapi_execution_link_broken{evidence=\"client_gone\"} 1"));
  CHECK(Has(page, "beaconapi_execution_link_broken{evidence=\"execution_down\"} 1"));
}

TEST_CASE("beacon: one bad answer fails its own sources and no other") {
  const std::map<std::string, std::vector<std::string>> sources = {
      {"node_version", {"node"}},
      {"node_syncing", {"sync"}},
      {"node_peer_count", {"peers"}},
      {"node_peers", {"peers"}},
      {"finality_checkpoints", {"finality"}},
      {"genesis", {"sync", "finality", "network", "fork"}},
      {"config_spec", {"sync", "finality", "network", "fork"}},
      {"blinded_blocks_head", {"execution_link"}},
      {"pr_participation", {"participation"}}};
  const std::string bad[] = {"",
                             " ",
                             "{",
                             "null",
                             "[]",
                             "{}",
                             "<html><body>502 Bad Gateway</body></html>",
                             R"({"data":null})",
                             R"({"data":[7]})",
                             R"({"data":{}})",
                             R"({"data":{"head_slot":"-1","is_syncing":false}})",
                             R"({"data":{"head_slot":"1e5","is_syncing":false}})",
                             R"({"data":{"connected":"-1"},"participation":{}})",
                             R"({"data":{"connected":18446744073709551616}})",
                             R"({"data":{"genesis_time":"99999999999999"}})",
                             "{\"data\":{\"head_slot\":\"1\xff\",\"is_syncing\":false}}",
                             R"({"message":"Could not obtain enr","code":500})",
                             std::string(100000, '['),
                             R"({"data":)" + std::string(5000, '[') + std::string(5000, ']') + "}",
                             "503",
                             "400",
                             "500"};
  for (const auto& [call, failing] : sources) {
    for (const std::string& answer : bad) {
      // An empty list of peers is a list.
      if (call == "node_peers" && answer == R"({"data":[7]})") continue;
      CAPTURE(call);
      CAPTURE(answer.substr(0, 100));
      const std::string page = PageWith({{call, answer}});
      for (const std::string source : {"node", "sync", "peers", "finality", "network", "fork",
                                       "execution_link", "participation"}) {
        const bool fails = std::ranges::find(failing, source) != failing.end();
        CAPTURE(source);
        CHECK(Has(page, "stakewatch_source_up{source=\"" + source + "\"} " + (fails ? "0" : "1")));
      }
    }
  }
}

TEST_CASE("beacon: numbers as numbers, wrapped, and far in the future") {
  const auto syncing = [](const std::string& head, const std::string& distance) {
    return PageWith({{"node_syncing", R"({"data":{"head_slot":)" + head + R"(,"sync_distance":)" +
                                          distance + R"(,"is_syncing":false}})"}});
  };
  const std::string plain = syncing("75", "0");
  CHECK(Has(plain, "beaconapi_head_slot 75"));
  CHECK(Has(plain, "beaconapi_head_lag_slots 0"));
  CHECK_FALSE(Tells(plain, "beaconapi_optimistic"));  // Older clients do not tell.
  CHECK_FALSE(Tells(plain, "beaconapi_el_offline"));
  const std::string wrapped = syncing("\"76\"", "\"18446744073709551615\"");
  CHECK(Has(wrapped, "beaconapi_sync_distance_slots 0"));
  CHECK(Has(wrapped, "beaconapi_head_lag_slots 0"));
  const std::string far = syncing("18446744073709551615", "1");
  CHECK(Has(far, "beaconapi_head_lag_slots 0"));
}

TEST_CASE("beacon: before genesis there is no slot, and nothing lags") {
  const std::string page = PageWith({}, -100000);
  CHECK(Has(page, "beaconapi_head_slot 75"));
  CHECK_FALSE(Tells(page, "beaconapi_clock_slot"));
  CHECK_FALSE(Tells(page, "beaconapi_head_lag_slots"));
  CHECK_FALSE(Tells(page, "beaconapi_finality_lag_epochs"));
  CHECK_FALSE(Tells(page, "beaconapi_clock_epoch"));
}

TEST_CASE("beacon: a client without /eth/v2/node/version is no failure, one that loses it is") {
  for (const char* status : {"400", "404", "405"}) {
    const std::string page = PageWith({{"node_version_v2", status}});
    CHECK(Has(page, "stakewatch_source_up{source=\"node\"} 1"));
    CHECK(page.find("evidence=\"client_gone\"") == std::string::npos);
  }
  CHECK(Has(PageWith({{"node_version_v2", "500"}}), "stakewatch_source_up{source=\"node\"} 0"));
  CHECK(Has(PageWith({{"node_version_v2", "{}"}}), "stakewatch_source_up{source=\"node\"} 0"));
}

TEST_CASE("beacon: other clients name themselves, and have nothing of Prysm's") {
  const std::pair<const char*, const char*> names[] = {
      {"Lighthouse/v8.0.1-ced49dd/x86_64-linux", "client=\"lighthouse\",version=\"8.0.1\""},
      {"teku/v25.11.0/linux-x86_64/-eclipseadoptium-openjdk64bitservervm-java-21",
       "client=\"teku\",version=\"25.11.0\""},
      {"Nimbus/v25.11.0-e93a9d-stateofus", "client=\"nimbus\",version=\"25.11.0\""},
      {"Lodestar/v1.36.0/96140d4", "client=\"lodestar\",version=\"1.36.0\""},
      {"Grandine/2.0.1-abcdef0/x86_64-linux", "client=\"grandine\",version=\"2.0.1\""},
      {"Some\\\"thing\\n/else", "client=\"other\",version=\"unknown\""}};
  for (const auto& [name, labels] : names) {
    CAPTURE(name);
    const std::string page =
        PageWith({{"node_version", R"({"data":{"version":")" + std::string(name) + "\"}}"},
                  {"pr_participation", "404"}});
    CHECK(Has(page, "beaconapi_node_info{" + std::string(labels) + "} 1"));
    CHECK(Has(page, "stakewatch_source_up{source=\"participation\"} 1"));
    CHECK_FALSE(Tells(page, "beaconapi_participation_ratio"));
  }
  CHECK(Has(PageWith({}), "beaconapi_node_version_number{client=\"prysm\"} 7001006"));
}

TEST_CASE("beacon: the next fork, and none beyond the last date") {
  const auto spec = [](const std::string& more) {
    return R"({"data":{"SECONDS_PER_SLOT":"4","SLOTS_PER_EPOCH":"8","FULU_FORK_EPOCH":"0")" + more +
           "}}";
  };
  const std::string none =
      PageWith({{"config_spec", spec(R"(,"GLOAS_FORK_EPOCH":"18446744073709551615")")}});
  CHECK(Has(none, "beaconapi_slot_duration_seconds 4"));
  CHECK(Has(none, "beaconapi_fork_epoch{fork=\"FULU\"} 0"));
  CHECK_FALSE(Tells(none, "beaconapi_next_fork_epoch"));
  CHECK(none.find("GLOAS") == std::string::npos);
  const std::string soon =
      PageWith({{"config_spec",
                 spec(R"(,"GLOAS_FORK_EPOCH":10,"BLOB_SCHEDULE":[{"EPOCH":"12",)"
                      R"("MAX_BLOBS_PER_BLOCK":"15"},{"EPOCH":"3","MAX_BLOBS_PER_BLOCK":9}])")}});
  CHECK(Has(soon, "beaconapi_next_fork_epoch{fork=\"GLOAS\"} 10"));
  CHECK(Has(soon, "beaconapi_next_fork_timestamp_seconds{fork=\"GLOAS\"} 1795242460"));
  CHECK(Has(soon, "beaconapi_next_blob_schedule_epoch 12"));
  CHECK(Has(soon, "beaconapi_next_blob_schedule_timestamp_seconds 1795242524"));
  const std::string twice =
      PageWith({{"config_spec", spec(R"(,"FULU_FORK_EPOCH":"1","A\"B_FORK_EPOCH":"2")")}});
  CHECK(Has(twice, "stakewatch_source_up{source=\"fork\"} 1"));
  for (const char* bad : {R"({"data":{"SLOTS_PER_EPOCH":"8"}})",
                          R"({"data":{"SECONDS_PER_SLOT":"12","SLOTS_PER_EPOCH":"0"}})",
                          R"({"data":{"SLOT_DURATION_MS":"99999999999","SLOTS_PER_EPOCH":"8"}})"}) {
    CHECK(Has(PageWith({{"config_spec", bad}}), "stakewatch_source_up{source=\"sync\"} 0"));
  }
}

TEST_CASE("beacon: the network is compared by the genesis validators root") {
  const std::string root = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95";
  CHECK(Has(PageWith({{"genesis", R"({"data":{"genesis_time":"1606824023",)"
                                  R"("genesis_validators_root":")" +
                                      root + "\"}}"}}),
            "beaconapi_network_as_expected 1"));
  CHECK(Has(PageWith({}), "beaconapi_network_as_expected 0"));
}

TEST_CASE("beacon: heads apart are evidence from the fifth block on") {
  const auto page = [](const std::string& number) {
    return PageWith(
        {{"eth_blockNumber", R"({"id":1,"result":")" + number + "\"}"},
         {"blinded_blocks_head", R"({"data":{"message":{"body":{"execution_payload_header":)"
                                 R"({"block_number":"100"}}}}})"}});
  };
  CHECK(Has(page("0x60"), "beaconapi_execution_link_broken{evidence=\"heads_apart\"} 0"));
  CHECK(Has(page("0x5f"), "beaconapi_execution_link_broken{evidence=\"heads_apart\"} 1"));
  // Ahead: the beacon node's head fell back, as after its restart.
  CHECK(Has(page("0x69"), "beaconapi_execution_link_broken{evidence=\"heads_apart\"} 0"));
  // A block without a payload: nothing to compare.
  const std::string bare =
      PageWith({{"blinded_blocks_head", R"({"data":{"message":{"body":{}}}})"}});
  CHECK(Has(bare, "stakewatch_source_up{source=\"execution_link\"} 1"));
  CHECK(bare.find("evidence=\"heads_apart\"") == std::string::npos);
}

TEST_CASE("beacon: a node that is down has no values, only failures") {
  const std::string page = PageOf(RecordedUpstream("/nonexistent"), 0);
  CHECK(page.find("beaconapi_") == std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"sync\"} 0") != std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"sync\"} 1") == std::string::npos);
}

}  // namespace
}  // namespace stakewatch::beacon
