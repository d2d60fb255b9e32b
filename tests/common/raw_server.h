#pragma once
// A server that says what a test wants, byte for byte, on a TCP port or a unix socket.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "common/net/net.h"
#include "common/net/stream.h"

namespace stakewatch::testing {

using namespace std::chrono_literals;

// One accepted connection, as the test's handler sees it. All calls end when the server does.
class RawPeer {
 public:
  RawPeer(Socket socket, SSL* ssl, const std::atomic<bool>& stopping)
      : socket_(std::move(socket)), ssl_(ssl), stopping_(stopping) {}
  ~RawPeer() {
    if (ssl_ != nullptr) {
      if (handshaken_) SSL_shutdown(ssl_);
      SSL_free(ssl_);
    }
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  bool Handshake() {
    if (ssl_ == nullptr) return true;
    for (;;) {
      const int rc = SSL_do_handshake(ssl_);
      if (rc == 1) return handshaken_ = true;
      const int want = SSL_get_error(ssl_, rc);
      if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) return false;
      if (!Await(want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return false;
    }
  }
  // False when the client is gone.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ssl_ != nullptr
                            ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                            : ::send(socket_.Fd(), text.data(), text.size(), MSG_NOSIGNAL);
      const bool wait = ssl_ != nullptr
                            ? SSL_get_error(ssl_, static_cast<int>(n)) == SSL_ERROR_WANT_WRITE
                            : errno == EAGAIN;
      if (n > 0) {
        text.remove_prefix(static_cast<std::size_t>(n));
      } else if (!wait || !Await(POLLOUT)) {
        return false;
      }
    }
    return true;
  }
  // The same again and again until the client is gone; with a pause, byte for byte.
  void SendForever(std::string_view text, milliseconds pause = 0ms) {
    std::string some;
    while (pause == 0ms && some.size() < 60000) some += text;
    if (pause != 0ms) some = text;
    while (!stopping_ && Send(some)) {
      // The client says nothing more: what becomes readable is its end.
      if (pause != 0ms && AwaitFor(POLLIN, pause)) return;
    }
  }
  // A request with its body; empty when the client is gone.
  std::string ReadRequest() {
    std::string text;
    for (;;) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = text.find("Content-Length: ");
        const std::size_t length = at < end ? std::stoul(text.substr(at + 16)) : 0;
        if (text.size() >= end + 4 + length) return text;
      }
      if (!ReadMore(text)) return "";
    }
  }
  std::string ReadLine() {
    std::string text;
    while (!text.ends_with('\n')) {
      if (!ReadMore(text)) return "";
    }
    return text;
  }
  void AwaitGone() {
    std::string text;
    while (ReadMore(text)) text.clear();
  }
  void AwaitStop() const {
    while (!stopping_) std::this_thread::sleep_for(5ms);
  }
  // Without TLS's own goodbye.
  void HangUp() { handshaken_ = false; }
  void Reset() {
    const linger hard{1, 0};
    ::setsockopt(socket_.Fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    socket_ = Socket();
  }

 private:
  bool ReadMore(std::string& text) {
    char some[4096];
    for (;;) {
      const ssize_t n = ssl_ != nullptr ? SSL_read(ssl_, some, sizeof some)
                                        : ::recv(socket_.Fd(), some, sizeof some, 0);
      if (n > 0) {
        text.append(some, static_cast<std::size_t>(n));
        return true;
      }
      const bool wait = ssl_ != nullptr
                            ? SSL_get_error(ssl_, static_cast<int>(n)) == SSL_ERROR_WANT_READ
                            : n < 0 && errno == EAGAIN;
      if (!wait || !Await(POLLIN)) return false;
    }
  }
  bool AwaitFor(short events, milliseconds time) {
    pollfd p{socket_.Fd(), events, 0};
    return ::poll(&p, 1, static_cast<int>(time.count())) == 1;
  }
  bool Await(short events) {
    const Deadline until(20s);
    while (!stopping_ && !until.Over()) {
      if (AwaitFor(events, 20ms)) return true;
    }
    return false;
  }

  Socket socket_;
  SSL* ssl_;
  const std::atomic<bool>& stopping_;
  bool handshaken_ = false;
};

class RawServer {
 public:
  using Handler = std::function<void(RawPeer&)>;

  // `tls` is borrowed; null: plain.
  explicit RawServer(Handler handler, SSL_CTX* tls = nullptr)
      : RawServer(Listen(), std::move(handler), tls) {}
  RawServer(Socket listener, Handler handler, SSL_CTX* tls = nullptr)
      : listener_(std::move(listener)), handler_(std::move(handler)), tls_(tls) {
    std::signal(SIGPIPE, SIG_IGN);  // As our programs do; SSL_write has no MSG_NOSIGNAL.
    thread_ = std::thread([this] { Accept(); });
  }
  ~RawServer() {
    stopping_ = true;
    thread_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  static Socket ListenUnix(const std::string& path, int backlog = 16) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket.Fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::listen(socket.Fd(), backlog) == 0);
    return socket;
  }

  std::string Address() const { return BoundAddress(listener_.Fd()); }
  std::string Url() const { return (tls_ != nullptr ? "https://" : "http://") + Address(); }
  int Connections() const { return connections_; }

 private:
  static Socket Listen() {
    auto socket = ListenOn("127.0.0.1", 0);
    REQUIRE(socket);
    return std::move(*socket);
  }
  void Accept() {
    while (!stopping_) {
      pollfd p{listener_.Fd(), POLLIN, 0};
      if (::poll(&p, 1, 20) != 1) continue;
      const int fd = ::accept4(listener_.Fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) continue;
      ++connections_;
      threads_.emplace_back([this, fd] {
        SSL* ssl = nullptr;
        if (tls_ != nullptr) {
          ssl = SSL_new(tls_);
          SSL_set_fd(ssl, fd);
          SSL_set_accept_state(ssl);
        }
        RawPeer peer(Socket(fd), ssl, stopping_);
        if (peer.Handshake()) handler_(peer);
      });
    }
  }

  Socket listener_;
  Handler handler_;
  SSL_CTX* tls_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::list<std::thread> threads_;
  std::thread thread_;
};

}  // namespace stakewatch::testing
