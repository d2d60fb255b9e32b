// The end of a JSON value on a stream: the same however it is cut into pieces, and where simdjson
// reads a whole object, at its end.
#include <cstdint>
#include <string>

#include "common/json.h"
#include "common/upstream/ipc_upstream.h"

namespace {

using stakewatch::JsonEnd;

// Fed in pieces of `piece` bytes; where the value ends, or npos.
std::size_t EndOf(std::string_view text, std::size_t piece) {
  JsonEnd end;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::size_t taken = 0;
    const auto state = end.Take(text.substr(at, piece), taken);
    if (state == JsonEnd::State::kDone) return at + taken;
    if (state == JsonEnd::State::kBad) return std::string_view::npos;
  }
  return std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t whole = EndOf(text, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1, 3, 7}) {
    if (EndOf(text, piece) != whole) __builtin_trap();
  }
  if (whole != std::string_view::npos && whole > size) __builtin_trap();
  return 0;
}
