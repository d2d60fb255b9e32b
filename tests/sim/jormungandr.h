#pragma once
// Three Jormungandr nodes of one network, of any version: a chain with a block in each slot, of
// which node 0 makes each third, and faults that let one stand, lag, fork or start anew.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/beacon_api.h"
#include "tests/sim/faults.h"
#include "tests/sim/http.h"

namespace stakewatch::sim {

class Jormungandr {
 public:
  static constexpr int kNodes = kJormungandrNodes;

  Jormungandr(const FaultSet& faults, double now, double slot_seconds, std::uint64_t seed);

  // After each change of the faults: notes where those began that depend on it.
  void Refresh(double now);
  // Its uptime, counters and logs begin anew.
  void Restart(int node, double now);

  // /node/<i>/… names a node, another path is node 0's; the path that is left.
  static std::optional<int> NodeOf(std::string_view& path);
  BeaconReply Answer(int node, std::string_view method, std::string_view path, double now) const;
  std::uint64_t Height(int node, double now) const;

 private:
  struct Node {
    double started = 0;
    std::optional<std::uint64_t> stuck_at, forked_at, rejects_from;
  };
  struct Version;

  const Fault* On(Kind kind, int node, std::string_view path = {}) const;
  Version VersionOf(int node) const;
  double Started(int node, double now) const;
  std::uint64_t Honest(double now) const;
  std::string HashAt(int node, std::uint64_t height) const;
  bool Leads(int node) const;
  std::string Stats(int node, double now) const;
  std::string Settings(int node, double now) const;
  std::string NetworkStats(int node, double now) const;
  std::string LeaderLogs(int node, double now) const;
  std::size_t Peers(int node) const;
  BeaconReply Block(int node, std::string_view id, double now) const;

  const FaultSet& faults_;
  double slot_seconds_;
  double genesis_;
  std::uint64_t seed_;
  std::array<Node, kNodes> nodes_;
};

}  // namespace stakewatch::sim
