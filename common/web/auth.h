#pragma once
// HTTP basic authentication against bcrypt hashes. bcrypt is slow on purpose, so a verified
// credential is remembered, one hash is computed at a time, and each address may fail only now and
// then: otherwise a guesser would own the processor.
#include <array>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "common/web/bucket.h"

namespace stakewatch {

// Thread-safe. A changed configuration makes a new one, and with it an empty memory.
class BasicAuth {
 public:
  enum class Verdict { kGood, kWrong, kTooMany };

  // User names to bcrypt hashes; at least one.
  explicit BasicAuth(std::map<std::string, std::string> users);

  // `authorization` is the header as it came, `address` is where failures are counted: the peer's
  // address, or its network.
  Verdict Check(std::string_view authorization, const std::string& address);
  std::size_t Computed() const;  // bcrypt hashes so far.

 private:
  using Mac = std::array<unsigned char, 32>;

  Mac MacOf(std::string_view user, std::string_view password) const;
  bool Remembered(const std::string& user, const Mac& mac) const;  // Under mutex_.
  bool WaitForTurn(std::unique_lock<std::mutex>& lock);
  Verdict Compute(const std::string& user, const std::string& password, const Mac& mac);
  std::shared_ptr<TokenBucket> BucketOf(const std::string& address);

  const std::map<std::string, std::string> users_;
  std::string slowest_hash_;  // What the password of an unknown user is compared with.
  Mac key_{};
  mutable std::mutex mutex_;  // Of all below; not held while computing.
  std::map<std::string, Mac, std::less<>> remembered_;
  std::map<std::string, std::shared_ptr<TokenBucket>> buckets_;
  std::shared_ptr<TokenBucket> rest_;  // Of all addresses for which there is no bucket left.
  std::condition_variable turn_;
  bool computing_ = false;
  int waiting_ = 0;
  std::size_t computed_ = 0;
};

// The user and password of a Basic Authorization header; false when it is none.
bool ParseBasicAuth(std::string_view authorization, std::string& user, std::string& password);

}  // namespace stakewatch
