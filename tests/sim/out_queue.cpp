// Non-blocking writes at several paces.
#include "tests/sim/out_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace stakewatch::sim {
namespace {

constexpr std::size_t kPiecesMax = 16;  // Of one sendmsg.
// An endless answer moves this much per period, so that it fills its peer and not our CPU.
constexpr std::size_t kEndlessBurstBytes = 1U << 20;
constexpr std::chrono::milliseconds kEndlessPeriod{10};

}  // namespace

void OutQueue::Add(SharedText text) {
  if (text->empty()) return;
  pending_bytes_ += text->size();
  items_.push_back({Pace::kWhole, std::move(text), {}});
}

void OutQueue::Add(const Pieces& pieces) {
  for (const SharedText& piece : pieces) Add(piece);
}

void OutQueue::Generate(std::function<std::string()> next) {
  items_.push_back({Pace::kGenerate, nullptr, {}, std::move(next)});
}

void OutQueue::Drip(std::string text, std::chrono::milliseconds interval, bool endless) {
  if (text.empty()) return;
  items_.push_back({endless ? Pace::kDripEndless : Pace::kDrip, Share(std::move(text)), interval});
}

void OutQueue::Endless(const std::string& text) {
  // Short texts are written many at a time.
  std::string block;
  while (block.size() < (64U << 10)) block += text;
  items_.push_back({Pace::kEndless, Share(std::move(block)), {}});
}

void OutQueue::Pause(std::chrono::milliseconds time) {
  items_.push_back({Pace::kPause, nullptr, time});
}

void OutQueue::Pop() {
  items_.pop_front();
  offset_ = 0;
}

FlushState OutQueue::Write(int fd, const Item& item, std::size_t bytes_max) {
  while (bytes_max > 0) {
    const std::size_t left = std::min(item.text->size() - offset_, bytes_max);
    const ssize_t sent = send(fd, item.text->data() + offset_, left, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? FlushState::kBlocked : FlushState::kBroken;
    }
    offset_ += static_cast<std::size_t>(sent);
    bytes_max -= static_cast<std::size_t>(sent);
    if (offset_ < item.text->size()) continue;
    offset_ = 0;
    if (item.pace != Pace::kEndless && item.pace != Pace::kDripEndless) return FlushState::kIdle;
  }
  return FlushState::kWaiting;
}

FlushState OutQueue::WriteWhole(int fd) {
  while (!items_.empty() && items_.front().pace == Pace::kWhole) {
    std::array<iovec, kPiecesMax> parts{};
    std::size_t count = 0;
    std::size_t skip = offset_;
    for (const Item& item : items_) {
      if (count == kPiecesMax || item.pace != Pace::kWhole) break;
      // sendmsg does not write through the pointer; iovec has no const one.
      parts[count].iov_base = const_cast<char*>(item.text->data()) + skip;  // NOLINT
      parts[count++].iov_len = item.text->size() - skip;
      skip = 0;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? FlushState::kBlocked : FlushState::kBroken;
    }
    auto done = static_cast<std::size_t>(sent);
    pending_bytes_ -= done;
    done += offset_;
    while (!items_.empty() && items_.front().pace == Pace::kWhole &&
           done >= items_.front().text->size()) {
      done -= items_.front().text->size();
      Pop();
    }
    offset_ = done;
  }
  return FlushState::kIdle;
}

FlushState OutQueue::Flush(int fd, Clock::time_point now) {
  std::size_t generated = 0;
  while (!items_.empty()) {
    const Item& item = items_.front();
    if (item.pace == Pace::kWhole) {
      const FlushState state = WriteWhole(fd);
      if (state != FlushState::kIdle) return state;
      continue;
    }
    if (item.pace == Pace::kGenerate) {
      // Others have their turn; the socket is writable at once.
      if (generated > kEndlessBurstBytes) return FlushState::kBlocked;
      std::string piece = item.next();
      generated += piece.size();
      if (piece.empty()) {
        Pop();
      } else {
        pending_bytes_ += piece.size();
        items_.push_front({Pace::kWhole, Share(std::move(piece)), {}});
      }
      continue;
    }
    if (pausing_ && now < wake_) return FlushState::kWaiting;
    const bool was_pausing = pausing_;
    pausing_ = false;
    if (item.pace == Pace::kPause) {
      if (was_pausing) {
        Pop();
        continue;
      }
      pausing_ = true;
      wake_ = now + item.interval;
      return FlushState::kWaiting;
    }
    const bool endless = item.pace == Pace::kEndless;
    const FlushState state = Write(fd, item, endless ? kEndlessBurstBytes : 1);
    if (state == FlushState::kBlocked || state == FlushState::kBroken) return state;
    const auto interval = endless ? kEndlessPeriod : item.interval;
    if (state == FlushState::kIdle) {
      Pop();
      continue;
    }
    pausing_ = true;
    wake_ = now + interval;
    return FlushState::kWaiting;
  }
  return ending_ == Ending::kKeep ? FlushState::kIdle : FlushState::kEnded;
}

}  // namespace stakewatch::sim
