#pragma once
// The one thread: listeners, connections, timers, all on one epoll.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/sim/connection.h"
#include "tests/sim/simulator.h"
#include "tests/sim/world.h"

namespace stakewatch::sim {

// Whose face it is, as faults name them; none: control and webhook, which no fault befalls.
std::optional<int> NodeOf(Face face);
// Whether `fault` concerns the process as a whole: of several Geths one cannot close the common
// ports, and its requests alone are reset.
bool OfProcess(const Fault* fault, int nodes);

class Server {
 public:
  Server(const Options& options, World& world);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds everything; the error names the flag.
  Checked<void> Open();
  void Start();
  // Runs `task` on the thread and waits until it is done.
  void Call(const std::function<void()>& task);
  std::uint16_t Port(Face face) const;  // 0: no such face.
  std::size_t NodeConnections() const;  // On the thread.

 private:
  struct Listener {
    Face face{};
    const char* flag = "";
    Address address;   // Of TCP.
    std::string path;  // Of IPC.
    int fd = -1;       // -1: closed by kStop, or with its tunnel.
    int forward = 0;   // Of kForward, as in Connection.
  };

  World& world_;
  double block_interval_, churn_interval_;
  std::vector<Listener> listeners_;
  int epoll_ = -1, event_ = -1, spare_ = -1;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;

  // Those of the thread alone.
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::unordered_map<int, std::set<std::uint64_t>> subscribers_;  // By node.
  std::set<std::pair<Clock::time_point, std::uint64_t>> wakes_;
  std::uint64_t next_id_ = 1000;  // Below: listeners and the event.
  Clock::time_point next_block_, next_churn_, next_ping_, next_expiry_;

  Checked<void> OpenListener(Listener& listener);
  void CloseListener(Listener& listener);
  bool IsDown(Face face, int forward) const;
  void Run();
  int Timers();  // Milliseconds until the next one.
  void RunPosted();
  void FaultsChanged();
  void Accept(Listener& listener);
  void Event(std::uint64_t id, std::uint32_t events);
  bool Read(Connection& connection);
  // Writes, answers, and so on until one of them has to wait.
  void Process(Connection& connection);
  void Watch(Connection& connection, bool writable);
  void Wake(Connection& connection, std::optional<Clock::time_point> at);
  void Close(Connection& connection, Ending ending);
  void Announce(int node, const Network& network, const Block& block);
  void AnnounceEvent(std::string_view topic, const std::string& data);
  void CutStreams();
  void Ping();
};

}  // namespace stakewatch::sim
