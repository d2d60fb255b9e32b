// poll and recv, with bounds.
#include "tests/sim/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace stakewatch::sim {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kMask = "\x12\x34\x56\x78";

int ConnectOrClose(int fd, const sockaddr* address, socklen_t bytes) {
  if (fd >= 0 && connect(fd, address, bytes) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// The number after `name` in the headers; -1 when there is none.
long HeaderNumber(const std::string& head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string::npos) return -1;
  long number = -1;
  std::from_chars(head.data() + at + name.size(), head.data() + head.size(), number);
  return number;
}

// False: not complete.
bool Dechunk(std::string_view text, std::string& body) {
  body.clear();
  while (true) {
    const std::size_t line = text.find("\r\n");
    std::size_t length = 0;
    if (line == std::string_view::npos) return false;
    const std::string digits(text.substr(0, line));
    std::from_chars(digits.data(), digits.data() + digits.size(), length, 16);
    if (text.size() < line + 4 + length) return false;
    if (length == 0) return true;
    body += text.substr(line + 2, length);
    text.remove_prefix(line + 4 + length);
  }
}

// Splits what came into the reply; true when it is whole.
bool Take(const std::string& text, HttpReply& reply) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  reply.head = text.substr(0, end + 2);
  const std::string_view rest = std::string_view(text).substr(end + 4);
  if (reply.head.find("Transfer-Encoding: chunked") != std::string::npos) {
    return Dechunk(rest, reply.body);
  }
  reply.body = rest;
  const long length = HeaderNumber(reply.head, "Content-Length: ");
  return length >= 0 && rest.size() >= static_cast<std::size_t>(length);
}

}  // namespace

TestClient TestClient::Tcp(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return TestClient(ConnectOrClose(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                   reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
}

TestClient TestClient::Unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return TestClient(ConnectOrClose(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                   reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
}

TestClient::TestClient(TestClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)), ended_(other.ended_) {}

TestClient::~TestClient() {
  if (fd_ >= 0) close(fd_);
}

void TestClient::Send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

const std::string& TestClient::ReadUntil(const std::function<bool(const std::string&)>& complete,
                                         std::chrono::milliseconds bound) {
  const auto end = Clock::now() + bound;
  while (!complete(in_) && ended_ == Ended::kNo) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) break;
    pollfd waits{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waits, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 65'536> buffer{};
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ended_ = Ended::kReset;
    if (got == 0) ended_ = Ended::kClosed;
    if (got > 0) in_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return in_;
}

std::string TestClient::Line() {
  ReadUntil([](const std::string& all) { return all.find('\n') != std::string::npos; });
  const std::size_t end = in_.find('\n');
  if (end == std::string::npos) return {};
  std::string line = in_.substr(0, end + 1);
  in_.erase(0, end + 1);
  return line;
}

std::string TestClient::Frame() {
  std::size_t start = 2;
  std::size_t length = 0;
  ReadUntil([&](const std::string& all) {
    if (all.size() < 2) return false;
    length = static_cast<unsigned char>(all[1]);
    const std::size_t extra = length < 126 ? 0 : length == 126 ? 2 : 8;
    start = 2 + extra;
    if (all.size() < start) return false;
    if (extra > 0) length = 0;
    for (std::size_t i = 2; i < start; ++i) {
      length = length << 8U | static_cast<unsigned char>(all[i]);
    }
    return all.size() >= start + length;
  });
  if (in_.size() < start + length) return {};
  std::string payload = in_.substr(start, length);
  in_.erase(0, start + length);
  return payload;
}

void TestClient::SendFrame(std::string_view text, unsigned char opcode) {
  std::string frame(1, static_cast<char>(0x80U | opcode));
  if (text.size() < 126) {
    frame += static_cast<char>(0x80U | text.size());
  } else {
    frame += static_cast<char>(0xfe);
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xffU);
  }
  frame += kMask;
  for (std::size_t i = 0; i < text.size(); ++i) {
    frame += static_cast<char>(text[i] ^ kMask[i % 4]);
  }
  Send(frame);
}

std::string TestClient::Upgrade(const std::string& path) {
  // The key and its answer are those of RFC 6455.
  Send("GET " + path +
       " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ReadUntil([](const std::string& all) { return all.find("\r\n\r\n") != std::string::npos; });
  const std::size_t end = in_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  std::string head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  return head;
}

HttpReply Ask(TestClient& client, std::string_view request, std::chrono::milliseconds bound) {
  HttpReply reply;
  if (!client.Connected()) {
    reply.ended = Ended::kReset;
    return reply;
  }
  client.Send(request);
  const std::string& text = client.ReadUntil(
      [&](const std::string& all) { return reply.complete = Take(all, reply); }, bound);
  reply.ended = client.How();
  client.Drop(text.size());
  return reply;
}

HttpReply Post(std::uint16_t port, std::string_view body, std::string_view path,
               std::string_view content_type, std::chrono::milliseconds bound) {
  TestClient client = TestClient::Tcp(port);
  return Ask(client,
             "POST " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " +
                 std::string(content_type) + "\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + std::string(body),
             bound);
}

HttpReply Get(std::uint16_t port, std::string_view path) {
  TestClient client = TestClient::Tcp(port);
  return Ask(client, "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
}

std::string Call(std::string_view method, std::string_view params) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + R"(","params":)" +
         std::string(params) + "}";
}

}  // namespace stakewatch::sim
