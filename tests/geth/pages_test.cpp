// Whole pages of recorded nodes, and of nodes that answer badly.
#include <doctest/doctest.h>

#include <map>

#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/geth/geth.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/peers.h"
#include "tests/testing.h"

namespace stakewatch::geth {
namespace {

std::string PageOf(std::shared_ptr<const Upstream> node) {
  Crew crew(16);
  Scraper scraper(NodeSources(std::move(node), KnownNetwork("mainnet")), kMetrics, crew, nullptr);
  return WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
}

// The recorded healthy node, with some answers replaced.
class Altered : public Upstream {
 public:
  explicit Altered(std::map<std::string, std::string, std::less<>> answers)
      : answers_(std::move(answers)),
        healthy_(RecordedUpstream(testing::TestsFolder() + "/geth/cases/geth-1.17.3-healthy")) {}
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    const auto altered = answers_.find(request.name);
    if (altered != answers_.end()) return altered->second;
    return healthy_->Ask(request, deadline);
  }

 private:
  std::map<std::string, std::string, std::less<>> answers_;
  std::shared_ptr<Upstream> healthy_;
};

std::string PageWith(std::string_view name, std::string answer) {
  return PageOf(std::make_shared<Altered>(
      std::map<std::string, std::string, std::less<>>{{std::string(name), std::move(answer)}}));
}

bool Has(const std::string& page, std::string_view line) {
  return ("\n" + page).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST_CASE("geth: each recorded node gives its expected page") {
  for (const testing::Case& recorded : testing::Cases("geth")) {
    CAPTURE(recorded.name);
    CHECK(recorded.Matches(PageOf(recorded.upstream)));
  }
}

TEST_CASE("geth: one bad answer fails its own source and no other") {
  const std::map<std::string, std::string> sources = {
      {"web3_clientVersion", "node"}, {"admin_peers", "peers"},     {"block_latest", "head"},
      {"eth_syncing", "sync"},        {"txpool_status", "txpool"},  {"eth_chainId", "chain"},
      {"net_version", "network"},     {"net_listening", "network"}, {"net_peerCount", "network"},
      {"eth_gasPrice", "gas_price"}};
  const std::string bad[] = {
      "",
      " ",
      "{",
      "null",
      "[]",
      "{}",
      "<html><body>502 Bad Gateway</body></html>",
      R"({"jsonrpc":"2.0","id":1})",
      R"({"jsonrpc":"2.0","id":1,"result":null})",
      R"({"jsonrpc":"2.0","id":1,"result":3.5e300})",
      R"({"jsonrpc":"2.0","id":1,"result":"0x"})",
      R"({"jsonrpc":"2.0","id":1,"result":"0xfg"})",
      R"({"jsonrpc":"2.0","id":1,"result":"-0x1"})",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\xff\"}",
      R"({"jsonrpc":"2.0","id":1,"result":{"number":[]}})",
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the method is off"}})",
      R"({"jsonrpc":"2.0","id":1,"error":"a string"})",
      std::string(100000, '['),
      R"({"result":)" + std::string(5000, '[') + std::string(5000, ']') + "}",
      R"({"jsonrpc":"2.0","id":1,"result":[{]})",
      R"({"jsonrpc":"2.0","id":1,"result":[7]})",
  };
  for (const auto& [call, source] : sources) {
    for (const std::string& answer : bad) {
      // Any text is a client's name.
      if (source == "node" && answer.find("\"result\":\"") != std::string::npos) continue;
      CAPTURE(call);
      CAPTURE(answer.substr(0, 100));
      const std::string page = PageWith(call, answer);
      for (const auto& [other, other_source] : sources) {
        if (other_source == "chain") continue;  // The recorded node has another genesis call.
        CAPTURE(other_source);
        CHECK(Has(page, "stakewatch_source_up{source=\"" + other_source + "\"} " +
                            (other_source == source ? "0" : "1")));
      }
    }
  }
}

TEST_CASE("geth: a chain that has not finalized is no failure, a lost answer is one") {
  for (const char* answer :
       {R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"finalized block not found"}})",
        R"({"jsonrpc":"2.0","id":1,"result":null})"}) {
    const std::string page = PageWith("block_finalized", answer);
    CHECK(Has(page, "stakewatch_source_up{source=\"head\"} 1"));
    CHECK(page.find("geth_block_number{tag=\"finalized\"}") == std::string::npos);
    CHECK(page.find("geth_block_number{tag=\"safe\"}") != std::string::npos);
  }
  CHECK(Has(PageWith("block_finalized", "garbage"), "stakewatch_source_up{source=\"head\"} 0"));
}

TEST_CASE("geth: the network is compared by chain id and genesis") {
  const std::string genesis =
      R"({"id":1,"result":{"number":"0x0","timestamp":"0x0","hash":")"
      "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3\"}}";
  const auto page = [&](const std::string& chain_id) {
    return PageOf(std::make_shared<Altered>(std::map<std::string, std::string, std::less<>>{
        {"block_genesis", genesis}, {"eth_chainId", R"({"id":1,"result":")" + chain_id + "\"}"}}));
  };
  CHECK(Has(page("0x1"), "geth_network_as_expected 1"));
  CHECK(Has(page("0x539"), "geth_network_as_expected 0"));
}

TEST_CASE("geth: peers whose names try to break out of a label") {
  const std::string evil =
      R"({"id":1,"result":[{"name":"geth\"} 1\nevil 1/v1.2.3"},{"name":"\u0000\u001b[2J/v9"},)"
      R"({"name":")" +
      std::string(1 << 20, 'x') +
      R"("},{"name":7,"network":[],"protocols":{"eth":"handshake","e\"vil":{"version":"0x44"}}},)"
      R"({"name":"Geth/v1.2.3\n/x","network":{"inbound":"yes","remoteAddress":"[::1"},"protocols":null}]})";
  const std::string page = PageWith("admin_peers", evil);
  CHECK(Has(page, "geth_peers 5"));
  CHECK(Has(page, "geth_peers_by_client{client=\"other\"} 4"));
  CHECK(Has(page, "geth_peers_by_client_version{client=\"geth\",version=\"1.2.3\"} 1"));
  CHECK(Has(page, "geth_peers_by_direction{direction=\"unknown\"} 5"));
  CHECK(Has(page, "geth_peers_by_protocol{protocol=\"eth\",version=\"handshake\"} 1"));
  CHECK(Has(page, "geth_peers_by_protocol{protocol=\"other\",version=\"68\"} 1"));
  CHECK(page.find("evil") == std::string::npos);
}

TEST_CASE("geth: thousands of peers, thousands of versions, bounded series") {
  std::string peers = R"({"id":1,"result":[)";
  for (int i = 0; i < 5000; ++i) {
    if (i != 0) peers += ',';
    peers += R"({"name":"Geth/v1.)" + std::to_string(i) +
             R"(.0","network":{"inbound":true,"remoteAddress":"10.)" + std::to_string(i % 4) +
             ".0.1:30303\"}}";
  }
  const std::string page = PageWith("admin_peers", peers + "]}");
  CHECK(Has(page, "geth_peers 5000"));
  CHECK(Has(page, "geth_peers_by_client_version_truncated " + std::to_string(5000 - kVersionsMax)));
  CHECK(Has(page, "geth_peers_subnet_max_ratio 0.25"));
  CHECK(std::count(page.begin(), page.end(), '\n') < 250);
}

TEST_CASE("geth: a node that is down has no values, only failures") {
  const std::string page = PageOf(RecordedUpstream("/nonexistent"));
  CHECK(page.find("geth_") == std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"node\"} 0") != std::string::npos);
  CHECK(page.find("stakewatch_source_up{source=\"node\"} 1") == std::string::npos);
  CHECK(Has(page, "stakewatch_source_breaker_open{source=\"node\"} 1"));
}

}  // namespace
}  // namespace stakewatch::geth
