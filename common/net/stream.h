#pragma once
// A connection whose whole life has a deadline and a byte budget, plain or TLS: what cpp-httplib's
// server and client read and write through. httplib's own streams bound each read, not the sum, and
// its 0.11.4 no header at all.
#include <cstddef>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "common/deadline.h"

namespace stakewatch {

// The file descriptor is non-blocking and the caller's; so is `ssl` (null: plain).
class Connection {
 public:
  // Why the last read or write ended.
  enum class End { kNone, kClosed, kError, kTimeout, kBudget, kTls };

  Connection(int fd, SSL* ssl, std::size_t buffer_bytes = 4096);

  // A new exchange: everything must be over by `deadline`, and at most `read_bytes_max` are read.
  void Start(const Deadline& deadline, std::size_t read_bytes_max);
  void ExtendTo(const Deadline& deadline) { deadline_ = deadline; }
  void Allow(std::size_t more_bytes) { budget_ += more_bytes; }
  // Until the next exchange, which may be long: gives back the buffer, unless there is more in it.
  void Rest() {
    if (!HasBuffered()) buffer_.reset();
  }

  bool Handshake();  // As the side that `ssl` was set up for.
  // What is there, at least one byte; 0 at the end; -1 on error.
  ssize_t Read(char* to, std::size_t size);
  bool Write(const char* from, std::size_t size);  // All of it.
  bool Readable();                                 // Waits for something to read, the end included.
  bool Writable();
  bool HasBuffered() const { return from_ < end_; }
  End Why() const { return why_; }
  std::string WhyText() const;                        // Why() in words, with the system's own.
  std::size_t Received() const { return received_; }  // Since Start.
  const Deadline& Until() const { return deadline_; }

 private:
  ssize_t Receive(char* to, std::size_t size);
  bool Wait(int ssl_error, int error);

  int fd_;
  SSL* ssl_;
  Deadline deadline_;
  std::size_t budget_ = 0;
  std::size_t received_ = 0;
  End why_ = End::kNone;
  unsigned long code_ = 0;  // Of OpenSSL when why_ is kTls, errno when it is kError.
  std::size_t buffer_bytes_;
  std::unique_ptr<char[]> buffer_;  // Null until the first read.
  std::size_t from_ = 0;
  std::size_t end_ = 0;
};

}  // namespace stakewatch
