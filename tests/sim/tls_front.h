#pragma once
// TLS in front of a plain port: what comes is passed on, as is what goes back.
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "tests/sim/simulator.h"

namespace stakewatch::sim {

class TlsFront {
 public:
  // Shows a certificate made on the spot, whose PEM is written to `file`; another one while `other`
  // says so. The error names the flag.
  static Checked<std::unique_ptr<TlsFront>> Open(Address address, const std::string& file,
                                                 std::uint16_t plain_port,
                                                 std::function<bool()> other);
  ~TlsFront();
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  std::uint16_t Port() const { return port_; }

 private:
  struct Contexts;
  TlsFront() = default;
  void Accept();
  void Pass(int fd, bool other) const;

  std::uint16_t port_ = 0, plain_port_ = 0;
  int listener_ = -1;
  std::function<bool()> other_;
  std::shared_ptr<Contexts> contexts_;
  std::atomic<bool> stopping_ = false;
  std::list<std::thread> connections_;
  std::thread thread_;
};

}  // namespace stakewatch::sim
