#pragma once
// How cpp-httplib's client writes a request and reads the head of the answer on our connection
// (docs/adr/0003).
#include <cstddef>
#include <string>

#include <httplib.h>

#include "common/net/stream.h"

namespace stakewatch {

// httplib writes head and body apart; held back until the first read, they are one packet.
class HttpHeadStream : public httplib::Stream {
 public:
  explicit HttpHeadStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.Readable(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    if (!out_.empty() && !Flush()) return -1;
    const ssize_t n = connection_.Read(to, size);
    for (ssize_t i = 0; i < n; ++i) {
      if (!StatusLineFits(to[i])) return -1;
    }
    return n;
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib 0.18 asks this only to set time-outs, which the connection has of its own.
  int socket() const override { return -1; }

 private:
  // httplib reads the status line by std::regex, which recurses for each byte: 64 KiB of it end the
  // program.
  static constexpr std::size_t kStatusLineBytesMax = 1 << 10;

  // Waiting at once saves a read that would find nothing yet. A peer that hangs up before it has
  // heard us out may have said why: a TLS alert, or a status.
  bool Flush() {
    const bool sent = connection_.Write(out_.data(), out_.size());
    out_.clear();
    return sent ? connection_.Readable() : connection_.Why() == Connection::End::kError;
  }
  // A status line is the first line, or one after the blank line that ends a "100 Continue".
  bool StatusLineFits(char c) {
    if (c == '\n') {
      status_line_ = line_bytes_ <= 1;
      line_bytes_ = 0;
      return true;
    }
    return ++line_bytes_ <= kStatusLineBytesMax || !status_line_;
  }

  Connection& connection_;
  std::string out_;
  bool status_line_ = true;
  std::size_t line_bytes_ = 0;
};

}  // namespace stakewatch
