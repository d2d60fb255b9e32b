#include "common/upstream/ipc_upstream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "common/json.h"
#include "common/net/net.h"
#include "common/net/stream.h"
#include "common/upstream/kept.h"
#include "common/upstream/rpc_upstream.h"

namespace stakewatch {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kFirstBytes = 4 << 10;
constexpr std::size_t kDepthMax = 1024;              // simdjson's own limit.
constexpr std::uint64_t kOnes = 0x0101010101010101;  // One in each byte.

bool OnlySpace(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// One connection, with one call at a time, so that an answer can be no other's.
class Line {
 public:
  explicit Line(Socket connected)
      : socket_(std::move(connected)), connection_(socket_.Fd(), nullptr, kReadBytes) {}

  // Nobody has hung up, and nothing but the newline after the last answer has come.
  bool Fresh() const {
    std::array<char, 64> rest{};
    for (;;) {
      const ssize_t n = ::recv(socket_.Fd(), rest.data(), rest.size(), MSG_DONTWAIT);
      if (n < 0) return errno == EAGAIN;
      if (n == 0 || !OnlySpace({rest.data(), static_cast<std::size_t>(n)})) return false;
    }
  }
  Result<std::string> Call(const std::string& question, std::uint64_t id, std::size_t bytes_max,
                           const Deadline& deadline);
  bool WentAway() const {
    const auto why = connection_.Why();
    return connection_.Received() == 0 &&
           (why == Connection::End::kClosed || why == Connection::End::kError);
  }

 private:
  Result<std::string> ReadValue(std::size_t bytes_max);
  void MakeRoom(std::string& answer, std::size_t bytes_max) const;
  Error Failure(std::size_t bytes_max) const;

  Socket socket_;
  Connection connection_;
  std::size_t large_bytes_ = 0;  // Room for the next large answer, by the last one.
};

class IpcRpc : public Upstream {
 public:
  IpcRpc(std::string path, std::size_t body_bytes_max)
      : path_(std::move(path)), body_bytes_max_(body_bytes_max) {}

  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;

 private:
  Result<std::string> Call(const std::string& question, std::uint64_t id,
                           const Deadline& deadline) const;
  Result<std::unique_ptr<Line>> Connect(const Deadline& deadline) const;

  std::string path_;
  std::size_t body_bytes_max_;
  mutable std::atomic<std::uint64_t> last_id_ = 0;
  mutable Kept<Line> kept_;
};

Error Line::Failure(std::size_t bytes_max) const {
  switch (connection_.Why()) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout,
              connection_.Received() == 0 ? "no answer in time" : "no whole answer in time"};
    case Connection::End::kBudget:
      return {Reason::kBadAnswer,
              "the answer is longer than " + std::to_string(bytes_max) + " bytes"};
    default:
      return connection_.Received() == 0
                 ? Error{Reason::kUnreachable, "the connection was closed without an answer"}
                 : Error{Reason::kBadAnswer, "the answer is cut off"};
  }
}

// For some more bytes and simdjson's padding. Doubles; what turns out large is given the room that
// the last large answer took.
void Line::MakeRoom(std::string& answer, std::size_t bytes_max) const {
  const std::size_t needed = answer.size() + kFirstBytes;
  if (needed + simdjson::SIMDJSON_PADDING <= answer.capacity()) return;
  const std::size_t wished =
      std::max(2 * answer.size(), answer.size() < kReadBytes / 2 ? 0 : large_bytes_);
  answer.reserve(std::max(needed, std::min(wished, bytes_max)) + simdjson::SIMDJSON_PADDING);
}

// Ends where the brackets do, since Geth's newline is a habit and no promise.
Result<std::string> Line::ReadValue(std::size_t bytes_max) {
  std::string answer;
  JsonEnd end;
  for (;;) {
    const std::size_t before = answer.size();
    MakeRoom(answer, bytes_max);
    // One byte over the limit tells an answer that fits from one that does not.
    const std::size_t room = std::min(answer.capacity() - before - simdjson::SIMDJSON_PADDING,
                                      bytes_max + 1 - std::min(before, bytes_max));
    ssize_t n = 0;
    answer.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      n = connection_.Read(data + before, room);
      return before + static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    });
    if (n <= 0) return std::unexpected(Failure(bytes_max));
    std::size_t taken = 0;
    const std::string_view fresh = std::string_view(answer).substr(before);
    const auto state = end.Take(fresh, taken);
    if (state == JsonEnd::State::kBad) return Fail(Reason::kBadAnswer, "the answer is not JSON");
    if (state == JsonEnd::State::kMore) continue;
    if (!OnlySpace(fresh.substr(taken)) || connection_.HasBuffered()) {
      return Fail(Reason::kBadAnswer, "more than one answer came");
    }
    answer.resize(before + taken);
    if (answer.size() >= kReadBytes) large_bytes_ = answer.size() + answer.size() / 8;
    return answer;
  }
}

Result<std::string> Line::Call(const std::string& question, std::uint64_t id, std::size_t bytes_max,
                               const Deadline& deadline) {
  connection_.Start(deadline, bytes_max);
  // Waiting at once saves a read that would find nothing yet.
  if (!connection_.Write(question.data(), question.size()) || !connection_.Readable()) {
    return std::unexpected(Failure(bytes_max));
  }
  auto answer = ReadValue(bytes_max);
  if (answer && !RpcIdIs(*answer, id)) {
    return Fail(Reason::kBadAnswer, "the answer is of another call");
  }
  return answer;
}

// A full backlog says EAGAIN at once and tells nobody when there is room, so it is asked again.
Result<std::unique_ptr<Line>> IpcRpc::Connect(const Deadline& deadline) const {
  auto socket = ConnectUnix(path_, deadline);
  if (socket) return std::make_unique<Line>(std::move(*socket));
  Error error = std::move(socket.error());
  const int number = std::exchange(error.code, 0);
  if (number == EACCES) {
    error.what += "; Geth makes its socket for its own user alone (mode 0600): run as that user";
  }
  if (number == ENOENT) error.what += "; is the node running, and is this its socket?";
  if (number == ECONNREFUSED) error.what += "; nobody listens on this socket any more";
  return std::unexpected(std::move(error));
}

// A node that was restarted in between has closed the connection: asked once more, afresh.
Result<std::string> IpcRpc::Call(const std::string& question, std::uint64_t id,
                                 const Deadline& deadline) const {
  std::unique_ptr<Line> line = kept_.Take();
  while (line != nullptr && !line->Fresh()) line = kept_.Take();
  if (line != nullptr) {
    auto answer = line->Call(question, id, body_bytes_max_, deadline);
    if (answer) {
      kept_.Keep(std::move(line));
      return answer;
    }
    if (!line->WentAway()) return answer;
  }
  auto connected = Connect(deadline);
  if (!connected) return std::unexpected(std::move(connected.error()));
  auto answer = (*connected)->Call(question, id, body_bytes_max_, deadline);
  if (answer) kept_.Keep(std::move(*connected));
  return answer;
}

Result<std::string> IpcRpc::Ask(const Request& request, const Deadline& deadline) const {
  const std::uint64_t id = ++last_id_;
  auto answer = Call(RpcQuestion(request, id) + "\n", id, deadline);
  if (!answer) {
    answer.error().what =
        path_ + " " + std::string(request.name) + ": " + std::move(answer.error().what);
  }
  return answer;
}

// How many bytes at the front of `text` are neither a quote nor a backslash.
std::size_t PlainBytes(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    const std::uint64_t quotes = eight ^ (kOnes * '"');
    const std::uint64_t slashes = eight ^ (kOnes * '\\');
    // Not zero when a byte of either is: which one is found below.
    if ((((quotes - kOnes) & ~quotes) | ((slashes - kOnes) & ~slashes)) & (kOnes << 7)) break;
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

}  // namespace

JsonEnd::State JsonEnd::Take(std::string_view bytes, std::size_t& taken) {
  for (taken = 0; taken < bytes.size();) {
    if (in_string_ && !escaped_) {
      taken += PlainBytes(bytes.substr(taken));
      if (taken == bytes.size()) break;
    }
    const char c = bytes[taken++];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    switch (c) {
      case '{':
      case '[':
        if (++depth_ > kDepthMax) return State::kBad;
        break;
      case '}':
      case ']':
        if (depth_ == 0) return State::kBad;
        if (--depth_ == 0) return State::kDone;
        break;
      case '"':
        if (depth_ == 0) return State::kBad;
        in_string_ = true;
        break;
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        break;
      default:
        if (depth_ == 0) return State::kBad;
    }
  }
  return State::kMore;
}

std::shared_ptr<Upstream> IpcRpcUpstream(std::string path, const UpstreamOptions& options) {
  return std::make_shared<IpcRpc>(std::move(path), options.body_bytes_max);
}

}  // namespace stakewatch
