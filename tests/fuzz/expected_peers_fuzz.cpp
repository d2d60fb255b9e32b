// The file of expected peers: a list, or the line that is wrong.
#include <cstdint>
#include <string_view>

#include "exporters/geth/expected_peers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto peers = stakewatch::geth::ParseExpectedPeers(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (!peers && !peers.error().starts_with("line ")) __builtin_trap();
  return 0;
}
