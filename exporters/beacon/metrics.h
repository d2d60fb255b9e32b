#pragma once
// What this exporter tells, in the order of docs/metrics.md.
#include "exporters/beacon/metrics_node.h"
#include "exporters/beacon/metrics_validators.h"

namespace stakewatch::beacon {

inline constexpr auto kMetrics = Join(kNodeMetrics, kValidatorMetrics);

}  // namespace stakewatch::beacon
