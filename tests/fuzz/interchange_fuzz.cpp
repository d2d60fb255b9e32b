// A slashing-protection file: the same is read of it in whatever pieces it comes.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "exporters/supervisor/interchange_reader.h"

namespace {

namespace supervisor = stakewatch::supervisor;

stakewatch::Checked<supervisor::Interchange> Read(std::string_view text, std::size_t piece) {
  supervisor::InterchangeReader reader;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    if (const auto taken = reader.Take(text.substr(0, piece)); !taken) {
      return std::unexpected(taken.error());
    }
  }
  return reader.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = Read(text, size + 1);
  const auto pieces = Read(text, 3);
  if (whole.has_value() != pieces.has_value()) __builtin_trap();
  if (!whole) return whole.error() == pieces.error() ? 0 : (__builtin_trap(), 0);
  if (whole->keys != pieces->keys || whole->slots != pieces->slots ||
      whole->target_epochs != pieces->target_epochs) {
    __builtin_trap();
  }
  if (whole->source_epochs.has_value() != whole->target_epochs.has_value()) __builtin_trap();
  return 0;
}
