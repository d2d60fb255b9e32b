#include "common/web/pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace stakewatch {

WebPool::WebPool(std::size_t threads_max, std::function<Serve()> make, milliseconds idle_max)
    : threads_max_(std::max<std::size_t>(threads_max, 1)),
      make_(std::move(make)),
      idle_max_(idle_max) {}

WebPool::~WebPool() {
  Close();
  std::list<std::thread> rest;
  {
    const std::lock_guard lock(mutex_);
    rest.swap(threads_);
  }
  for (std::thread& thread : rest) thread.join();
  JoinEnded();
}

bool WebPool::WaitForRoom(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return room_.wait_for(lock, at_most, [this] {
    return closed_ || busy_ + waiting_.size() < threads_max_;
  }) && !closed_;
}

void WebPool::Run(Socket connection) {
  JoinEnded();
  std::unique_lock lock(mutex_);
  if (closed_) return;
  waiting_.push_back(std::move(connection));
  if (busy_ + waiting_.size() <= threads_.size()) {
    lock.unlock();  // Or the thread that is woken sleeps again at once, for the mutex.
    work_.notify_one();
    return;
  }
  try {
    threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // The machine has no more threads. With one of ours left it is served later, else dropped.
    if (threads_.empty()) waiting_.pop_back();
  }
}

void WebPool::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  work_.notify_all();
  room_.notify_all();
}

bool WebPool::Closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool WebPool::WaitUntilIdle(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return room_.wait_for(lock, at_most, [this] { return busy_ + waiting_.size() == 0; });
}

std::size_t WebPool::Threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void WebPool::Work() {
  const Serve serve = make_();
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool woken =
        work_.wait_for(lock, idle_max_, [this] { return closed_ || !waiting_.empty(); });
    if (!woken || waiting_.empty()) break;
    Socket connection = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    serve(std::move(connection));
    lock.lock();
    --busy_;
    room_.notify_all();
  }
  // Whoever destroys the pool took the list of threads and joins this one.
  const auto self = std::ranges::find(threads_, std::this_thread::get_id(), &std::thread::get_id);
  if (self == threads_.end()) return;
  ended_.push_back(std::move(*self));
  threads_.erase(self);
}

void WebPool::JoinEnded() {
  std::vector<std::thread> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (std::thread& thread : ended) thread.join();
}

}  // namespace stakewatch
