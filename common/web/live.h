#pragma once
// The connections that are open now, so that Stop can end those it need not wait for.
#include <map>
#include <mutex>

#include "common/deadline.h"
#include "common/net/net.h"

namespace stakewatch {

// Thread-safe.
class LiveConnections {
 public:
  // A connection while it is served. Its descriptor is closed by this class, and never one that
  // Stop may still shut down.
  class Entry {
   public:
    Entry(LiveConnections& live, Socket socket);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    int Fd() const { return socket_.Fd(); }
    void Asked();     // The request has been read: its answer is worth waiting for.
    void Answered();  // Nothing is worth waiting for any more.

   private:
    LiveConnections& live_;
    Socket socket_;
  };

  // Ends what waits for a request, now and from now on.
  void EndUnasked();
  // Ends what has waited for its request as long as that.
  void EndUnaskedFor(milliseconds at_least);
  void EndAll();

 private:
  struct State {
    bool asked = false;
    Deadline::Clock::time_point since;
  };
  void Mark(int fd, bool asked);

  std::mutex mutex_;
  std::map<int, State> open_;
  bool ending_ = false;
};

}  // namespace stakewatch
