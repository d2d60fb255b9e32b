#include "common/net/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "common/net/net.h"
#include "common/text.h"

namespace stakewatch {

Connection::Connection(int fd, SSL* ssl, std::size_t buffer_bytes)
    : fd_(fd), ssl_(ssl), deadline_(milliseconds(0)), buffer_bytes_(buffer_bytes) {}

void Connection::Start(const Deadline& deadline, std::size_t read_bytes_max) {
  deadline_ = deadline;
  budget_ = read_bytes_max;
  received_ = 0;
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
    // What is large goes where it belongs without a copy.
    if (size >= buffer_bytes_) return Receive(to, size);
    if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes_);
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
    const std::size_t room = std::min({size, budget_, std::size_t{INT_MAX}});
    ERR_clear_error();
    const ssize_t n =
        ssl_ != nullptr ? SSL_read(ssl_, to, static_cast<int>(room)) : ::recv(fd_, to, room, 0);
    const int error = errno;
    if (n > 0) {
      budget_ -= static_cast<std::size_t>(n);
      received_ += static_cast<std::size_t>(n);
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
    code_ = ssl_error == SSL_ERROR_SSL ? ERR_peek_error() : static_cast<unsigned long>(error);
    why_ = ssl_error != SSL_ERROR_SSL ? End::kError : End::kTls;
    // An end without TLS's own goodbye is an end, but Read does not take it for a clean one.
    if (why_ == End::kTls && ERR_GET_REASON(code_) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      why_ = End::kClosed;
    }
    return false;
  }
  if (ssl_ == nullptr && error != EAGAIN && error != EINTR) {
    why_ = End::kError;
    code_ = static_cast<unsigned long>(error);
    return false;
  }
  if (WaitFor(fd_, read ? POLLIN : POLLOUT, deadline_)) return true;
  why_ = End::kTimeout;
  return false;
}

std::string Connection::WhyText() const {
  switch (why_) {
    case End::kNone:
      return "nothing is wrong";
    case End::kClosed:
      return "the connection was closed";
    case End::kTimeout:
      return "out of time";
    case End::kBudget:
      return "more bytes than the limit";
    case End::kError:
      // A TLS connection that ends without a word leaves no errno.
      return code_ == 0 ? "the connection was closed" : SystemMessage(static_cast<int>(code_));
    case End::kTls:
      break;
  }
  const char* reason = ERR_reason_error_string(code_);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code_);
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
