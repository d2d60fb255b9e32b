#include "common/scrape/breaker.h"

namespace stakewatch {
namespace {

// An answer, even one that refuses, shows that the node is not hung.
bool Unanswered(const Result<std::string>& answer) {
  return !answer && (answer.error().reason == Reason::kTimeout ||
                     answer.error().reason == Reason::kUnreachable);
}

}  // namespace

Result<std::string> Breaker::Ask(const Deadline& deadline,
                                 const std::function<Result<std::string>()>& ask) {
  std::unique_lock lock(mutex_);
  if (failures_ >= kFailuresToOpen) {
    if (!trying_) return Try(lock, ask);
    const std::uint64_t seen = tries_;
    const bool ended = changed_.wait_until(lock, deadline.At(), [&] { return tries_ != seen; });
    if (!ended) return Fail(Reason::kTimeout, "waited for a request that hangs");
    if (failures_ >= kFailuresToOpen) {
      return Fail(last_failure_.reason, "not asked: " + last_failure_.what, last_failure_.code);
    }
  }
  lock.unlock();
  auto answer = ask();
  lock.lock();
  Count(answer);
  return answer;
}

Result<std::string> Breaker::Try(std::unique_lock<std::mutex>& lock,
                                 const std::function<Result<std::string>()>& ask) {
  trying_ = true;
  lock.unlock();
  auto answer = ask();
  lock.lock();
  trying_ = false;
  ++tries_;
  Count(answer);
  changed_.notify_all();
  return answer;
}

void Breaker::Count(const Result<std::string>& answer) {
  if (!Unanswered(answer)) {
    failures_ = 0;
    return;
  }
  last_failure_ = answer.error();
  if (failures_ < kFailuresToOpen) ++failures_;
}

bool Breaker::Open() const {
  const std::lock_guard lock(mutex_);
  return failures_ >= kFailuresToOpen;
}

bool Breaker::Trying() const {
  const std::lock_guard lock(mutex_);
  return trying_;
}

}  // namespace stakewatch
