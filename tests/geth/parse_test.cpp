// What is pure in the exporter: names, subnets, windows, expected peers, calls.
#include <doctest/doctest.h>

#include "common/page.h"
#include "exporters/geth/client.h"
#include "exporters/geth/expected_peers.h"
#include "exporters/geth/metrics.h"
#include "exporters/geth/node.h"
#include "exporters/geth/peers.h"
#include "exporters/geth/peers_command.h"
#include "exporters/geth/sync.h"

namespace stakewatch::geth {
namespace {

TEST_CASE("geth: the client can only read") {
  for (const CallRow& row : kCalls) {
    CAPTURE(row.method);
    const std::string_view method = row.method;
    for (const char* forbidden :
         {"debug_", "personal_", "miner_", "admin_add", "admin_start", "admin_stop", "admin_remove",
          "admin_export", "admin_import", "eth_send", "eth_sign", "eth_submit", "engine_", "les_",
          "clique_", "txpool_content"}) {
      CHECK_FALSE(method.starts_with(forbidden));
    }
    const bool listed = method.starts_with("eth_get") || method == "admin_peers" ||
                        method == "web3_clientVersion" || method == "eth_syncing" ||
                        method == "txpool_status" || method == "eth_chainId" ||
                        method == "net_version" || method == "net_listening" ||
                        method == "net_peerCount" || method == "eth_gasPrice";
    CHECK(listed);
  }
}

TEST_CASE("geth: client names") {
  const auto name = [](std::string_view text) {
    const ClientName parsed = ParseClientName(text);
    return parsed.client + " " + parsed.version;
  };
  CHECK(name("Geth/v1.17.3-stable-c6d5e4a1/linux-amd64/go1.26.8") == "geth 1.17.3");
  CHECK(name("Geth/my-node/v1.17.3-unstable/linux-amd64/go1.26") == "geth 1.17.3");
  CHECK(name("Nethermind/v1.31.9+2b8d3b3d/linux-x64/dotnet9.0.4") == "nethermind 1.31.9");
  CHECK(name("besu/v25.4.1/linux-x86_64/openjdk-java-21") == "besu 25.4.1");
  CHECK(name("erigon/v3.0.4-7b5dd2a0/linux-amd64/go1.23.6") == "erigon 3.0.4");
  CHECK(name("reth/v1.3.12-6f8e725/x86_64-unknown-linux-gnu") == "reth 1.3.12");
  CHECK(name("nimbus-eth1/v0.1.0/linux-x86_64/Nim-2.2") == "nimbus 0.1.0");
  CHECK(name("Mallory/v1.2.3/x") == "other 1.2.3");
  CHECK(name("") == "other unknown");
  CHECK(name("Geth") == "geth unknown");
  CHECK(name("Geth/////////v1.2.3") == "geth unknown");
  CHECK(name("Geth/v1./x") == "geth unknown");
  CHECK(name("Geth/v1.2.3.4.5/x") == "geth unknown");
  CHECK(name("Geth/v1.99999999999999999999999999/x") == "geth unknown");
}

TEST_CASE("geth: subnets") {
  CHECK(SubnetOf("10.1.2.3:30303") == SubnetOf("10.1.200.9:1"));
  CHECK(SubnetOf("10.1.2.3:30303") != SubnetOf("10.2.2.3:30303"));
  CHECK(SubnetOf("[::ffff:10.1.2.3]:30303") == SubnetOf("10.1.2.3:30303"));
  CHECK(SubnetOf("[2001:db8:1:2::3]:30303") == SubnetOf("[2001:db8:1:ffff::]:1"));
  CHECK(SubnetOf("[2001:db8:1:2::3]:30303") != SubnetOf("[2001:db8:2:2::3]:30303"));
  CHECK(SubnetOf("[fe80::1%eth0]:30303").has_value());
  for (const char* none : {"", ":", "host:30303", "1.2.3:1", "[::1", "[]:1"}) {
    CHECK_FALSE(SubnetOf(none).has_value());
  }
}

TEST_CASE("geth: speed is told once it is known, and begins anew after a rewind") {
  SyncWindow window;
  CHECK_FALSE(window.Add(0, 100).has_value());
  CHECK_FALSE(window.Add(15, 200).has_value());
  CHECK_FALSE(window.Add(29, 300).has_value());
  CHECK(window.Add(30, 300).has_value());
  CHECK(*window.Add(30, 300) > 0);
  CHECK_FALSE(window.Add(40, 10).has_value());
  SyncWindow even;
  std::optional<double> speed;
  for (int i = 0; i < 1000; ++i) speed = even.Add(i, 5.0 * i);
  CHECK(*speed == doctest::Approx(5));
  for (int i = 1000; i < 1700; ++i) speed = even.Add(i, 5000);
  CHECK(*speed == doctest::Approx(0));
}

TEST_CASE("geth: an ETA needs a speed and something left") {
  const auto page = [](SyncStatus status, std::optional<double> speed) {
    Sheet sheet(kMetrics);
    TellSync(status, speed, sheet);
    return WritePage(std::move(sheet).TakeFamilies());
  };
  SyncStatus half;
  half.syncing = true;
  half.current_block = 50;
  half.highest_block = 100;
  CHECK(page(half, 5.0).find("geth_sync_eta_seconds 10\n") != std::string::npos);
  for (const auto& speed : {std::optional<double>(), std::optional(0.0), std::optional(-1.0)}) {
    CHECK(page(half, speed).find("eta") == std::string::npos);
  }
  SyncStatus healing = half;
  healing.current_block = 100;
  CHECK(page(healing, 5.0).find("eta") == std::string::npos);
}

TEST_CASE("geth: expected peers") {
  const std::string a(128, 'a');
  const std::string b(128, 'B');
  const auto peers =
      ParseExpectedPeers("# mine\n\nenode://" + a + "@10.0.0.1:30303 home # x\nenode://" + b +
                         "@[::1]:30303?discport=0\n");
  REQUIRE(peers.has_value());
  REQUIRE(peers->size() == 2);
  CHECK((*peers)[0].label == "home");
  CHECK((*peers)[1].label == std::string(16, 'b'));

  Sheet sheet(kMetrics);
  Peer besu;
  besu.id = "0x" + b;
  TellExpectedPeers(*peers, {besu}, sheet);
  const std::string page = WritePage(std::move(sheet).TakeFamilies());
  CHECK(page.find("connected{peer=\"home\"} 0\n") != std::string::npos);
  CHECK(page.find("connected{peer=\"bbbbbbbbbbbbbbbb\"} 1\n") != std::string::npos);

  for (const std::string& bad :
       {std::string("enode://abc@1.2.3.4:1"), "http://" + a + "@x:1", "enode://" + a,
        "enode://" + a + "@x:1 two words", "enode://" + a + "@x:1\nenode://" + a + "@y:1"}) {
    CAPTURE(bad);
    const auto wrong = ParseExpectedPeers("\n" + bad);
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().starts_with("line "));
  }
}

TEST_CASE("geth: expected peers above the limit are counted, not told") {
  std::vector<ExpectedPeer> many;
  for (int i = 0; i < 100; ++i) many.push_back({"p" + std::to_string(i), std::to_string(i)});
  Sheet sheet(kMetrics);
  TellExpectedPeers(many, {}, sheet);
  const std::string page = WritePage(std::move(sheet).TakeFamilies());
  CHECK(page.find("geth_expected_peers 100\n") != std::string::npos);
  CHECK(page.find("geth_expected_peers_truncated 36\n") != std::string::npos);
}

TEST_CASE("geth: the printed list moves no cursor and breaks no line") {
  Peer peer;
  peer.name = "evil\x1b[2J\nrow/v1.0.0";
  peer.id = "\r\n";
  peer.remote_address =
      "\xE2\x80\xAE"
      "10.0.0.1:1";
  peer.protocols = {{"et\nh", 70, false}};
  const std::string table = PeersTable({peer});
  CHECK(std::count(table.begin(), table.end(), '\n') == 2);
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table.find("\xE2\x80\xAE") == std::string::npos);
  const std::string json = PeersJson({peer});
  CHECK(std::count(json.begin(), json.end(), '\n') == 1);
  CHECK(json.find("\"client\":\"other\",\"version\":\"1.0.0\"") != std::string::npos);
}

}  // namespace
}  // namespace stakewatch::geth
