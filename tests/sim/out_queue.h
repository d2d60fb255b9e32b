#pragma once
// What is still to be written to a connection, and at what pace: whole, a byte at a time, without
// end, or after a pause.
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

#include "tests/sim/faults.h"
#include "tests/sim/rpc.h"
#include "tests/sim/text.h"

namespace stakewatch::sim {

enum class Ending { kKeep, kClose, kReset };

enum class FlushState {
  kIdle,     // All is written.
  kBlocked,  // The peer reads too slowly: again when writable.
  kWaiting,  // Again at WakeAt().
  kEnded,    // All is written, and the connection is to be ended as Last() says.
  kBroken,   // The peer is gone.
};

class OutQueue {
 public:
  void Add(SharedText text);
  void Add(const Pieces& pieces);
  void Add(std::string text) { Add(Share(std::move(text))); }
  // What `next` gives, piece by piece as the peer takes them, until a piece is empty.
  void Generate(std::function<std::string()> next);
  // A byte every `interval`; over and over when `endless`.
  void Drip(std::string text, std::chrono::milliseconds interval, bool endless);
  // `text` over and over, at up to 100 MB/s, until the peer goes.
  void Endless(const std::string& text);
  void Pause(std::chrono::milliseconds time);
  // What comes after all this.
  void End(Ending ending) { ending_ = ending; }

  bool Empty() const { return items_.empty(); }
  std::size_t PendingBytes() const { return pending_bytes_; }
  Ending Last() const { return ending_; }
  Clock::time_point WakeAt() const { return wake_; }

  FlushState Flush(int fd, Clock::time_point now);

 private:
  enum class Pace { kWhole, kDrip, kDripEndless, kEndless, kPause, kGenerate };
  struct Item {
    Pace pace = Pace::kWhole;
    SharedText text;
    std::chrono::milliseconds interval{};
    std::function<std::string()> next = {};
  };
  std::deque<Item> items_;
  std::size_t offset_ = 0;  // Into the first item's text.
  std::size_t pending_bytes_ = 0;
  Ending ending_ = Ending::kKeep;
  Clock::time_point wake_;
  bool pausing_ = false;

  void Pop();
  // kIdle: the item is done.
  FlushState Write(int fd, const Item& item, std::size_t bytes_max);
  FlushState WriteWhole(int fd);
};

}  // namespace stakewatch::sim
