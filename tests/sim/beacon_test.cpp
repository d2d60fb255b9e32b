// The beacon node's faces against recordings of Prysm v7.1.6: status, type, members, forms.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/sim/simulator.h"
#include "tests/sim/test_client.h"
#include "tests/sim/test_shapes.h"

namespace stakewatch::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string Recording(const std::string& name) {
  std::ifstream file(std::string(SIM_RECORDINGS) + "/beacon/" + name);
  REQUIRE_MESSAGE(file, name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Form(const std::string& where, const std::string& text) {
  if (where.ends_with("peer_id")) return "peer";
  if (text == "inbound" || text == "outbound") return "direction";
  if (where == "data[].state") return "state";
  if (where.ends_with("enr")) return "enr";
  if (where == "data.p2p_addresses[]" || where == "data.discovery_addresses[]") return "address";
  if (where.ends_with("last_seen_p2p_address")) return text.substr(0, 5);
  if (text.starts_with("0x")) return "bytes of " + std::to_string(text.size());
  const bool minus = text.starts_with('-');
  const std::string digits = minus ? text.substr(1) : text;
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos) {
    return text == "18446744073709551615" ? "never" : minus ? "negative" : "number";
  }
  // Rates have a point; everything else is the same text.
  if (text.find_first_not_of("0123456789.") == std::string::npos && !text.empty()) return "rate";
  return text;
}

// Slots that last: the epoch has ten behind it, and nothing moves during a test.
Options Standing() {
  return {.beacon = Address{},
          .validator_client = Address{},
          .slot_seconds = 1000,
          .slots_per_epoch = 8,
          .history_epochs = 10,
          .network = "dev"};
}

std::string Token(const Simulator& simulator) {
  std::string token = Get(simulator.ControlPort(), "/token").body;
  token.pop_back();
  return token;
}

HttpReply AskAs(const Simulator& simulator, const Json& row) {
  const std::string name = row["name"], method = row["method"];
  std::string body = row["body"];
  if (name == "duties_sync") {
    // Somebody who has one: the committee is another than the recorded one.
    const HttpReply committee =
        Get(simulator.BeaconPort(), "/eth/v1/beacon/states/head/sync_committees");
    const Json members = Json::parse(committee.body);
    if (members.contains("data")) body = '[' + members["data"]["validators"][0].dump() + ']';
  }
  std::string request = method + " " + row["path"].get<std::string>() + " HTTP/1.1\r\n";
  if (method == "POST" && name != "x_post_noctype") {
    request += name == "x_post_badctype" ? "Content-Type: text/plain\r\n"
                                         : "Content-Type: application/json\r\n";
  }
  if (row.contains("accept")) {
    request += "Accept: " + row["accept"].get<std::string>() + "\r\n";
  }
  if (row["face"] == "validator" && !name.ends_with("_noauth")) {
    request += "Authorization: Bearer " +
               (name.ends_with("_badauth") ? "0xwrong" : Token(simulator)) + "\r\n";
  }
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  TestClient client = TestClient::Tcp(row["face"] == "validator" ? simulator.ValidatorClientPort()
                                                                 : simulator.BeaconPort());
  return Ask(client, request);
}

// With each number as N: figures are each network's own.
std::string Sentence(const Json& error) {
  std::string text;
  for (const char c : error["message"].get<std::string>()) {
    if (c < '0' || c > '9') {
      text += c;
    } else if (!text.ends_with('N')) {
      text += 'N';
    }
  }
  return text;
}

std::string ContentType(const std::string& head) {
  const std::string name = "\r\nContent-Type: ";
  const std::size_t at = head.find(name);
  if (at == std::string::npos) return {};
  const std::size_t start = at + name.size();
  return head.substr(start, head.find("\r\n", start) - start);
}

void SameSpec(const Json& recorded, const Json& ours) {
  const nlohmann::json theirs = recorded["data"], own = ours["data"];
  CHECK(theirs.size() == own.size());
  for (const auto& [name, value] : theirs.items()) {
    if (name == "SECONDS_PER_SLOT" || name == "SLOT_DURATION_MS") continue;
    CAPTURE(name);
    REQUIRE(own.contains(name));
    CHECK(own[name] == value);
  }
}

void SameAsRecorded(const Simulator& simulator, const std::string& state,
                    const std::set<std::string>& left_out = {}) {
  const Json rows = Json::parse(Recording(state + ".json"));
  CHECK(rows.size() >= 7);
  for (const Json& row : rows) {
    if (left_out.contains(row["name"])) continue;
    CAPTURE(row["name"]);
    const HttpReply reply = AskAs(simulator, row);
    REQUIRE(reply.complete);
    CHECK(reply.head.substr(9, 3) == std::to_string(row["code"].get<int>()));
    CHECK(ContentType(reply.head) == row["type"].get<std::string>());
    const std::string recorded = row["answer"];
    if (row["type"] != "application/json") {
      CHECK(reply.body == recorded);
      continue;
    }
    const Json ours = Json::parse(reply.body, nullptr, false), theirs = Json::parse(recorded);
    REQUIRE_MESSAGE(!ours.is_discarded(), reply.body);
    // Go's encoder ends a value with a newline; an error is written without.
    CHECK(reply.body.ends_with('\n') == recorded.ends_with('\n'));
    if (row["name"] == "config_spec") {
      SameSpec(theirs, ours);
    } else if (theirs.contains("message")) {
      CHECK(Sentence(ours) == Sentence(theirs));
      CHECK(ours["code"] == theirs["code"]);
    } else {
      CHECK(Difference(theirs, ours, "", Form) == "");
    }
  }
}

Json Data(const Simulator& simulator, const std::string& path) {
  const HttpReply reply = Get(simulator.BeaconPort(), path);
  REQUIRE_MESSAGE(reply.head.starts_with("HTTP/1.1 2"), reply.head);
  return Json::parse(reply.body)["data"];
}

std::string Status(const HttpReply& reply) {
  return reply.head.substr(9, 3);
}

std::string Health(const Simulator& simulator) {
  return Status(Get(simulator.BeaconPort(), "/eth/v1/node/health"));
}

// A chain that moves while the test looks on.
Options Moving() {
  return {.beacon = Address{},
          .validator_client = Address{},
          .slot_seconds = 0.05,
          .slots_per_epoch = 8,
          .history_epochs = 4,
          .network = "dev"};
}

void Await(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// The events of a stream's text, as pairs of topic and data; its last, unfinished part is dropped.
std::vector<std::pair<std::string, Json>> EventsIn(const std::string& text) {
  std::vector<std::pair<std::string, Json>> events;
  std::size_t at = 0;
  while ((at = text.find("event: ", at)) != std::string::npos) {
    const std::size_t line = text.find('\n', at), data = text.find("data: ", at);
    const std::size_t end = text.find("\n\n", at);
    if (end == std::string::npos) break;
    events.emplace_back(text.substr(at + 7, line - at - 7),
                        Json::parse(text.substr(data + 6, end - data - 6)));
    at = end;
  }
  return events;
}

std::string StreamRequest(const std::string& topics) {
  return "GET /eth/v1/events?topics=" + topics + " HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n";
}

}  // namespace

TEST_CASE("a healthy beacon node answers as Prysm does") {
  Simulator simulator(Standing());
  simulator.SetFault({.kind = Kind::kNoWallet});
  // The recording's identity was not there yet: see optimistic.
  SameAsRecorded(simulator, "healthy", {"node_identity"});
}

TEST_CASE("without its Geth it says that all is well") {
  Simulator simulator(Standing());
  simulator.SetFault({.kind = Kind::kStop});
  // The recording's clock was 60 slots on.
  SameAsRecorded(simulator, "geth-stopped");
  CHECK(Data(simulator, "/eth/v1/node/syncing")["el_offline"] == false);
  CHECK_FALSE(Data(simulator, "/eth/v2/node/version").contains("execution_client"));
  simulator.Clear();
  CHECK(Data(simulator, "/eth/v2/node/version").contains("execution_client"));
}

TEST_CASE("on a Geth that syncs it is optimistic") {
  Simulator simulator(Standing());
  simulator.SetFault({.kind = Kind::kSyncing});
  SameAsRecorded(simulator, "optimistic");
  CHECK(Data(simulator, "/eth/v1/node/syncing")["is_optimistic"] == true);
}

TEST_CASE("alone on mainnet it knows that it syncs, and serves no duties") {
  Options options = Standing();
  options.network = "mainnet";
  options.slots_per_epoch = 32;
  Simulator simulator(options);
  simulator.SetFault({.kind = Kind::kNeverSynced, .node = kBeaconNode});
  SameAsRecorded(simulator, "mainnet-no-peers");
  const Json syncing = Data(simulator, "/eth/v1/node/syncing");
  CHECK(syncing["is_syncing"] == true);
  CHECK(syncing["el_offline"] == true);
  CHECK(syncing["sync_distance"] == "320");
  CHECK(Data(simulator, "/eth/v1/config/spec")["BLOB_SCHEDULE"].size() == 2);
}

TEST_CASE("events are as recorded, in their order, with keep-alives") {
  Simulator simulator(Moving());
  TestClient client = TestClient::Tcp(simulator.BeaconPort());
  client.Send(StreamRequest("head,block&topics=finalized_checkpoint"));
  const auto finalized = [](const std::string& text) {
    return text.find("finalized_checkpoint") != std::string::npos &&
           EventsIn(text).back().first == "head" && text.ends_with("\n\n\r\n");
  };
  const std::string text = client.ReadUntil(finalized);
  CHECK(text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
  CHECK(text.find("\r\n3\r\n:\n\n\r\n") != std::string::npos);
  const auto events = EventsIn(text), recorded = EventsIn(Recording("events.txt"));
  REQUIRE(events.size() >= 3);
  std::set<std::string> topics;
  for (const auto& [topic, data] : events) {
    CAPTURE(topic);
    topics.insert(topic);
    for (const auto& [name, theirs] : recorded) {
      if (name == topic) CHECK(Difference(theirs, data, "", Form) == "");
    }
  }
  CHECK(topics.size() == 3);
  CHECK(events[0].first == "block");
  // The finalized checkpoint comes between block and head of an epoch's first slot.
  const auto is_final = [](const auto& event) { return event.first == "finalized_checkpoint"; };
  const auto found = std::find_if(events.begin(), events.end(), is_final);
  REQUIRE(found + 1 < events.end());
  CHECK((found + 1)->second["epoch_transition"] == true);
  CHECK((found - 1)->second["slot"] == (found + 1)->second["slot"]);
}

TEST_CASE("a reorg and a slashing are told, and Geth has the other block, too") {
  Simulator simulator(Moving());
  TestClient client = TestClient::Tcp(simulator.BeaconPort());
  client.Send(StreamRequest("chain_reorg,proposer_slashing"));
  client.ReadUntil([](const std::string& text) { return text.find(":\n\n") != text.npos; });
  simulator.SetFault({.kind = Kind::kReorg, .node = kBeaconNode, .value = "2"});
  simulator.SetFault({.kind = Kind::kSlashed, .value = "3"});
  const auto events = EventsIn(
      client.ReadUntil([](const std::string& text) { return EventsIn(text).size() >= 2; }));
  REQUIRE(events.size() == 2);
  CHECK(events[0].first == "chain_reorg");
  CHECK(events[0].second["depth"] == "2");
  CHECK(events[0].second["old_head_block"] != events[0].second["new_head_block"]);
  CHECK(events[1].first == "proposer_slashing");
  CHECK(events[1].second["signed_header_1"]["message"]["proposer_index"] == "3");
  CHECK(Data(simulator, "/eth/v1/beacon/states/head/validators/3")["status"] == "active_slashed");
  CHECK(Data(simulator, "/eth/v1/beacon/states/head/validators/4")["status"] == "active_ongoing");
  // The payload that the beacon node names is the block that Geth has.
  simulator.SetFault({.kind = Kind::kStuck, .node = kBeaconNode});
  const Json payload =
      Data(simulator, "/eth/v2/beacon/blocks/head")["message"]["body"]["execution_payload"];
  const Json block =
      Json::parse(Post(simulator.HttpPort(), Call("eth_getBlockByNumber", R"(["latest",false])"))
                      .body)["result"];
  CHECK(block["hash"] == payload["block_hash"]);
  CHECK(std::stoull(block["number"].get<std::string>(), nullptr, 16) ==
        std::stoull(payload["block_number"].get<std::string>()));
}

TEST_CASE("streams fall silent, are cut, hang and drip") {
  Simulator simulator(Moving());
  TestClient client = TestClient::Tcp(simulator.BeaconPort());
  client.Send(StreamRequest("head"));
  const auto has_event = [](const std::string& text) { return !EventsIn(text).empty(); };
  CHECK(has_event(client.ReadUntil(has_event)));
  simulator.SetFault({.kind = Kind::kEventsSilent});
  client.Drop(client.ReadUntil([](const std::string&) { return true; }).size());
  const std::string silent = client.ReadUntil(
      [](const std::string& text) { return std::count(text.begin(), text.end(), ':') >= 3; });
  CHECK(silent.find("event") == std::string::npos);
  simulator.Clear();
  CHECK(has_event(client.ReadUntil(has_event)));
  simulator.SetFault({.kind = Kind::kEventsCut});
  client.ReadUntil([](const std::string&) { return false; });
  CHECK(client.How() == Ended::kReset);
  // It happens once. An older client refuses the whole request for one topic.
  simulator.SetFault({.kind = Kind::kOldTopics});
  CHECK(Status(Get(simulator.BeaconPort(), "/eth/v1/events?topics=head,proposer_slashing")) ==
        "400");
  TestClient second = TestClient::Tcp(simulator.BeaconPort());
  second.Send(StreamRequest("head"));
  CHECK(has_event(second.ReadUntil(has_event)));
  simulator.SetFault(
      {.kind = Kind::kDrip, .node = kBeaconNode, .method = "/eth/v1/events", .value = "1ms"});
  TestClient third = TestClient::Tcp(simulator.BeaconPort());
  third.Send(StreamRequest("head"));
  CHECK(has_event(third.ReadUntil(has_event)));
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kHang, .node = kBeaconNode});
  CHECK_FALSE(Post(simulator.BeaconPort(), "", "/eth/v1/node/syncing", "application/json",
                   std::chrono::milliseconds(200))
                  .complete);
  CHECK(Post(simulator.HttpPort(), Call("eth_chainId")).complete);
}

TEST_CASE("the head stands, and the node's own word is that it does not sync") {
  Simulator simulator(Moving());
  simulator.SetFault({.kind = Kind::kStuck, .node = kBeaconNode});
  const std::uint64_t head = simulator.HeadSlot(), block = simulator.Head();
  Await([&] {
    return std::stoull(
               Data(simulator, "/eth/v1/node/syncing")["sync_distance"].get<std::string>()) > 10;
  });
  CHECK(simulator.HeadSlot() == head);
  CHECK(Data(simulator, "/eth/v1/node/syncing")["is_syncing"] == false);
  CHECK(Health(simulator) == "200");
  // Nobody drives Geth any more.
  CHECK(simulator.Head() == block);
  simulator.Clear();
  Await([&] { return simulator.HeadSlot() > head + 10 && simulator.Head() > block; });
}

TEST_CASE("after a restart 500, then optimistic, and the head has fallen back") {
  Simulator simulator(Moving());
  const std::uint64_t head = simulator.HeadSlot();
  simulator.SetFault({.kind = Kind::kRestart});
  CHECK(Health(simulator) == "500");
  CHECK(Status(Get(simulator.BeaconPort(), "/eth/v1/node/syncing")) == "500");
  const HttpReply finality =
      Get(simulator.BeaconPort(), "/eth/v1/beacon/states/head/finality_checkpoints");
  CHECK(Json::parse(finality.body)["execution_optimistic"] == true);
  Await([&] { return Health(simulator) == "206"; });
  CHECK(Data(simulator, "/eth/v1/node/syncing")["is_optimistic"] == true);
  Await([&] { return Health(simulator) == "200"; });
  const Json syncing = Data(simulator, "/eth/v1/node/syncing");
  CHECK(syncing["is_syncing"] == false);
  CHECK(simulator.HeadSlot() + 8 <= head);
  simulator.Clear();
  Await([&] { return simulator.HeadSlot() > head; });
}

TEST_CASE("peers, syncing and the network as faults have them") {
  Simulator simulator(Standing());
  const auto count = [&](const std::string& query) {
    return Json::parse(
        Get(simulator.BeaconPort(), "/eth/v1/node/peers" + query).body)["meta"]["count"];
  };
  CHECK(count("") == 54);
  CHECK(count("?state=connected") == 50);
  CHECK(count("?state=connected&direction=inbound") == 17);
  simulator.SetFault({.kind = Kind::kNoInbound, .node = kBeaconNode});
  CHECK(count("?state=connected&direction=inbound") == 0);
  simulator.SetFault({.kind = Kind::kPeers, .node = kBeaconNode, .value = "2"});
  CHECK(Data(simulator, "/eth/v1/node/peer_count")["connected"] == "2");
  simulator.SetFault({.kind = Kind::kNoPeers, .node = kBeaconNode});
  CHECK(Data(simulator, "/eth/v1/node/syncing")["is_syncing"] == true);
  CHECK(Data(simulator, "/eth/v1/node/syncing")["el_offline"] == true);
  simulator.SetFault({.kind = Kind::kNoPeers, .node = kBeaconNode, .value = "unnoticed"});
  CHECK(Data(simulator, "/eth/v1/node/syncing")["is_syncing"] == false);
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kSyncing, .node = kBeaconNode, .value = "40"});
  CHECK(Health(simulator) == "206");
  const Json syncing = Data(simulator, "/eth/v1/node/syncing");
  CHECK(syncing["is_syncing"] == true);
  CHECK(std::stoull(syncing["head_slot"].get<std::string>()) < 75);
  CHECK(Status(Get(simulator.BeaconPort(), "/eth/v1/validator/duties/proposer/1")) == "503");
  simulator.Clear();
  const Json genesis = Data(simulator, "/eth/v1/beacon/genesis");
  simulator.SetFault({.kind = Kind::kWrongNetwork, .node = kBeaconNode});
  const Json other = Data(simulator, "/eth/v1/beacon/genesis");
  CHECK(other["genesis_validators_root"] != genesis["genesis_validators_root"]);
  CHECK(other["genesis_time"] == genesis["genesis_time"]);
  simulator.SetFault({.kind = Kind::kForkSoon, .value = "5"});
  CHECK(Data(simulator, "/eth/v1/config/spec")["GLOAS_FORK_EPOCH"] == "15");
  CHECK(Data(simulator, "/eth/v1/config/fork_schedule").size() == 8);
}

TEST_CASE("numbers of other kinds than Prysm's") {
  Simulator simulator(Standing());
  const auto syncing = [&] { return Data(simulator, "/eth/v1/node/syncing"); };
  simulator.SetFault({.kind = Kind::kNumbers});
  CHECK(syncing()["head_slot"] == 79);
  simulator.SetFault({.kind = Kind::kNumbers, .value = "max"});
  CHECK(syncing()["head_slot"] == 9007199254740993);
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kNegative, .method = "/eth/v1/node/"});
  CHECK(syncing()["head_slot"] == "-5");
  CHECK(Data(simulator, "/eth/v1/beacon/genesis")["genesis_time"] != "-5");
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kRpcError, .node = kBeaconNode});
  const HttpReply failed = Get(simulator.BeaconPort(), "/eth/v1/node/syncing");
  CHECK(Status(failed) == "500");
  CHECK(failed.body == R"({"message":"simulated failure","code":500})");
}

TEST_CASE("faults befall whom they are meant for") {
  Simulator simulator(Standing());
  const auto geth = [&] { return Post(simulator.HttpPort(), Call("eth_chainId")).body; };
  const auto beacon = [&] { return Get(simulator.BeaconPort(), "/eth/v1/node/syncing"); };
  const std::string page = "<!DOCTYPE html>";
  simulator.SetFault({.kind = Kind::kHtml, .node = kBeaconNode});
  CHECK(beacon().body.starts_with(page));
  CHECK_FALSE(geth().starts_with(page));
  simulator.Clear();
  simulator.SetFault({.kind = Kind::kHtml});
  CHECK(geth().starts_with(page));
  CHECK_FALSE(beacon().body.starts_with(page));
  simulator.Clear();
  for (const Kind kind : {Kind::kHttp500, Kind::kHttp401, Kind::kRedirect, Kind::kTruncated,
                          Kind::kNotJson, Kind::kReset, Kind::kClose, Kind::kEmpty}) {
    CAPTURE(Info(kind).name);
    simulator.SetFault({.kind = kind, .node = kBeaconNode, .method = "/eth/v1/node/"});
    const HttpReply reply = beacon();
    CHECK_FALSE((reply.complete && Status(reply) == "200" && Json::accept(reply.body)));
    CHECK(Status(Get(simulator.BeaconPort(), "/eth/v1/beacon/genesis")) == "200");
    CHECK(Json::accept(geth()));
    simulator.Clear();
  }
  simulator.SetFault({.kind = Kind::kStop, .node = kValidatorNode});
  CHECK_FALSE(TestClient::Tcp(simulator.ValidatorClientPort()).Connected());
  CHECK(Status(beacon()) == "200");
  simulator.SetFault({.kind = Kind::kStop, .node = kBeaconNode});
  CHECK_FALSE(TestClient::Tcp(simulator.BeaconPort()).Connected());
  CHECK(Json::accept(geth()));
  simulator.Clear();
  CHECK(Status(beacon()) == "200");
}

TEST_CASE("the control port knows targets, own validators and the token") {
  Simulator simulator(Standing());
  const auto fault = [&](const std::string& query) {
    return Post(simulator.ControlPort(), "", "/fault?" + query);
  };
  CHECK(Status(fault("kind=stuck&target=beacon&for=5m")) == "200");
  CHECK(Status(fault("kind=missed_proposals")) == "200");
  CHECK(Status(fault("kind=no_wallet")) == "200");
  CHECK(Json::parse(Get(simulator.ControlPort(), "/state").body)["faults"][0]["target"] ==
        "beacon");
  for (const char* const query :
       {"kind=stuck&target=validator", "kind=stuck&target=all", "kind=slow&target=beacon&node=0"}) {
    CAPTURE(query);
    CHECK(Status(fault(query)) == "400");
  }
  CHECK(Status(Post(simulator.ControlPort(), "", "/block")) == "400");
  CHECK(Status(Post(Simulator({}).ControlPort(), "", "/fault?kind=slashed")) != "200");
  const std::string keys = Get(simulator.ControlPort(), "/validators").body;
  CHECK(std::count(keys.begin(), keys.end(), '\n') == 16);
  CHECK(keys == simulator.OwnKeys());
  const std::string key = keys.substr(0, keys.find('\n'));
  CHECK(Data(simulator, "/eth/v1/beacon/states/head/validators?id=" + key)[0]["index"] == "0");
  simulator.Clear();
  TestClient client = TestClient::Tcp(simulator.ValidatorClientPort());
  const HttpReply loaded = Ask(client, "GET /eth/v1/keystores HTTP/1.1\r\nAuthorization: Bearer " +
                                           Token(simulator) + "\r\n\r\n");
  CHECK(Json::parse(loaded.body)["data"].size() == 16);
  CHECK(Json::parse(loaded.body)["data"][0]["validating_pubkey"] == key);
}

TEST_CASE("the whole set comes in pieces, and some of it by id") {
  Options options = Standing();
  options.validators = 12'000;
  Simulator simulator(options);
  const HttpReply all = Get(simulator.BeaconPort(), "/eth/v1/beacon/states/head/validators");
  REQUIRE(all.complete);
  const Json data = Json::parse(all.body)["data"];
  REQUIRE(data.size() == 12'000);
  std::set<std::string> statuses;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i]["index"] != std::to_string(i)) FAIL("index " << i);
    statuses.insert(data[i]["status"].get<std::string>());
  }
  CHECK(statuses.size() == 5);
  const std::string ids = R"({"ids":["7","11999","12000",")" +
                          data[5]["validator"]["pubkey"].get<std::string>() + R"("]})";
  const HttpReply some = Post(simulator.BeaconPort(), ids, "/eth/v1/beacon/states/head/validators");
  const Json found = Json::parse(some.body)["data"];
  REQUIRE(found.size() == 3);
  CHECK(found[0] == data[7]);
  CHECK(found[2] == data[5]);
  const HttpReply rewards =
      Post(simulator.BeaconPort(), "[]", "/eth/v1/beacon/rewards/attestations/7");
  CHECK(Json::parse(rewards.body)["data"]["total_rewards"].size() == 12'000);
  // A fault of transport befalls what is made in pieces, too.
  simulator.SetFault({.kind = Kind::kTruncated, .node = kBeaconNode});
  CHECK(Get(simulator.BeaconPort(), "/eth/v1/beacon/states/head/validators").body.size() ==
        all.body.size() / 2);
}

}  // namespace stakewatch::sim
