#pragma once
// A blocking client with a bound on every wait, which shows the bytes as they come.
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stakewatch::sim {

enum class Ended { kNo, kClosed, kReset };

class TestClient {
 public:
  // Not connected when refused.
  static TestClient Tcp(std::uint16_t port);
  static TestClient Unix(const std::string& path);
  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&&) = delete;
  ~TestClient();

  bool Connected() const { return fd_ >= 0; }
  void Send(std::string_view text);
  // Reads until `complete(all that came)`, the end, or `bound`; returns all that came and was not
  // taken yet.
  const std::string& ReadUntil(const std::function<bool(const std::string&)>& complete,
                               std::chrono::milliseconds bound = std::chrono::seconds(10));
  // Up to and with the first newline; what comes after stays.
  std::string Line();
  // One server's text frame.
  std::string Frame();
  void SendFrame(std::string_view text, unsigned char opcode = 1);
  // The handshake; the answer's headers.
  std::string Upgrade(const std::string& path = "/");
  Ended How() const { return ended_; }
  void Drop(std::size_t bytes) { in_.erase(0, bytes); }

 private:
  explicit TestClient(int fd) : fd_(fd) {}
  int fd_;
  std::string in_;
  Ended ended_ = Ended::kNo;
};

struct HttpReply {
  std::string head;  // Status line and headers, as they came.
  std::string body;  // Chunks put together.
  Ended ended = Ended::kNo;
  bool complete = false;
};

// One request on a connection of its own.
HttpReply Post(std::uint16_t port, std::string_view body, std::string_view path = "/",
               std::string_view content_type = "application/json",
               std::chrono::milliseconds bound = std::chrono::seconds(10));
HttpReply Get(std::uint16_t port, std::string_view path);
HttpReply Ask(TestClient& client, std::string_view request,
              std::chrono::milliseconds bound = std::chrono::seconds(10));

// {"jsonrpc":"2.0","id":1,"method":…,"params":…}
std::string Call(std::string_view method, std::string_view params = "[]");

}  // namespace stakewatch::sim
