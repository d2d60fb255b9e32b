#include "exporters/mina/submissions.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "exporters/mina/metrics.h"

namespace stakewatch::mina {
namespace {

struct ErrorClass {
  std::string_view begins;  // How its text begins.
  std::string_view name;
};
constexpr std::array kClasses = {ErrorClass{"Invalid_proof", "invalid_proof"},
                                 ErrorClass{"No block found", "no_block_found"}};

}  // namespace

void TellByResult(const SqlRows& rows, Sheet& sheet) {
  if (rows.Count() == 0) return;  // No batch.
  const SqlRow row = rows.One();
  const bool covered = row.Flag("covered").value_or(false);
  sheet.Set(kSubmissionsCovered, covered ? 1 : 0);
  for (const std::string_view result : {"valid", "invalid", "verified_with_error", "pending"}) {
    const auto count = row.Number(result);
    if (covered) sheet.Set(kSubmissionsByResult, count, result);
  }
}

void TellErrors(const SqlRows& rows, Sheet& sheet) {
  std::array<double, kClasses.size()> known{};
  double other = 0;
  for (std::size_t i = 0; i < rows.Count(); ++i) {
    const SqlRow row = rows.Row(i);
    if (i == 0) other = row.Number("in_all").value_or(0);
    const std::string_view error = row.Text("error").value_or("");
    for (std::size_t c = 0; c < kClasses.size(); ++c) {
      if (!error.starts_with(kClasses[c].begins)) continue;
      const double count = row.Number("submissions").value_or(0);
      known[c] += count;
      other -= count;
    }
  }
  for (std::size_t c = 0; c < kClasses.size(); ++c) {
    sheet.Set(kValidationErrors, known[c], kClasses[c].name);
  }
  sheet.Set(kValidationErrors, other, "other");
}

}  // namespace stakewatch::mina
