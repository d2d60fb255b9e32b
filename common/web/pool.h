#pragma once
// The threads that serve connections: made when needed, ended after a minute without work.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "common/net/net.h"

namespace stakewatch {

class WebPool {
 public:
  // What one thread does with each of its connections; made once for each thread, by `make`.
  using Serve = std::function<void(Socket)>;

  WebPool(std::size_t threads_max, std::function<Serve()> make, milliseconds idle_max);
  ~WebPool();  // Waits for what runs.
  WebPool(const WebPool&) = delete;
  WebPool& operator=(const WebPool&) = delete;

  // Waits until a connection given to Run is served at once; false when that did not come to pass,
  // or after Close. Only one thread may wait and run.
  bool WaitForRoom(milliseconds at_most);
  // Closes the connection when no thread can be had.
  void Run(Socket connection);
  void Close();
  bool Closed() const;
  // False when there is still work after that time.
  bool WaitUntilIdle(milliseconds at_most);
  std::size_t Threads() const;

 private:
  void Work();
  void JoinEnded();

  const std::size_t threads_max_;
  const std::function<Serve()> make_;
  const milliseconds idle_max_;
  mutable std::mutex mutex_;
  std::condition_variable work_;  // For threads: there is a connection, or the end has come.
  std::condition_variable room_;  // For the others: a connection has been served.
  std::deque<Socket> waiting_;    // At most as many as there are idle threads.
  std::list<std::thread> threads_;
  std::vector<std::thread> ended_;
  std::size_t busy_ = 0;
  bool closed_ = false;
};

}  // namespace stakewatch
