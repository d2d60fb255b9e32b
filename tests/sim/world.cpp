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
  const bool has_beacon = options.beacon || options.validator_client;
  const double interval = has_beacon ? options.slot_seconds : options.block_interval;
  for (int i = 0; i < std::max(options.nodes, 1); ++i) {
    nodes_.push_back(std::make_unique<Geth>(Geth::Setup{.index = i,
                                                        .network = network_,
                                                        .now = now,
                                                        .interval = interval,
                                                        .peers = options.peers,
                                                        .seed = options.seed},
                                            faults_, texts_));
  }
  if (!options.supervisor_procfs.empty()) {
    procfs_ = std::make_unique<Procfs>(options.supervisor_procfs);
    procfs_->Follow(faults_, now);
  }
  if (!options.supervisor_home.empty()) {
    home_ = std::make_unique<SupervisorHome>(options.supervisor_home);
    home_->Follow(faults_);
  }
  if (options.jormungandr) {
    jormungandr_ = std::make_unique<Jormungandr>(faults_, now, options.slot_seconds, options.seed);
  }
  if (!has_beacon) return;
  const BeaconSetup setup{.now = now,
                          .slot_seconds = options.slot_seconds,
                          .slots_per_epoch = options.slots_per_epoch,
                          .history_epochs = options.history_epochs,
                          .validators = options.validators,
                          .own = options.own_validators,
                          .start_block = network_.start_block,
                          .seed = options.seed};
  beacon_ =
      std::make_unique<BeaconNode>(setup, network_.name, options.peers, faults_,
                                   [this](std::uint64_t number) { return Node(0).HashOf(number); });
}

void World::Emit(std::string_view topic, const std::string& data) {
  if (!on_event_ || beacon_->Has(Kind::kHang)) return;
  if (!topic.empty() && beacon_->Has(Kind::kEventsSilent)) return;
  on_event_(topic, data);
}

void World::AdvanceBeacon() {
  const double now = UnixNow();
  beacon_->Advance(now,
                   [this](std::string_view topic, const std::string& data) { Emit(topic, data); });
  if (beacon_->HeadBlockNumber() == target_) return;
  target_ = beacon_->HeadBlockNumber();
  FollowAll(beacon_->HeadTime());
}

std::string World::OwnKeys() const {
  std::string keys;
  if (!beacon_) return keys;
  for (std::uint64_t i = 0; i < beacon_->Chain().Setup().own; ++i) {
    keys += beacon_->Chain().Pubkey(i) + '\n';
  }
  return keys;
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
  if (procfs_) procfs_->Follow(faults_, now);
  if (home_) home_->Follow(faults_);
  other_certificate_ = faults_.Find(Kind::kOtherCertificate, kSupervisorNode) != nullptr;
  if (jormungandr_) jormungandr_->Refresh(now);
  if (!beacon_) return;
  beacon_->Refresh(now,
                   [this](std::string_view topic, const std::string& data) { Emit(topic, data); });
}

void World::SetFault(const Fault& fault) {
  if (fault.kind == Kind::kEventsCut) {
    if (on_cut_) on_cut_();
    return;
  }
  if (fault.kind == Kind::kRestart && fault.node <= kJormungandrNode) {
    for (int i = 0; jormungandr_ && i < kJormungandrNodes; ++i) {
      const bool meant = fault.node == kJormungandrNode || fault.node == kJormungandrNode - 1 - i;
      if (meant) jormungandr_->Restart(i, UnixNow());
    }
    return;
  }
  if (fault.kind != Kind::kReorg && fault.kind != Kind::kGap) {
    faults_.Set(fault, Clock::now());
    Changed();
    return;
  }
  // These happen once and leave nothing to be cleared.
  const std::uint64_t value = ValueOf(fault, 2);
  if (fault.node == kBeaconNode && beacon_) {
    beacon_->Reorg(value,
                   [this](std::string_view topic, const std::string& data) { Emit(topic, data); });
  }
  // The payloads of other beacon blocks are other blocks.
  for (int i = 0; i < Nodes(); ++i) {
    if (fault.node >= 0 && fault.node != i) continue;
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
  FollowAll(UnixNow());
}

void World::FollowAll(double now) {
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
  out += "],\"nodes_total\":" + std::to_string(nodes_.size());
  if (beacon_) {
    const NodeStatus status = beacon_->Status(UnixNow());
    out += ",\"beacon\":{\"clock_slot\":" + std::to_string(status.clock) +
           ",\"head_slot\":" + std::to_string(status.head) +
           ",\"peers\":" + std::to_string(beacon_->PeerCount()) +
           ",\"missed_proposals\":" + std::to_string(beacon_->OwnMissedProposals()) + "}";
  }
  if (jormungandr_) {
    out += ",\"jormungandr\":[";
    for (int i = 0; i < kJormungandrNodes; ++i) {
      out += (i > 0 ? "," : "") + std::to_string(jormungandr_->Height(i, UnixNow()));
    }
    out += ']';
  }
  out += ",\"calls\":{";
  bool first = true;
  for (const auto& [method, count] : calls_) {
    if (!first) out += ',';
    first = false;
    out += JsonString(method) + ':' + std::to_string(count);
  }
  return out + "}}\n";
}

}  // namespace stakewatch::sim
