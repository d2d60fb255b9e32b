#pragma once
// A node whose answers a test gives by name, as RecordedUpstream names them.
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/upstream/upstream.h"

namespace stakewatch::beacon {

// A text that begins with three digits and a space is that HTTP status, and what has no answer is
// HTTP 404. Thread-safe.
class Scripted : public Upstream {
 public:
  using Answers = std::map<std::string, std::string, std::less<>>;
  explicit Scripted(Answers answers) : answers_(std::move(answers)) {}

  Result<std::string> Ask(const Request& request, const Deadline&) const override {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(request.name);
    bodies_.push_back(request.body);
    const auto at = answers_.find(request.name);
    if (at == answers_.end()) return Fail(Reason::kHttpStatus, "HTTP 404", 404);
    const std::string& text = at->second;
    if (text.size() > 3 && text[3] == ' ' && text[0] >= '1' && text[0] <= '5') {
      return Fail(Reason::kHttpStatus, "HTTP " + text, std::stoi(text.substr(0, 3)));
    }
    return text;
  }

  void Set(const std::string& name, const std::string& answer) {
    const std::lock_guard lock(mutex_);
    answers_[name] = answer;
  }
  void Remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    answers_.erase(name);
  }
  // The names, in order, since the last call.
  std::vector<std::string> TakeAsked() const {
    const std::lock_guard lock(mutex_);
    bodies_.clear();
    return std::exchange(asked_, {});
  }
  std::string LastBody() const {
    const std::lock_guard lock(mutex_);
    return bodies_.empty() ? "" : bodies_.back();
  }

 private:
  mutable std::mutex mutex_;
  Answers answers_;
  mutable std::vector<std::string> asked_;
  mutable std::vector<std::string> bodies_;
};

}  // namespace stakewatch::beacon
