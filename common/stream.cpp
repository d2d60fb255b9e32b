#include "common/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <openssl/err.h>

#include "common/net.h"

namespace stakewatch {

Connection::Connection(int fd, SSL* ssl, std::size_t buffer_bytes)
    : fd_(fd),
      ssl_(ssl),
      deadline_(milliseconds(0)),
      buffer_bytes_(buffer_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes)) {}

void Connection::Start(const Deadline& deadline, std::size_t read_bytes_max) {
  deadline_ = deadline;
  budget_ = read_bytes_max;
  why_ = End::kNone;
}

bool Connection::Handshake() {
  for (;;) {
    ERR_clear_error();
    const int rc = SSL_do_handshake(ssl_);
    const int error = errno;
    if (rc == 1) return true;
    if (!Wait(SSL_get_error(ssl_, rc), error)) return false;
  }
}

ssize_t Connection::Read(char* to, std::size_t size) {
  if (from_ == end_) {
    const ssize_t n = Receive(buffer_.get(), buffer_bytes_);
    if (n <= 0) return n;
    from_ = 0;
    end_ = static_cast<std::size_t>(n);
  }
  const std::size_t n = std::min(size, end_ - from_);
  std::memcpy(to, buffer_.get() + from_, n);
  from_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t Connection::Receive(char* to, std::size_t size) {
  for (;;) {
    // A peer that sends without a pause never makes us wait, so the clock is read each time.
    if (deadline_.Over()) {
      why_ = End::kTimeout;
      return -1;
    }
    if (budget_ == 0) {
      why_ = End::kBudget;
      return -1;
    }
    const std::size_t room = std::min(size, budget_);
    ERR_clear_error();
    const ssize_t n =
        ssl_ != nullptr ? SSL_read(ssl_, to, static_cast<int>(room)) : ::recv(fd_, to, room, 0);
    const int error = errno;
    if (n > 0) {
      budget_ -= static_cast<std::size_t>(n);
      return n;
    }
    if (ssl_ == nullptr && n == 0) {
      why_ = End::kClosed;
      return 0;
    }
    const int want =
        ssl_ != nullptr ? SSL_get_error(ssl_, static_cast<int>(n)) : SSL_ERROR_WANT_READ;
    if (want == SSL_ERROR_ZERO_RETURN) {
      why_ = End::kClosed;
      return 0;
    }
    if (!Wait(want, error)) return -1;
  }
}

bool Connection::Write(const char* from, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    if (deadline_.Over()) {
      why_ = End::kTimeout;
      return false;
    }
    ERR_clear_error();
    const ssize_t n = ssl_ != nullptr
                          ? SSL_write(ssl_, from + done,
                                      static_cast<int>(std::min<std::size_t>(size - done, 1 << 20)))
                          : ::send(fd_, from + done, size - done, MSG_NOSIGNAL);
    const int error = errno;
    if (n > 0) {
      done += static_cast<std::size_t>(n);
      continue;
    }
    const int want =
        ssl_ != nullptr ? SSL_get_error(ssl_, static_cast<int>(n)) : SSL_ERROR_WANT_WRITE;
    if (!Wait(want, error)) return false;
  }
  return true;
}

bool Connection::Wait(int ssl_error, int error) {
  const bool read = ssl_error == SSL_ERROR_WANT_READ;
  if (!read && ssl_error != SSL_ERROR_WANT_WRITE) {
    why_ = ssl_error == SSL_ERROR_SSL ? End::kTls : End::kError;
    return false;
  }
  if (ssl_ == nullptr && error != EAGAIN && error != EINTR) {
    why_ = End::kError;
    return false;
  }
  if (WaitFor(fd_, read ? POLLIN : POLLOUT, deadline_)) return true;
  why_ = End::kTimeout;
  return false;
}

bool Connection::Readable() {
  if (HasBuffered() || (ssl_ != nullptr && SSL_pending(ssl_) > 0)) return true;
  if (WaitFor(fd_, POLLIN, deadline_)) return true;
  why_ = End::kTimeout;
  return false;
}

bool Connection::Writable() {
  if (WaitFor(fd_, POLLOUT, deadline_)) return true;
  why_ = End::kTimeout;
  return false;
}

}  // namespace stakewatch
