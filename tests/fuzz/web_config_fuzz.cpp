// The web configuration: any text is a configuration or one line that says why not.
#include <cstdint>
#include <string_view>

#include "common/web/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = stakewatch::ParseWebConfig(
      std::string_view(reinterpret_cast<const char*>(data), size), "/nonexistent");
  if (!config && config.error().empty()) __builtin_trap();
  return 0;
}
