// The nodes and their common network.
#include "tests/sim/world.h"

#include <algorithm>

namespace stakewatch::sim {
namespace {

constexpr std::size_t kAlertsMax = 1000;
// The state is read by people: the first nodes say enough.
constexpr std::size_t kNodesShown = 20;

}  // namespace

double UnixNow() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

World::World(const Options& options)
    : options_(options),
      network_(NetworkOrMainnet(options.network)),
      target_(network_.start_block) {
  const double now = UnixNow();
  for (int i = 0; i < std::max(options.nodes, 1); ++i) {
    nodes_.push_back(std::make_unique<Geth>(Geth::Setup{.index = i,
                                                        .network = network_,
                                                        .now = now,
                                                        .interval = options.block_interval,
                                                        .peers = options.peers,
                                                        .seed = options.seed},
                                            faults_, texts_));
  }
}

Geth::Announce World::AnnounceOf(int node) {
  return [this, node](const Network& network, const Block& block) {
    if (on_head_) on_head_(node, network, block);
  };
}

void World::Changed() {
  changed_ = true;
  const double now = UnixNow();
  for (const auto& node : nodes_) node->Refresh(now);
}

void World::SetFault(const Fault& fault) {
  if (fault.kind != Kind::kReorg && fault.kind != Kind::kGap) {
    faults_.Set(fault, Clock::now());
    Changed();
    return;
  }
  // These happen once and leave nothing to be cleared.
  const std::uint64_t value = ValueOf(fault, 2);
  for (int i = 0; i < Nodes(); ++i) {
    if (fault.node != kEveryNode && fault.node != i) continue;
    if (fault.kind == Kind::kGap) {
      Node(i).Gap(value);
    } else {
      Node(i).Reorg(value, UnixNow(), AnnounceOf(i));
    }
  }
}

void World::Clear() {
  faults_.Clear();
  for (const auto& node : nodes_) node->Gap(0);
  Changed();
}

void World::Clear(Kind kind) {
  faults_.Clear(kind);
  if (kind == Kind::kGap) {
    for (const auto& node : nodes_) node->Gap(0);
  }
  Changed();
}

void World::Expire(Clock::time_point now) {
  if (faults_.Expire(now)) Changed();
}

bool World::TakeChanged() {
  return std::exchange(changed_, false);
}

void World::NewBlock() {
  ++target_;
  const double now = UnixNow();
  for (int i = 0; i < Nodes(); ++i) Node(i).Follow(target_, now, AnnounceOf(i));
}

void World::Churn() {
  for (const auto& node : nodes_) node->Churn();
}

std::uint64_t World::Calls(const std::string& method) const {
  if (!method.empty()) {
    const auto found = calls_.find(method);
    return found == calls_.end() ? 0 : found->second;
  }
  std::uint64_t all = 0;
  for (const auto& [name, count] : calls_) all += count;
  return all;
}

void World::Page(std::string alert_json, const std::string& line) {
  alerts_.push_back(std::move(alert_json));
  if (alerts_.size() > kAlertsMax) alerts_.pop_front();
  if (options_.on_page) options_.on_page(line);
}

std::string World::AlertsJson() const {
  std::string out = "[";
  for (const std::string& alert : alerts_) {
    if (out.size() > 1) out += ",\n";
    out += alert;
  }
  return out + "]\n";
}

std::string World::StateJson() const {
  std::string out = "{\"network\":" + JsonString(network_.name) +
                    ",\"head\":" + std::to_string(target_) +
                    ",\"faults\":" + faults_.Json(Clock::now()) + ",\"nodes\":[";
  for (std::size_t i = 0; i < std::min(nodes_.size(), kNodesShown); ++i) {
    const Geth& node = *nodes_[i];
    if (i > 0) out += ',';
    out += "{\"head\":" + std::to_string(node.Head()) +
           ",\"peers\":" + std::to_string(node.PeerCount()) + '}';
  }
  out += "],\"nodes_total\":" + std::to_string(nodes_.size()) + ",\"calls\":{";
  bool first = true;
  for (const auto& [method, count] : calls_) {
    if (!first) out += ',';
    first = false;
    out += JsonString(method) + ':' + std::to_string(count);
  }
  return out + "}}\n";
}

}  // namespace stakewatch::sim
