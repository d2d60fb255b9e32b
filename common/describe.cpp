#include "common/describe.h"

#include <nlohmann/json.hpp>

namespace stakewatch {

std::string DescribeMetrics(std::span<const MetricRow> metrics) {
  constexpr const char* kTypes[] = {"gauge", "counter", "histogram"};
  auto table = nlohmann::ordered_json::array();
  for (const MetricRow& row : metrics) {
    auto labels = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < row.label_count; ++i) labels.push_back(row.labels[i]);
    table.push_back({{"name", row.name},
                     {"type", kTypes[static_cast<std::size_t>(row.kind)]},
                     {"help", row.help},
                     {"labels", labels}});
  }
  return table.dump(2) + "\n";
}

}  // namespace stakewatch
