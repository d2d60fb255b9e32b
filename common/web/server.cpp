#include "common/web/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/log.h"
#include "common/net/stream.h"
#include "common/text.h"
#include "common/web/listen.h"

namespace stakewatch {
namespace {

// Headers count. A scraper's request is less than 1 KiB.
constexpr std::size_t kRequestBytesMax = 64U << 10;
constexpr std::chrono::minutes kIdleThreadMax(1);
// How long Stop lets a peer that does not read its answer hold it up.
constexpr milliseconds kStopPatience(10000);
// How long a request may take to come in while another connection waits for the thread.
constexpr milliseconds kReadingPatience(500);
constexpr milliseconds kPauseWithoutDescriptors(100);
// What is still read of a peer that has been answered before it had sent all.
constexpr milliseconds kLingerTime(300);
constexpr std::size_t kLingerBytesMax = 256U << 10;

// The peer's address; of IPv6 the network, of which one host may use any address.
std::string NetworkOf(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return "";
  if (name.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(name);
    return {reinterpret_cast<const char*>(&six.sin6_addr), 8};
  }
  const auto& four = reinterpret_cast<const sockaddr_in&>(name);
  return {reinterpret_cast<const char*>(&four.sin_addr), sizeof four.sin_addr};
}

// Closing a socket with unread bytes sends a reset, which can overtake the answer. So the answer's
// end is said first, and what comes is thrown away for a while.
void Linger(int fd) {
  ::shutdown(fd, SHUT_WR);
  const Deadline until(kLingerTime);
  std::array<char, 4096> some{};
  std::size_t read = 0;
  while (read < kLingerBytesMax && WaitFor(fd, POLLIN, until)) {
    const ssize_t n = ::recv(fd, some.data(), some.size(), 0);
    if (n > 0) read += static_cast<std::size_t>(n);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

bool HasUnread(int fd, const Connection& connection) {
  int unread = 0;
  return connection.HasBuffered() || connection.Why() == Connection::End::kBudget ||
         (::ioctl(fd, FIONREAD, &unread) == 0 && unread > 0);
}

constexpr int kBadOption = 2;

bool OutOfDescriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

PooledWebServer::PooledWebServer(const WebOptions& options,
                                 std::map<std::string, WebHandler> handlers,
                                 std::vector<Socket> listeners,
                                 std::unique_ptr<WebSettings> settings, Socket wake,
                                 OwnMetrics& own, std::map<std::string, WebPost> posts)
    : options_(options),
      handlers_(std::move(handlers)),
      posts_(std::move(posts)),
      own_(own),
      listeners_(std::move(listeners)),
      settings_(std::move(settings)),
      wake_(std::move(wake)),
      pool_(
          options_.max_requests,
          [this]() -> WebPool::Serve {
            const std::shared_ptr<WebAnswerer> answerer = MakeWebAnswerer(handlers_, posts_, own_);
            return [this, answerer](Socket socket) { Serve(std::move(socket), *answerer); };
          },
          kIdleThreadMax) {
  for (const Socket& listener : listeners_) addresses_.push_back(BoundAddress(listener.Fd()));
  own_.CounterOf(kWebRequests, "200");  // From zero on, so that a rate is right from the start.
  accepting_ = std::thread([this] { Accept(); });
}

PooledWebServer::~PooledWebServer() {
  Stop();
}

std::vector<std::string> PooledWebServer::Addresses() const {
  return addresses_;
}

void PooledWebServer::Stop() {
  const std::lock_guard lock(stopping_);
  if (!accepting_.joinable()) return;
  pool_.Close();
  const std::uint64_t one = 1;
  // It cannot fail: the counter is far from full.
  [[maybe_unused]] const ssize_t n = ::write(wake_.Fd(), &one, sizeof one);
  accepting_.join();
  listeners_.clear();
  live_.EndUnasked();
  if (pool_.WaitUntilIdle(kStopPatience)) return;
  live_.EndAll();
  while (!pool_.WaitUntilIdle(kStopPatience)) continue;
}

void PooledWebServer::Accept() {
  std::vector<pollfd> polled;
  polled.reserve(listeners_.size() + 1);
  for (const Socket& listener : listeners_) polled.push_back({listener.Fd(), POLLIN, 0});
  polled.push_back({wake_.Fd(), POLLIN, 0});
  while (!pool_.Closed()) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;  // EINTR.
    for (const pollfd& one : polled) {
      if (one.fd != wake_.Fd() && one.revents != 0 && MakeRoom()) AcceptFrom(one.fd);
    }
  }
}

bool PooledWebServer::MakeRoom() {
  while (!pool_.WaitForRoom(kReadingPatience)) {
    if (pool_.Closed()) return false;
    // Peers that connect and say nothing must not keep out those that do. A scraper's request comes
    // with its connection.
    live_.EndUnaskedFor(kReadingPatience);
  }
  return true;
}

void PooledWebServer::AcceptFrom(int listener) {
  Socket socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const int error = errno;
  if (socket.Open()) {
    out_of_descriptors_ = false;
    pool_.Run(std::move(socket));
  } else if (OutOfDescriptors(error)) {
    if (!std::exchange(out_of_descriptors_, true)) {
      Log(LogLevel::kWarn, "no connection can be accepted", {{"why", SystemMessage(error)}});
    }
    // The connection stays in the backlog, so poll would return at once, for ever.
    WaitFor(wake_.Fd(), POLLIN, Deadline(kPauseWithoutDescriptors));
  }
}

void PooledWebServer::Serve(Socket socket, WebAnswerer& answerer) {
  const int on = 1;
  setsockopt(socket.Fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  LiveConnections::Entry entry(live_, std::move(socket));
  Exchange(entry, answerer);
  ERR_clear_error();
}

void PooledWebServer::Exchange(LiveConnections::Entry& entry, WebAnswerer& answerer) {
  const auto accepted = Deadline::Clock::now();
  const auto version = settings_->Current();
  std::unique_ptr<SSL, void (*)(SSL*)> ssl(nullptr, &SSL_free);
  if (version->tls) {
    ssl = version->tls->Accept(entry.Fd());
    if (!ssl) return;
  }
  Connection connection(entry.Fd(), ssl.get());
  connection.Start(Deadline(accepted + options_.request_timeout), kRequestBytesMax);
  if (ssl && !connection.Handshake()) {
    if (HasUnread(entry.Fd(), connection)) Linger(entry.Fd());  // For the alert's sake.
    return;
  }
  answerer.Serve({connection, *version, NetworkOf(entry.Fd()),
                  Deadline(accepted + options_.answer_timeout), [&entry] { entry.Asked(); }});
  entry.Answered();
  // Only says that this side is done; a connection that failed must not be told so.
  if (ssl && connection.Why() == Connection::End::kNone) SSL_shutdown(ssl.get());
  if (HasUnread(entry.Fd(), connection)) Linger(entry.Fd());
}

std::expected<std::unique_ptr<WebServer>, WebServer::StartError> WebServer::Start(
    const WebOptions& options, std::map<std::string, WebHandler> handlers, OwnMetrics& own,
    std::map<std::string, WebPost> posts) {
  if (options.max_requests == 0) {
    return std::unexpected(StartError{kBadOption, "--web.max-requests: at least 1 is right"});
  }
  // OpenSSL writes without MSG_NOSIGNAL; and httplib does the same anyway, unasked.
  std::signal(SIGPIPE, SIG_IGN);
  auto settings = WebSettings::Open(options.config_file, own);
  if (!settings) {
    return std::unexpected(StartError{kBadOption, "--web.config.file: " + settings.error()});
  }
  auto listeners = OpenListeners(options.listen_addresses);
  if (!listeners) return std::unexpected(listeners.error());
  Socket wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.Open()) return std::unexpected(StartError{kBadOption, "no eventfd can be had"});
  return std::make_unique<PooledWebServer>(options, std::move(handlers), *std::move(listeners),
                                           *std::move(settings), std::move(wake), own,
                                           std::move(posts));
}

Checked<void> CheckWebConfig(const std::string& config_file) {
  WatchedFiles unused;
  const auto version = ReadWebVersion(config_file, unused);
  if (!version) return std::unexpected(version.error());
  return {};
}

}  // namespace stakewatch
