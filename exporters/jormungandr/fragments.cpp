#include "exporters/jormungandr/fragments.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "exporters/jormungandr/metrics.h"

namespace stakewatch::jormungandr {
namespace {

constexpr std::uint64_t kBytesMax = 64U << 20;

enum Field { kStatus, kInABlock, kRejected, kFields };

std::vector<JsonField> Fields() {
  std::vector<JsonField> fields(kFields);
  fields[kStatus] = {"", "status"};
  fields[kInABlock] = {"status", "InABlock"};
  fields[kRejected] = {"status", "Rejected"};
  return fields;
}

Result<void> Feed(Pieces& to, std::string_view text) {
  while (!text.empty()) {
    const std::span<char> room = to.Room();
    const std::size_t size = std::min(room.size(), text.size());
    std::copy_n(text.begin(), size, room.begin());
    if (auto taken = to.Take(size); !taken) return taken;
    text.remove_prefix(size);
  }
  return {};
}

}  // namespace

// The answer is an array, and what reads it wants an object around that.
FragmentLogReader::FragmentLogReader()
    : items_("log", Fields(),
             [this](std::span<const JsonScalar> fragment) { return Add(fragment); }),
      begun_(Feed(items_, "{\"log\":")) {}

Checked<void> FragmentLogReader::Add(std::span<const JsonScalar> fragment) {
  const JsonScalar& status = fragment[kStatus];
  if (status.kind != JsonKind::kString && status.kind != JsonKind::kOther) {
    return std::unexpected("a fragment without a status");
  }
  const bool in_a_block = fragment[kInABlock].kind != JsonKind::kMissing;
  const bool rejected = fragment[kRejected].kind != JsonKind::kMissing;
  const bool pending = status.kind == JsonKind::kString && status.text == "Pending";
  ++counts_[pending ? 0 : in_a_block ? 1 : rejected ? 2 : 3];
  return {};
}

Result<FragmentCounts> FragmentLogReader::Finish() {
  if (!begun_) return std::unexpected(begun_.error());
  if (auto fed = Feed(items_, "}"); !fed) return std::unexpected(fed.error());
  if (auto finished = items_.Finish(); !finished) return std::unexpected(finished.error());
  return counts_;
}

Result<FragmentCounts> ParseFragmentLogs(const std::string& answer) {
  FragmentLogReader reader;
  if (auto fed = Feed(reader, answer); !fed) return std::unexpected(fed.error());
  return reader.Finish();
}

Result<void> ScrapeFragments(const Client& client, const Deadline& deadline, Sheet& sheet) {
  FragmentLogReader reader;
  const auto asked = client.AskInPieces(Call::kFragmentLogs, deadline, kBytesMax, reader);
  if (!asked) return std::unexpected(asked.error());
  const auto counts = reader.Finish();
  if (!counts) return std::unexpected(counts.error());
  for (std::size_t i = 0; i < kFragmentStatuses.size(); ++i) {
    sheet.Set(kFragmentLogEntries, static_cast<double>((*counts)[i]), kFragmentStatuses[i]);
  }
  return {};
}

}  // namespace stakewatch::jormungandr
