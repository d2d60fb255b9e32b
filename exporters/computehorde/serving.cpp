#include "exporters/computehorde/serving.h"

#include "common/result.h"
#include "exporters/computehorde/metrics.h"

namespace stakewatch::computehorde {

std::optional<bool> ServingOf(std::string_view value) {
  if (value == "gAKILg==") return true;
  if (value == "gAKJLg==") return false;
  return std::nullopt;
}

void ReadServing(const SqlRows& rows, bool by_default, Sheet& sheet) {
  const SqlRow row = rows.One();
  if (row.Whole("rows") == 0) {
    sheet.Set(kServing, by_default);
    return;
  }
  const auto serving = ServingOf(row.Text("value").value_or(""));
  if (!serving) throw BadShape{"SERVING is neither of the two values that are known"};
  sheet.Set(kServing, *serving);
}

}  // namespace stakewatch::computehorde
