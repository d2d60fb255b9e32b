// What the server does with its connections.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <array>
#include <cerrno>

#include "tests/sim/server.h"
#include "tests/sim/sockets.h"

namespace stakewatch::sim {
namespace {

// A subscriber that does not read is given up, as Geth does.
constexpr std::size_t kPendingBytesMax = 256U << 20;
// No more is read ahead of answering.
constexpr std::size_t kReadAheadBytesMax = 40U << 20;

}  // namespace

void Server::Accept(Listener& listener) {
  while (true) {
    const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE && spare_ >= 0) {
        // Out of descriptors: the spare one is used to turn the caller away.
        close(spare_);
        const int turned_away = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (turned_away >= 0) close(turned_away);
        spare_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
      }
      return;
    }
    const auto node = NodeOf(listener.face);
    if (node && listener.face != Face::kForward &&
        OfProcess(world_.Faults().Find(Kind::kClose, *node), world_.Nodes())) {
      close(fd);
      continue;
    }
    const int on = 1;
    if (listener.path.empty()) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto connection = std::make_unique<Connection>();
    connection->fd = fd;
    connection->id = next_id_++;
    connection->face = listener.face;
    connection->forward = listener.forward;
    connection->events = EPOLLIN | EPOLLRDHUP;
    epoll_event event{.events = connection->events, .data = {.u64 = connection->id}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connections_.emplace(connection->id, std::move(connection));
  }
}

void Server::Event(std::uint64_t id, std::uint32_t events) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    Close(connection, Ending::kClose);
    return;
  }
  if (connection.frozen) {
    // The peer has given up waiting.
    if ((events & EPOLLRDHUP) != 0) Close(connection, Ending::kClose);
    return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && !Read(connection)) return;
  Process(connection);
}

// False: the connection is gone.
bool Server::Read(Connection& connection) {
  std::array<char, 64U << 10> buffer;  // NOLINT(*-init-variables): recv fills it.
  while (!connection.eof && connection.in.size() < kReadAheadBytesMax) {
    const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      Close(connection, Ending::kClose);
      return false;
    }
    if (got == 0) connection.eof = true;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < buffer.size()) break;
  }
  return true;
}

void Server::Process(Connection& connection) {
  bool writable = false;
  while (true) {
    const FlushState state = connection.out.Flush(connection.fd, Clock::now());
    if (state == FlushState::kEnded || state == FlushState::kBroken) {
      Close(connection, connection.out.Last());
      return;
    }
    if (state == FlushState::kBlocked) {
      if (connection.out.PendingBytes() > kPendingBytesMax) {
        Close(connection, Ending::kClose);
        return;
      }
      writable = true;
      break;
    }
    if (state == FlushState::kWaiting) {
      // Nothing is written meanwhile that would tell us that the peer has gone.
      if (connection.eof) {
        Close(connection, Ending::kClose);
        return;
      }
      Wake(connection, connection.out.WakeAt());
      break;
    }
    if (connection.frozen) break;
    const std::size_t subscriptions = connection.subscriptions.size();
    const Step step = TakeOne(world_, connection);
    if (connection.subscriptions.size() != subscriptions) {
      auto& ids = subscribers_[connection.node];
      if (connection.subscriptions.empty()) {
        ids.erase(connection.id);
      } else {
        ids.insert(connection.id);
      }
    }
    if (step == Step::kDone) continue;
    if (step == Step::kReset || connection.eof) {
      Close(connection, step == Step::kReset ? Ending::kReset : Ending::kClose);
      return;
    }
    connection.frozen = step == Step::kFreeze;
    if (connection.out.Empty()) break;
  }
  Watch(connection, writable);
}

void Server::Watch(Connection& connection, bool writable) {
  std::uint32_t events = connection.eof ? 0U : std::uint32_t{EPOLLRDHUP};
  const bool reads =
      !connection.frozen && !connection.eof && connection.in.size() < kReadAheadBytesMax;
  if (reads) events |= EPOLLIN;
  if (writable) events |= EPOLLOUT;
  if (events == connection.events) return;
  connection.events = events;
  epoll_event event{.events = events, .data = {.u64 = connection.id}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Server::Wake(Connection& connection, std::optional<Clock::time_point> at) {
  if (connection.wake) wakes_.erase({*connection.wake, connection.id});
  connection.wake = at;
  if (at) wakes_.insert({*at, connection.id});
}

void Server::Close(Connection& connection, Ending ending) {
  Wake(connection, std::nullopt);
  const auto subscribed = subscribers_.find(connection.node);
  if (subscribed != subscribers_.end()) subscribed->second.erase(connection.id);
  if (ending == Ending::kReset) {
    ResetAndClose(connection.fd);
  } else {
    close(connection.fd);
  }
  connections_.erase(connection.id);
}

}  // namespace stakewatch::sim
