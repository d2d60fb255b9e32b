#include "common/net/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace stakewatch {
namespace {

constexpr std::size_t kAddressesMax = 8;

bool IsNumeric(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

Result<std::vector<std::string>> LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::ranges::find(addresses, text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
    if (addresses.size() == kAddressesMax) break;
  }
  if (found != nullptr) freeaddrinfo(found);
  if (addresses.empty()) {
    return Fail(
        Reason::kUnreachable,
        "no address of " + host + (error != 0 ? std::string(": ") + gai_strerror(error) : ""));
  }
  return addresses;
}

}  // namespace

struct Lookup::State {
  std::mutex mutex;
  std::condition_variable known;
  std::optional<Result<std::vector<std::string>>> answer;
};

Lookup::Lookup(const std::string& host) : state_(std::make_shared<State>()) {
  if (IsNumeric(host)) {
    state_->answer = std::vector{host};
    return;
  }
  try {
    std::thread([host, state = state_] {
      auto answer = LookUp(host);
      const std::lock_guard lock(state->mutex);
      state->answer = std::move(answer);
      state->known.notify_all();
    }).detach();
  } catch (const std::system_error& e) {
    state_->answer =
        Fail(Reason::kUnreachable, std::string("no thread to resolve on: ") + e.what());
  }
}

std::optional<Result<std::vector<std::string>>> Lookup::Poll() const {
  const std::lock_guard lock(state_->mutex);
  return state_->answer;
}

Result<std::vector<std::string>> Lookup::Wait(const Deadline& deadline) const {
  std::unique_lock lock(state_->mutex);
  const auto& answer = state_->answer;
  while (!answer) {
    if (deadline.Over()) return Fail(Reason::kTimeout, "no address in time");
    state_->known.wait_for(lock, deadline.Wait(), [&] { return answer.has_value(); });
  }
  return *answer;
}

}  // namespace stakewatch
