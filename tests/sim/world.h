#pragma once
// All nodes, the network they follow, and the faults that are on.
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/sim/beacon_node.h"
#include "tests/sim/geth.h"
#include "tests/sim/jormungandr.h"
#include "tests/sim/simulator.h"
#include "tests/sim/supervisor.h"
#include "tests/sim/supervisor_home.h"

namespace stakewatch::sim {

// Seconds since 1970.
double UnixNow();

class World {
 public:
  explicit World(const Options& options);

  // Called for each new head of a node.
  using OnHead = std::function<void(int node, const Network&, const Block&)>;
  void SetOnHead(OnHead on_head) { on_head_ = std::move(on_head); }

  // Called for each event of the beacon node; an empty topic: a keep-alive.
  void SetOnEvent(BeaconNode::Emit on_event) { on_event_ = std::move(on_event); }
  void SetOnCut(std::function<void()> on_cut) { on_cut_ = std::move(on_cut); }

  int Nodes() const { return static_cast<int>(nodes_.size()); }
  Geth& Node(int node) { return *nodes_[static_cast<std::size_t>(node)]; }
  const FaultSet& Faults() const { return faults_; }

  void SetFault(const Fault& fault);
  void Clear();
  void Clear(Kind kind);
  void Expire(Clock::time_point now);  // Faults that have run out.
  // True once after each change of the faults.
  bool TakeChanged();

  void NewBlock();
  void Churn();
  // None: there is only Geth.
  const BeaconNode* Beacon() const { return beacon_.get(); }
  // Slots that are due, and the blocks they make.
  void AdvanceBeacon();
  std::string OwnKeys() const;
  bool HasSupervisord() const {
    return options_.supervisord.has_value() || !options_.supervisord_socket.empty();
  }
  bool HasSupervisor() const {
    return options_.supervisor.has_value() || !options_.supervisor_socket.empty();
  }
  bool OtherCertificate() const { return other_certificate_; }  // From any thread.
  bool HasJormungandr() const { return jormungandr_ != nullptr; }
  const Jormungandr& JormungandrNodes() const { return *jormungandr_; }
  double Started() const { return started_; }  // In Unix time.

  void CountCall(const std::string& method) { ++calls_[method]; }
  std::uint64_t Calls(const std::string& method) const;

  void Page(std::string alert_json, const std::string& line);
  std::string AlertsJson() const;
  std::string StateJson() const;

 private:
  Options options_;
  double started_ = UnixNow();
  Network network_;
  FaultSet faults_;
  BlockTexts texts_;
  std::vector<std::unique_ptr<Geth>> nodes_;
  std::uint64_t target_;  // The network's head.
  std::unique_ptr<BeaconNode> beacon_;
  std::unique_ptr<Jormungandr> jormungandr_;  // None: there are none.
  bool changed_ = false;
  std::unique_ptr<Procfs> procfs_;  // Null: none.
  std::unique_ptr<SupervisorHome> home_;
  std::atomic<bool> other_certificate_ = false;
  OnHead on_head_;
  BeaconNode::Emit on_event_;
  std::function<void()> on_cut_;
  std::unordered_map<std::string, std::uint64_t> calls_;
  std::deque<std::string> alerts_;  // The last ones, as JSON objects.

  void Changed();
  void Emit(std::string_view topic, const std::string& data);
  void FollowAll(double now);
  Geth::Announce AnnounceOf(int node);
};

}  // namespace stakewatch::sim
