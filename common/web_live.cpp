#include "common/web_live.h"

#include <sys/socket.h>

#include <utility>

namespace stakewatch {

LiveConnections::Entry::Entry(LiveConnections& live, Socket socket)
    : live_(live), socket_(std::move(socket)) {
  live_.Mark(socket_.Fd(), false);
}

LiveConnections::Entry::~Entry() {
  const std::lock_guard lock(live_.mutex_);
  live_.asked_.erase(socket_.Fd());
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
  asked_[fd] = asked;
  if (ending_ && !asked) ::shutdown(fd, SHUT_RD);
}

void LiveConnections::EndUnasked() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& [fd, asked] : asked_) {
    if (!asked) ::shutdown(fd, SHUT_RD);
  }
}

void LiveConnections::EndAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& [fd, asked] : asked_) ::shutdown(fd, SHUT_RDWR);
}

}  // namespace stakewatch
