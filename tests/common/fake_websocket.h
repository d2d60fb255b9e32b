#pragma once
// A WebSocket server for tests, on a socket of its own: it says exactly the bytes that a test
// wants, well-formed or not. Nothing in it takes longer than kPatience.
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/net/net.h"
#include "common/websocket/websocket.h"

namespace stakewatch::testing {

inline constexpr std::chrono::milliseconds kPatience{8000};

struct Frame {
  int opcode = 0;
  bool final = true;
  std::string payload;
};

// One connection, as the server sees it. Reads end with less when the peer is gone.
class Peer {
 public:
  Peer(Socket socket, SSL* ssl) : socket_(std::move(socket)), ssl_(ssl) {}
  ~Peer() {
    if (ssl_ != nullptr) SSL_free(ssl_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int Fd() const { return socket_.Fd(); }
  void Shutdown() const { ::shutdown(socket_.Fd(), SHUT_RDWR); }
  // Closes with a TCP reset.
  void Reset() {
    const linger now{1, 0};
    setsockopt(socket_.Fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_ = Socket();
  }
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ssl_ != nullptr
                         ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                         : ::send(socket_.Fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  std::string Read(std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto n = ssl_ != nullptr
                         ? SSL_read(ssl_, bytes.data() + have, static_cast<int>(size - have))
                         : ::recv(socket_.Fd(), bytes.data() + have, size - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }
  // The common name in the client's certificate.
  std::string ClientName() const {
    const X509* cert = SSL_get0_peer_certificate(ssl_);
    char name[64] = "";
    if (cert != nullptr) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    }
    return name;
  }
  bool Gone() const { return Read(1).empty(); }

  std::string ReadRequest() const {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string byte = Read(1);
      if (byte.empty()) break;
      head += byte;
    }
    return head;
  }
  static std::string AcceptKey(const std::string& request) {
    const std::string name = "Sec-WebSocket-Key: ";
    const auto at = request.find(name);
    if (at == std::string::npos) return "";
    const auto from = at + name.size();
    const std::string key = request.substr(from, request.find("\r\n", from) - from) +
                            "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_Digest(key.data(), key.size(), digest, &length, EVP_sha1(), nullptr);
    unsigned char text[64];
    return {reinterpret_cast<char*>(text),
            static_cast<std::size_t>(EVP_EncodeBlock(text, digest, static_cast<int>(length)))};
  }
  static std::string Upgrade(const std::string& accept_key) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           accept_key + "\r\n\r\n";
  }
  // The whole handshake; the request that came.
  std::string Accept() const {
    std::string request = ReadRequest();
    Write(Upgrade(AcceptKey(request)));
    return request;
  }

  static std::string FrameBytes(int opcode, std::string_view payload, bool final = true) {
    std::string bytes(1, static_cast<char>((final ? 0x80 : 0) | opcode));
    const std::size_t size = payload.size();
    const int extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
    bytes += static_cast<char>(extra == 0 ? static_cast<int>(size) : extra == 2 ? 126 : 127);
    for (int i = extra - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i));
    return bytes + std::string(payload);
  }
  bool Text(std::string_view text) const { return Write(FrameBytes(1, text)); }

  // None when the peer is gone.
  std::optional<Frame> ReadFrame() const {
    const std::string head = Read(2);
    if (head.size() < 2) return std::nullopt;
    Frame frame{head[0] & 0x0F, (head[0] & 0x80) != 0, ""};
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7F;
    if (size >= 126) {
      const std::string more = Read(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
    }
    const std::string mask = Read(4);
    frame.payload = Read(size);
    for (std::size_t i = 0; i < frame.payload.size() && mask.size() == 4; ++i) {
      frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
    }
    return frame;
  }
  // The next text, with pings answered.
  std::string ReadText() const {
    while (const auto frame = ReadFrame()) {
      if (frame->opcode == 1) return frame->payload;
      if (frame->opcode == 9) Write(FrameBytes(10, frame->payload));
    }
    return "";
  }
  // Answers pings until the peer goes or the server ends.
  void Stay() const {
    while (const auto frame = ReadFrame()) {
      if (frame->opcode == 9) Write(FrameBytes(10, frame->payload));
    }
  }

 private:
  Socket socket_;
  SSL* ssl_;
};

// Runs `script` for each connection, one after the other; its number counts from 0.
class FakeWebSocketServer {
 public:
  using Script = std::function<void(Peer& peer, int number)>;

  explicit FakeWebSocketServer(Script script, SSL_CTX* tls = nullptr)
      : script_(std::move(script)), tls_(tls), listener_(*ListenOn("127.0.0.1", 0)) {
    port_ = ParseHostPort(BoundAddress(listener_.Fd()))->port;
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeWebSocketServer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      ::shutdown(listener_.Fd(), SHUT_RDWR);
      if (current_ >= 0) ::shutdown(current_, SHUT_RDWR);
    }
    thread_.join();
  }
  FakeWebSocketServer(const FakeWebSocketServer&) = delete;
  FakeWebSocketServer& operator=(const FakeWebSocketServer&) = delete;

  std::uint16_t Port() const { return port_; }
  std::string Url(const std::string& host = "127.0.0.1") const {
    return (tls_ != nullptr ? "wss://" : "ws://") + host + ":" + std::to_string(port_);
  }
  int Connections() const { return connections_; }

 private:
  void Run() {
    for (;;) {
      Socket socket(::accept(listener_.Fd(), nullptr, nullptr));
      const int fd = socket.Fd();
      {
        const std::lock_guard lock(mutex_);
        if (stop_ || !socket.Open()) return;
        current_ = fd;
      }
      const timeval patience{kPatience.count() / 1000, 0};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      SSL* ssl = nullptr;
      if (tls_ != nullptr) {
        ssl = SSL_new(tls_);
        SSL_set_fd(ssl, fd);
        SSL_accept(ssl);  // When it fails, so does all that the script reads.
      }
      Peer peer(std::move(socket), ssl);
      script_(peer, connections_++);
      const std::lock_guard lock(mutex_);
      current_ = -1;
    }
  }

  Script script_;
  SSL_CTX* tls_;
  Socket listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  bool stop_ = false;
  int current_ = -1;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// What a WebSocket told its handlers, for the test's thread.
class Heard {
 public:
  WebSocket::Handlers Handlers() {
    return {.connected = [this](WebSocket&) { Note([&] { ++connects_; }); },
            .message = [this](std::string text) { Note([&] { messages_.push_back(text); }); },
            .disconnected = [this](const Error& why) { Note([&] { errors_.push_back(why); }); }};
  }
  bool WaitConnects(int count) {
    return Wait([&] { return connects_ >= count; });
  }
  std::optional<std::string> WaitMessage(std::size_t index = 0) {
    if (!Wait([&] { return messages_.size() > index; })) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return messages_[index];
  }
  std::optional<Error> WaitError(std::size_t index = 0) {
    if (!Wait([&] { return errors_.size() > index; })) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return errors_[index];
  }
  // A message or an error.
  bool WaitAny() {
    return Wait([&] { return !messages_.empty() || !errors_.empty(); });
  }
  std::size_t Events() {
    const std::lock_guard lock(mutex_);
    return messages_.size() + errors_.size() + static_cast<std::size_t>(connects_);
  }
  std::size_t Messages() {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }

 private:
  void Note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  bool Wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, done);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int connects_ = 0;
  std::vector<std::string> messages_;
  std::vector<Error> errors_;
};

}  // namespace stakewatch::testing
