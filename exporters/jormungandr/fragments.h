#pragma once
// Source fragments: the fragment log, which may have a hundred thousand entries and is therefore
// counted while it comes.
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/json_items.h"
#include "common/metrics.h"
#include "exporters/jormungandr/client.h"

namespace stakewatch::jormungandr {

inline constexpr std::array<std::string_view, 4> kFragmentStatuses = {"pending", "in_a_block",
                                                                      "rejected", "other"};
// By status, in that order.
using FragmentCounts = std::array<std::size_t, kFragmentStatuses.size()>;

// What a Client streams /api/v0/fragment/logs into.
class FragmentLogReader final : public Pieces {
 public:
  FragmentLogReader();
  FragmentLogReader(const FragmentLogReader&) = delete;
  FragmentLogReader& operator=(const FragmentLogReader&) = delete;
  std::span<char> Room() override { return items_.Room(); }
  Result<void> Take(std::size_t bytes) override { return items_.Take(bytes); }
  // Once all has come.
  Result<FragmentCounts> Finish();

 private:
  Checked<void> Add(std::span<const JsonScalar> fragment);

  FragmentCounts counts_{};
  JsonItems items_;  // After the counts, to which what it calls adds.
  Result<void> begun_;
};

// Of an answer that is held whole.
Result<FragmentCounts> ParseFragmentLogs(const std::string& answer);

Result<void> ScrapeFragments(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::jormungandr
