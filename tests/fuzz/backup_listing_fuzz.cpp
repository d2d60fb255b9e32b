// A listing of backups elsewhere: as many are counted as it can have lines, or a line is named.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "common/backup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = stakewatch::ParseBackupListing(text, {.pattern = "*.zstd"});
  if (!found) {
    if (!found.error().starts_with("line ")) __builtin_trap();
    return 0;
  }
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1;
  if (found->files > lines || found->empty > found->files) __builtin_trap();
  if (found->newest && found->newest->bytes == 0) __builtin_trap();
  return 0;
}
