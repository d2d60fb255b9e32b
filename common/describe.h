#pragma once
// The declared metrics as JSON, for tools: docs/metrics.md and the checks of dashboards and rules.
#include <span>
#include <string>
#include <string_view>

#include "common/metrics.h"

namespace stakewatch {

// [{"name","type","help","labels":[…]},…], in the declared order.
std::string DescribeMetrics(std::span<const MetricRow> metrics);

}  // namespace stakewatch
