#include "common/web/live.h"

#include <sys/socket.h>

#include <utility>

namespace stakewatch {

LiveConnections::Entry::Entry(LiveConnections& live, Socket socket)
    : live_(live), socket_(std::move(socket)) {
  live_.Mark(socket_.Fd(), false);
}

LiveConnections::Entry::~Entry() {
  const std::lock_guard lock(live_.mutex_);
  live_.open_.erase(socket_.Fd());
  socket_ = Socket();
}

void LiveConnections::Entry::Asked() {
  live_.Mark(socket_.Fd(), true);
}

void LiveConnections::Entry::Answered() {
  live_.Mark(socket_.Fd(), false);
}

void LiveConnections::Mark(int fd, bool asked) {
  const std::lock_guard lock(mutex_);
  open_[fd] = {asked, Deadline::Clock::now()};
  if (ending_ && !asked) ::shutdown(fd, SHUT_RD);
}

void LiveConnections::EndUnasked() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& [fd, state] : open_) {
    if (!state.asked) ::shutdown(fd, SHUT_RD);
  }
}

void LiveConnections::EndUnaskedFor(milliseconds at_least) {
  const auto before = Deadline::Clock::now() - at_least;
  const std::lock_guard lock(mutex_);
  for (const auto& [fd, state] : open_) {
    if (!state.asked && state.since <= before) ::shutdown(fd, SHUT_RD);
  }
}

void LiveConnections::EndAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& [fd, state] : open_) ::shutdown(fd, SHUT_RDWR);
}

}  // namespace stakewatch
