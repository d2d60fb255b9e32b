#include "common/ipc_upstream.h"

#include <poll.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/net.h"
#include "common/rpc_upstream.h"
#include "common/stream.h"

namespace stakewatch {
namespace {

constexpr std::size_t kIdleMax = 16;
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kDepthMax = 1024;  // simdjson's own limit.

struct Line {
  explicit Line(Socket connected)
      : socket(std::move(connected)), connection(socket.Fd(), nullptr, kReadBytes) {}
  // Nobody has hung up, and no late answer waits.
  bool Fresh() const {
    pollfd p{socket.Fd(), POLLIN, 0};
    return ::poll(&p, 1, 0) == 0;
  }
  Socket socket;
  Connection connection;
};

class IpcRpc : public Upstream {
 public:
  IpcRpc(std::string path, std::size_t body_bytes_max)
      : path_(std::move(path)), body_bytes_max_(body_bytes_max) {}

  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override;

 private:
  Result<std::unique_ptr<Line>> Connect(const Deadline& deadline) const;
  std::unique_ptr<Line> TakeIdle() const;
  Result<std::string> Exchange(Line& line, const std::string& question, std::uint64_t id,
                               const Deadline& deadline) const;
  Error Failure(Connection::End end, bool began) const;

  std::string path_;
  std::size_t body_bytes_max_;
  mutable std::atomic<std::uint64_t> last_id_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Line>> idle_;
};

// A full backlog says EAGAIN at once and tells nobody when there is room, so it is asked again.
Result<std::unique_ptr<Line>> IpcRpc::Connect(const Deadline& deadline) const {
  for (;;) {
    auto socket = ConnectUnix(path_, deadline);
    if (socket) return std::make_unique<Line>(std::move(*socket));
    if (socket.error().code == EAGAIN) {
      if (deadline.Over()) return Fail(Reason::kTimeout, "its queue of connections stays full");
      std::this_thread::sleep_for(std::min(milliseconds(20), deadline.Left()));
      continue;
    }
    Error error = socket.error();
    if (error.code == EACCES) {
      error.what += "; the socket is open to its owner alone: run as the same user";
    }
    return std::unexpected(std::move(error));
  }
}

std::unique_ptr<Line> IpcRpc::TakeIdle() const {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Line> line = std::move(idle_.back());
    idle_.pop_back();
    if (line->Fresh()) return line;
  }
  return nullptr;
}

Error IpcRpc::Failure(Connection::End end, bool began) const {
  switch (end) {
    case Connection::End::kTimeout:
      return {Reason::kTimeout, "no whole answer in time"};
    case Connection::End::kBudget:
      return {Reason::kBadAnswer,
              "the answer is longer than " + std::to_string(body_bytes_max_) + " bytes"};
    default:
      return began ? Error{Reason::kBadAnswer, "the answer is cut off"}
                   : Error{Reason::kUnreachable, "the connection was closed unanswered"};
  }
}

Result<std::string> IpcRpc::Exchange(Line& line, const std::string& question, std::uint64_t id,
                                     const Deadline& deadline) const {
  line.connection.Start(deadline, body_bytes_max_);
  if (!line.connection.Write(question.data(), question.size())) {
    return std::unexpected(Failure(line.connection.Why(), false));
  }
  std::string answer;
  JsonEnd end;
  std::string piece(kReadBytes, '\0');
  for (;;) {
    const ssize_t n = line.connection.Read(piece.data(), piece.size());
    if (n <= 0) return std::unexpected(Failure(line.connection.Why(), !answer.empty()));
    std::size_t taken = 0;
    const auto state =
        end.Take(std::string_view(piece).substr(0, static_cast<std::size_t>(n)), taken);
    answer.append(piece, 0, taken);
    if (state == JsonEnd::State::kBad) return Fail(Reason::kBadAnswer, "no JSON value");
    if (state == JsonEnd::State::kDone) break;
  }
  answer.reserve(answer.size() + simdjson::SIMDJSON_PADDING);
  if (!RpcIdIs(answer, id)) return Fail(Reason::kBadAnswer, "the answer is of another call");
  return answer;
}

Result<std::string> IpcRpc::Ask(const Request& request, const Deadline& deadline) const {
  const auto told = [&](Error error) {
    error.what = std::string(request.name) + " of " + path_ + ": " + error.what;
    return std::unexpected(std::move(error));
  };
  const std::uint64_t id = ++last_id_;
  const std::string question = RpcQuestion(request, id) + "\n";
  std::unique_ptr<Line> line = TakeIdle();
  if (line != nullptr) {
    auto answer = Exchange(*line, question, id, deadline);
    if (answer) {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kIdleMax) idle_.push_back(std::move(line));
      return answer;
    }
    // Closed by a node that was restarted in between: asked once more, afresh.
    if (answer.error().reason != Reason::kUnreachable) return told(answer.error());
  }
  auto fresh = Connect(deadline);
  if (!fresh) return told(fresh.error());
  auto answer = Exchange(**fresh, question, id, deadline);
  if (!answer) return told(answer.error());
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(*fresh));
  return answer;
}

}  // namespace

JsonEnd::State JsonEnd::Take(std::string_view bytes, std::size_t& taken) {
  for (taken = 0; taken < bytes.size();) {
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
