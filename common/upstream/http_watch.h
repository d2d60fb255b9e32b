#pragma once
// The time that each piece of a body has to come; for http_link.cpp alone.
#include <cstddef>
#include <optional>
#include <span>

#include "common/deadline.h"
#include "common/net/stream.h"
#include "common/upstream/upstream.h"

namespace stakewatch {

// With a longest silence, each piece that came gives the next one its time anew.
class WatchedPieces final : public Pieces {
 public:
  WatchedPieces(Pieces& to, Connection& connection, std::optional<milliseconds> silence_max)
      : to_(to), connection_(connection), silence_max_(silence_max) {
    Wait();
  }
  std::span<char> Room() override { return to_.Room(); }
  Result<void> Take(std::size_t bytes) override {
    auto taken = to_.Take(bytes);
    Wait();
    return taken;
  }

 private:
  void Wait() {
    if (silence_max_) connection_.ExtendTo(connection_.Until().Anew(*silence_max_));
  }

  Pieces& to_;
  Connection& connection_;
  std::optional<milliseconds> silence_max_;
};

}  // namespace stakewatch
