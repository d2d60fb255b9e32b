// Probes through the tunnels' local ports, and which ports those are.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/page.h"
#include "exporters/supervisor/forwards.h"
#include "exporters/supervisor/metrics.h"
#include "tests/common/raw_server.h"

namespace stakewatch::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::RawPeer;
using testing::RawServer;

std::string Answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
RawServer::Handler Answering(const std::string& text) {
  return [text](RawPeer& peer) {
    while (!peer.ReadRequest().empty()) peer.Send(text);
  };
}
void StaySilent(RawPeer& peer) {
  peer.AwaitStop();
}

Forward To(const RawServer& server, Service service, const std::string& node = "a:22") {
  return {node, service, *HttpUpstream(server.Url(), {})};
}

Probed ProbeOf(Service service, const std::string& answer) {
  const RawServer server(Answering(answer));
  return Probe(To(server, service), Deadline(5s));
}

TEST_CASE("forwards: the ports of today's layout, as recorded, and those of 2021") {
  const auto ports = [](PortLayout layout) {
    std::vector<std::size_t> all;
    for (const Service service : {Service::kBeacon, Service::kLoki}) {
      for (const std::size_t node : {0U, 1U}) {
        all.push_back(PortOf(layout, 13000, 2, node, service));
      }
    }
    return all;
  };
  CHECK(ports(PortLayout::kHead) == std::vector<std::size_t>{13000, 13003, 13006, 13007});
  CHECK(ports(PortLayout::k2021) == std::vector<std::size_t>{13002, 13006, 13003, 13007});
  const std::vector<Node> nodes = {{"a:22", "a", "22"}};
  for (const std::size_t base : {0UL, 65533UL, 65536UL, ~0UL}) {
    CAPTURE(base);
    CHECK_FALSE(MakeForwards(nodes, PortLayout::kHead, base));
  }
  CHECK(MakeForwards(nodes, PortLayout::kHead, 65532));
}

TEST_CASE("forwards: an answer of any kind is up, one that works is ready") {
  const std::string synced = R"({"data":{"is_syncing":false,"head_slot":"1"}})";
  const Probed good = ProbeOf(Service::kBeacon, Answer(synced));
  CHECK((good.up && good.ready && good.syncing == false));
  const Probed syncing = ProbeOf(Service::kBeacon, Answer(R"({"data":{"is_syncing":true}})"));
  CHECK((syncing.up && syncing.ready && syncing.syncing == true));
  for (const std::string body : {"", "ready", "{}", R"({"data":{"is_syncing":"maybe"}})"}) {
    CAPTURE(body);
    const Probed other = ProbeOf(Service::kBeacon, Answer(body));
    CHECK((other.up && !other.ready && !other.syncing));
  }
  const Probed loki = ProbeOf(Service::kLoki, Answer("ready\n"));
  CHECK((loki.up && loki.ready && !loki.syncing));
  for (const Service service : {Service::kBeacon, Service::kLoki}) {
    const Probed starting = ProbeOf(service, Answer("not ready", "503 Service Unavailable"));
    CHECK((starting.up && !starting.ready));
    for (const std::string text : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\n"}) {
      CAPTURE(text);
      const RawServer server([&](RawPeer& peer) { peer.Send(text); });
      CHECK_FALSE(Probe(To(server, service), Deadline(1s)).up);
    }
    const RawServer closing([](RawPeer&) {});
    CHECK_FALSE(Probe(To(closing, service), Deadline(5s)).up);
  }
}

TEST_CASE("forwards: all at the same time, the silent ones apart, and over before the scrape") {
  const RawServer silent(StaySilent);
  const RawServer beacon(Answering(Answer(R"({"data":{"is_syncing":false}})")));
  std::vector<Forward> forwards = {To(beacon, Service::kBeacon, "good:22")};
  for (const std::string node : {"a:22", "b:22", "c:22"}) {
    forwards.push_back(To(silent, Service::kBeacon, node));
    forwards.push_back(To(silent, Service::kLoki, node));
  }
  const auto start = Deadline::Clock::now();
  const Deadline deadline(1s);
  Sheet sheet(kMetrics);
  ScrapeForwards(forwards, deadline, sheet);
  CHECK_FALSE(deadline.Over());
  CHECK(Deadline::Clock::now() - start > 500ms);
  const std::string page = WritePage(std::move(sheet).TakeFamilies());
  CHECK(page.contains(R"(validator_supervisor_forward_up{bastion="good:22",service="beacon"} 1)"));
  CHECK(page.contains(R"(validator_supervisor_beacon_syncing{bastion="good:22"} 0)"));
  CHECK(page.contains(R"(validator_supervisor_forward_up{bastion="c:22",service="loki"} 0)"));
  CHECK_FALSE(page.contains(R"(duration_seconds{bastion="c:22")"));
}

}  // namespace
}  // namespace stakewatch::supervisor
