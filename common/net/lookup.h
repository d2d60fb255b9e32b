#pragma once
// The addresses of a name, looked up on a thread of its own: getaddrinfo has no deadline.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/deadline.h"
#include "common/result.h"

namespace stakewatch {

class Lookup {
 public:
  // Starts at once. A numeric address needs no thread.
  explicit Lookup(const std::string& host);
  // Numeric addresses, at least one and at most 8, once they are known. A lookup that is dropped
  // before that goes on alone until the resolver gives up.
  std::optional<Result<std::vector<std::string>>> Poll() const;
  // The same, waited for; kTimeout when they are not known by the deadline.
  Result<std::vector<std::string>> Wait(const Deadline& deadline) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace stakewatch
