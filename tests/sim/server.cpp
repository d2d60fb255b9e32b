// Listeners, timers and the thread.
#include "tests/sim/server.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>

#include "tests/sim/sockets.h"
#include "tests/sim/websocket.h"

namespace stakewatch::sim {
namespace {

constexpr std::uint64_t kEventId = 1, kFirstListenerId = 2;
constexpr std::chrono::seconds kPingPeriod{30};  // Geth's.
constexpr std::chrono::milliseconds kExpiryPeriod{50};

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

std::optional<int> NodeOf(Face face) {
  if (face == Face::kBeacon) return kBeaconNode;
  if (face == Face::kValidator) return kValidatorNode;
  if (face == Face::kSupervisord) return kSupervisordNode;
  if (face == Face::kSupervisor || face == Face::kForward) return kSupervisorNode;
  if (face == Face::kJormungandr) return kJormungandrNode;
  if (face == Face::kControl || face == Face::kWebhook) return std::nullopt;
  return 0;
}

bool OfProcess(const Fault* fault, int nodes) {
  return fault != nullptr && fault->method.empty() && (fault->node < 0 || nodes == 1);
}

Server::Server(const Options& options, World& world)
    : world_(world),
      block_interval_(options.block_interval),
      churn_interval_(options.churn_interval) {
  const auto add = [this](Face face, const char* flag, const std::optional<Address>& address) {
    if (address)
      listeners_.push_back({.face = face, .flag = flag, .address = *address, .path = {}});
  };
  add(Face::kHttp, "--http", options.http);
  add(Face::kWs, "--ws", options.ws);
  add(Face::kControl, "--control", options.control);
  add(Face::kWebhook, "--webhook", options.webhook);
  add(Face::kBeacon, "--beacon", options.beacon);
  add(Face::kValidator, "--validator-client", options.validator_client);
  add(Face::kSupervisord, "--supervisord", options.supervisord);
  add(Face::kJormungandr, "--jormungandr", options.jormungandr);
  const auto add_socket = [this](Face face, const char* flag, const std::string& path) {
    if (path.empty()) return;
    listeners_.push_back({.face = face, .flag = flag, .address = {}, .path = path});
  };
  add_socket(Face::kIpc, "--ipc", options.ipc_path);
  add_socket(Face::kSupervisord, "--supervisord-socket", options.supervisord_socket);
  add(Face::kSupervisor, "--supervisor", options.supervisor);
  add_socket(Face::kSupervisor, "--supervisor-socket", options.supervisor_socket);
  if (options.supervisor_forwards != 0) {
    // As the daemon numbers them for two bastions.
    constexpr std::array<int, 4> kPorts = {0, 3, 6, 7};
    for (std::size_t i = 0; i < kPorts.size(); ++i) {
      add(Face::kForward, "--supervisor-forwards",
          Address{.port = static_cast<std::uint16_t>(options.supervisor_forwards + kPorts[i])});
      listeners_.back().forward = static_cast<int>(i);
    }
  }
  world_.SetOnHead([this](int node, const Network& network, const Block& block) {
    Announce(node, network, block);
  });
  world_.SetOnEvent(
      [this](std::string_view topic, const std::string& data) { AnnounceEvent(topic, data); });
  world_.SetOnCut([this] { CutStreams(); });
}

Server::~Server() {
  stopping_ = true;
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    (void)!write(event_, &one, sizeof(one));
    thread_.join();
  }
  for (const auto& [id, connection] : connections_) close(connection->fd);
  for (Listener& listener : listeners_) CloseListener(listener);
  for (const int fd : {epoll_, event_, spare_}) {
    if (fd >= 0) close(fd);
  }
}

Checked<void> Server::Open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  event_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  spare_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kEventId}};
  if (epoll_ < 0 || event_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event) != 0) {
    return std::unexpected("epoll: no descriptors left");
  }
  for (Listener& listener : listeners_) {
    const std::string asked = listener.path.empty() ? TextOf(listener.address) : listener.path;
    if (listener.face == Face::kControl && !IsLoopback(listener.address)) {
      return std::unexpected("--control " + asked + ": only a loopback address, e.g. 127.0.0.1");
    }
    if (auto opened = OpenListener(listener); !opened) {
      return std::unexpected(std::string(listener.flag) + ' ' + asked + ": " + opened.error());
    }
  }
  return {};
}

Checked<void> Server::OpenListener(Listener& listener) {
  Address bound = listener.address;
  const auto fd = listener.path.empty() ? ListenTcp(bound) : ListenUnix(listener.path);
  if (!fd) return std::unexpected(fd.error());
  listener.fd = *fd;
  // Others read it, so once it is known it is not written again.
  if (listener.address.port == 0) listener.address.port = bound.port;
  // As the daemon makes it.
  if (listener.face == Face::kSupervisor && !listener.path.empty()) {
    chmod(listener.path.c_str(), 0777);
  }
  const auto index = static_cast<std::uint64_t>(&listener - listeners_.data());
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kFirstListenerId + index}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener.fd, &event);
  return {};
}

void Server::CloseListener(Listener& listener) {
  if (listener.fd < 0) return;
  close(listener.fd);
  listener.fd = -1;
  // The supervisor leaves its socket behind.
  if (!listener.path.empty() && listener.face != Face::kSupervisor) unlink(listener.path.c_str());
}

void Server::Start() {
  const Clock::time_point now = Clock::now();
  next_block_ = now + Seconds(block_interval_);
  next_churn_ = now + Seconds(churn_interval_);
  next_ping_ = now + kPingPeriod;
  next_expiry_ = now;
  thread_ = std::thread([this] { Run(); });
}

void Server::Call(const std::function<void()>& task) {
  if (!thread_.joinable() || std::this_thread::get_id() == thread_.get_id()) {
    task();
    return;
  }
  std::promise<void> done;
  {
    const std::scoped_lock lock(mutex_);
    posted_.emplace_back([&] {
      task();
      done.set_value();
    });
  }
  const std::uint64_t one = 1;
  (void)!write(event_, &one, sizeof(one));
  done.get_future().wait();
}

void Server::RunPosted() {
  std::uint64_t count = 0;
  (void)!read(event_, &count, sizeof(count));
  std::vector<std::function<void()>> tasks;
  {
    const std::scoped_lock lock(mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) {
    task();
    // A caller that sets a fault finds its effect on the sockets when it goes on: see Simulator.
  }
}

std::uint16_t Server::Port(Face face) const {
  for (const Listener& listener : listeners_) {
    if (listener.face == face) return listener.address.port;
  }
  return 0;
}

std::size_t Server::NodeConnections() const {
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& entry) { return NodeOf(entry.second->face).has_value(); }));
}

int Server::Timers() {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + std::chrono::hours(1);
  if (world_.Beacon() != nullptr) {
    world_.AdvanceBeacon();
    next = std::min(next, now + Seconds(std::max(world_.Beacon()->NextDue() - UnixNow(), 0.)));
  } else if (block_interval_ > 0) {
    if (now >= next_block_) {
      world_.NewBlock();
      // Blocks are not made up for after a standstill of the whole machine.
      next_block_ = std::max(next_block_ + Seconds(block_interval_), now);
    }
    next = std::min(next, next_block_);
  }
  if (churn_interval_ > 0) {
    if (now >= next_churn_) {
      world_.Churn();
      next_churn_ = now + Seconds(churn_interval_);
    }
    next = std::min(next, next_churn_);
  }
  if (world_.Faults().Any()) {
    world_.Expire(now);
    next = std::min(next, now + kExpiryPeriod);
  }
  if (now >= next_ping_) {
    Ping();
    next_ping_ = now + kPingPeriod;
  }
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const auto found = connections_.find(wakes_.begin()->second);
    found->second->wake.reset();
    wakes_.erase(wakes_.begin());
    Process(*found->second);
  }
  if (!wakes_.empty()) next = std::min(next, wakes_.begin()->first);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 10'000));
}

void Server::Run() {
  std::array<epoll_event, 256> events{};
  while (!stopping_) {
    const int wait = Timers();
    if (world_.TakeChanged()) FaultsChanged();
    const int ready = epoll_wait(epoll_, events.data(), events.size(), wait);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const std::uint64_t id = event.data.u64;
      if (id == kEventId) {
        RunPosted();
      } else if (id < kFirstListenerId + listeners_.size()) {
        Listener& listener = listeners_[id - kFirstListenerId];
        if (listener.fd >= 0) Accept(listener);
      } else {
        Event(id, event.events);
      }
    }
    if (world_.TakeChanged()) FaultsChanged();
  }
  // Those who wait for a task must not wait for ever.
  RunPosted();
}

bool Server::IsDown(Face face, int forward) const {
  if (face == Face::kForward) {
    const auto bastion = static_cast<std::size_t>(forward) % kBastions.size();
    return RealityOf(world_.Faults()).tunnels[bastion] == Reality::Tunnel::kDown;
  }
  const auto node = NodeOf(face);
  return node && OfProcess(world_.Faults().Find(Kind::kStop, *node), world_.Nodes());
}

void Server::FaultsChanged() {
  for (Listener& listener : listeners_) {
    const auto node = NodeOf(listener.face);
    if (!node) continue;
    if (IsDown(listener.face, listener.forward)) {
      CloseListener(listener);
    } else if (listener.fd < 0) {
      // Taken meanwhile: the next change of faults tries again.
      if (!OpenListener(listener)) continue;
    }
  }
  std::vector<std::uint64_t> ids;
  ids.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    const auto found = connections_.find(id);
    const auto node = found == connections_.end() ? std::nullopt : NodeOf(found->second->face);
    if (!node) continue;
    Connection& connection = *found->second;
    if (IsDown(connection.face, connection.forward) ||
        world_.Faults().Find(Kind::kStop, connection.node) != nullptr) {
      Close(connection, Ending::kReset);
    } else if (connection.frozen) {
      connection.frozen = false;
      if (Read(connection)) Process(connection);
    }
  }
}

void Server::Ping() {
  for (const auto& [id, connection] : connections_) {
    if (!connection->websocket || !connection->out.Empty() || connection->frozen) continue;
    connection->out.Add(FrameHead(Opcode::kPing, 0));
    Watch(*connection, true);
  }
}

void Server::AnnounceEvent(std::string_view topic, const std::string& data) {
  const auto found = subscribers_.find(kBeaconNode);
  if (found == subscribers_.end()) return;
  const std::vector<std::uint64_t> ids(found->second.begin(), found->second.end());
  for (const std::uint64_t id : ids) {
    const auto connection = connections_.find(id);
    if (connection == connections_.end()) continue;
    if (PutEvent(*connection->second, topic, data)) Process(*connection->second);
  }
}

void Server::CutStreams() {
  const auto found = subscribers_.find(kBeaconNode);
  if (found == subscribers_.end()) return;
  const std::vector<std::uint64_t> ids(found->second.begin(), found->second.end());
  for (const std::uint64_t id : ids) Close(*connections_.at(id), Ending::kReset);
}

void Server::Announce(int node, const Network& network, const Block& block) {
  const auto found = subscribers_.find(node);
  if (found == subscribers_.end() || found->second.empty()) return;
  const std::string header = HeaderJson(network, block);
  // Process may end a connection, and with it its subscription.
  const std::vector<std::uint64_t> ids(found->second.begin(), found->second.end());
  for (const std::uint64_t id : ids) {
    const auto connection = connections_.find(id);
    if (connection == connections_.end()) continue;
    PutHead(*connection->second, header);
    Process(*connection->second);
  }
}

}  // namespace stakewatch::sim
