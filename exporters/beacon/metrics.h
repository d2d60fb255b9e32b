#pragma once
// What this exporter tells, in the order of docs/metrics.md.
#include "exporters/beacon/metrics_events.h"
#include "exporters/beacon/metrics_node.h"
#include "exporters/beacon/metrics_validator_set.h"
#include "exporters/beacon/metrics_validators.h"

namespace stakewatch::beacon {

inline constexpr auto kMetrics =
    Join(kNodeMetrics, kEventsMetrics, kValidatorMetrics, kValidatorSetMetrics);

}  // namespace stakewatch::beacon
