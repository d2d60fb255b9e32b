// A file of queries: what is read has what it takes to ask it, or a line is named.
#include <cstdint>
#include <string_view>

#include "common/sql/query_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto queries =
      stakewatch::ParseQueryFile(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!queries) {
    if (!queries.error().starts_with("line ")) __builtin_trap();
    return 0;
  }
  for (const stakewatch::SqlQuery& query : *queries) {
    if (query.name.empty() || query.text.empty() || query.text.contains(';')) __builtin_trap();
    if (query.within.count() < 1 || query.within > query.every) __builtin_trap();
  }
  return 0;
}
