#include "common/web/auth.h"

#include <crypt.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace stakewatch {
namespace {

constexpr std::string_view kScheme = "basic ";
constexpr std::size_t kFailuresMax = 5;
constexpr std::chrono::seconds kFailureInterval(2);
constexpr std::size_t kAddressesMax = 256;
constexpr int kWaitingMax = 4;
constexpr std::chrono::seconds kWaitMax(2);

int Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// With or without padding; false when a character is none of the alphabet.
bool DecodeBase64(std::string_view text, std::string& to) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = Digit(c);
    if (digit < 0) return false;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      to.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return true;
}

bool MatchesBcrypt(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();  // 32 KiB: not for a stack.
  const char* const got = crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool matches = got != nullptr && std::strlen(got) == hash.size() &&
                       CRYPTO_memcmp(got, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return matches;
}

std::shared_ptr<TokenBucket> NewBucket() {
  return std::make_shared<TokenBucket>(kFailureInterval, kFailuresMax);
}

struct Credential {
  std::string user, password;
  Credential() = default;
  Credential(const Credential&) = delete;
  Credential& operator=(const Credential&) = delete;
  ~Credential() { OPENSSL_cleanse(password.data(), password.size()); }
};

}  // namespace

bool ParseBasicAuth(std::string_view authorization, std::string& user, std::string& password) {
  if (authorization.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != kScheme[i]) return false;
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ')) authorization.remove_suffix(1);
  std::string decoded;
  if (!DecodeBase64(authorization, decoded)) return false;
  const std::size_t colon = decoded.find(':');
  // crypt(3) stops at a NUL: whatever comes after it would be right.
  const bool good = colon != std::string::npos && decoded.find('\0') == std::string::npos;
  if (good) {
    user = decoded.substr(0, colon);
    password = decoded.substr(colon + 1);
  }
  OPENSSL_cleanse(decoded.data(), decoded.size());
  return good;
}

BasicAuth::BasicAuth(std::map<std::string, std::string> users)
    : users_(std::move(users)), rest_(NewBucket()) {
  for (const auto& [user, hash] : users_) {
    // The cost is two digits after "$2b$".
    if (slowest_hash_.empty() || hash.substr(4, 2) > slowest_hash_.substr(4, 2)) {
      slowest_hash_ = hash;
    }
  }
  // No random bytes, no safe memory of credentials: a broken machine.
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) std::abort();
}

BasicAuth::Verdict BasicAuth::Check(std::string_view authorization, const std::string& address) {
  Credential given;
  if (!ParseBasicAuth(authorization, given.user, given.password)) return Verdict::kWrong;
  const Mac mac = MacOf(given.user, given.password);
  {
    const std::lock_guard lock(mutex_);
    if (Remembered(given.user, mac)) return Verdict::kGood;
  }
  const auto bucket = BucketOf(address);
  if (!bucket->Take()) return Verdict::kTooMany;
  const Verdict verdict = Compute(given.user, given.password, mac);
  if (verdict != Verdict::kWrong) bucket->GiveBack();
  return verdict;
}

BasicAuth::Verdict BasicAuth::Compute(const std::string& user, const std::string& password,
                                      const Mac& mac) {
  std::unique_lock lock(mutex_);
  if (!WaitForTurn(lock)) return Verdict::kTooMany;
  if (Remembered(user, mac)) return Verdict::kGood;  // By the one that we waited for.
  computing_ = true;
  ++computed_;
  lock.unlock();
  const auto found = users_.find(user);
  const bool known = found != users_.end();
  const bool good = MatchesBcrypt(password, known ? found->second : slowest_hash_) && known;
  lock.lock();
  computing_ = false;
  turn_.notify_all();  // One of them may find its answer remembered and take no turn.
  if (!good) return Verdict::kWrong;
  remembered_.insert_or_assign(user, mac);
  return Verdict::kGood;
}

bool BasicAuth::WaitForTurn(std::unique_lock<std::mutex>& lock) {
  if (waiting_ >= kWaitingMax) return false;
  ++waiting_;
  const bool mine = turn_.wait_for(lock, kWaitMax, [this] { return !computing_; });
  --waiting_;
  return mine;
}

std::size_t BasicAuth::Computed() const {
  const std::lock_guard lock(mutex_);
  return computed_;
}

BasicAuth::Mac BasicAuth::MacOf(std::string_view user, std::string_view password) const {
  // Neither has a NUL, so the text is of one pair only.
  std::string text;
  text.reserve(user.size() + 1 + password.size());
  text.append(user).append(1, '\0').append(password);
  Mac mac{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &length);
  OPENSSL_cleanse(text.data(), text.size());
  if (length != mac.size()) std::abort();  // An all-zero mac would match any other.
  return mac;
}

bool BasicAuth::Remembered(const std::string& user, const Mac& mac) const {
  const auto found = remembered_.find(user);
  return found != remembered_.end() &&
         CRYPTO_memcmp(found->second.data(), mac.data(), mac.size()) == 0;
}

std::shared_ptr<TokenBucket> BasicAuth::BucketOf(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (const auto found = buckets_.find(address); found != buckets_.end()) return found->second;
  // A full bucket tells no more than a new one does.
  if (buckets_.size() >= kAddressesMax) {
    std::erase_if(buckets_, [](const auto& entry) { return entry.second->Full(); });
  }
  if (buckets_.size() >= kAddressesMax) return rest_;
  return buckets_.emplace(address, NewBucket()).first->second;
}

}  // namespace stakewatch
