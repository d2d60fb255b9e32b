// Server-sent events: fed whole, in pieces of the sizes that the first bytes say, and byte by byte,
// the same text gives the same events, the same error and the same retry.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "common/upstream/sse.h"

namespace {

// Small, so that the fuzzer finds its edges.
constexpr std::size_t kBytesMax = 64;

struct Outcome {
  std::vector<std::pair<std::string, std::string>> events;
  std::string error;
  std::optional<std::chrono::milliseconds> retry;

  bool operator==(const Outcome&) const = default;
};

class Fed {
 public:
  void Feed(std::string_view bytes) {
    const auto fed = parser_.Feed(bytes, [this](stakewatch::ServerEvent event) {
      // Mended text is up to three times as long.
      if (event.data.size() > 3 * kBytesMax || event.type.size() > 3 * kBytesMax) __builtin_trap();
      if (event.data != stakewatch::MendUtf8(event.data)) __builtin_trap();
      if (event.type.empty() || event.type.find_first_of("\r\n") != std::string::npos) {
        __builtin_trap();
      }
      if (!outcome_.error.empty()) __builtin_trap();
      outcome_.events.emplace_back(std::move(event.type), std::move(event.data));
    });
    if (!fed) outcome_.error = fed.error();
  }
  Outcome Take() {
    outcome_.retry = parser_.Retry();
    return std::move(outcome_);
  }

 private:
  stakewatch::SseParser parser_{kBytesMax};
  Outcome outcome_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSizes = 4;
  if (size < kSizes) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + kSizes), size - kSizes);
  Fed whole;
  whole.Feed(text);
  const Outcome expected = whole.Take();
  Fed pieces;
  std::string_view left = text;
  for (std::size_t i = 0; !left.empty(); ++i) {
    const std::string_view piece = left.substr(0, data[i % kSizes] + std::size_t{1});
    // A copy of its own, so that nothing is kept that ends with the call.
    pieces.Feed(std::string(piece));
    left.remove_prefix(piece.size());
  }
  if (pieces.Take() != expected) __builtin_trap();
  Fed bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.Feed(std::string(text.substr(i, 1)));
  if (bytes.Take() != expected) __builtin_trap();
  return 0;
}
