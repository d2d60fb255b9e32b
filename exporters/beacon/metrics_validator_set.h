#pragma once
// What is told of all validators of the network (--beacon.validator-set): by a job, once an epoch.
// Sums are exact inside and, as all numbers of Prometheus, told with 53 bits: of 35 million ETH
// that is within 8 gwei.
#include "common/metrics.h"

namespace stakewatch::beacon {

inline constexpr auto kSetValidators =
    Gauge("beaconapi_validator_set_validators",
          "Validators of the network by status, in the Beacon API's words; other for a status that "
          "it does not know. All of the set is found once an epoch.",
          "status");
inline constexpr auto kSetBalance =
    Gauge("beaconapi_validator_set_balance_gwei", "Sum of their balances, in gwei.", "status");
inline constexpr auto kSetEffectiveBalance = Gauge("beaconapi_validator_set_effective_balance_gwei",
                                                   "Sum of their effective balances.", "status");
inline constexpr auto kSetActive =
    Gauge("beaconapi_validator_set_active_validators", "Validators with a status active_….");
inline constexpr auto kSetActiveBalance =
    Gauge("beaconapi_validator_set_active_balance_gwei", "Sum of their balances.");
inline constexpr auto kSetActiveEffectiveBalance =
    Gauge("beaconapi_validator_set_active_effective_balance_gwei",
          "Sum of their effective balances: the stake that votes.");
inline constexpr auto kSetSlashed =
    Gauge("beaconapi_validator_set_slashed", "Validators that have been slashed, ever.");
inline constexpr auto kSetAverageBalance =
    Gauge("beaconapi_validator_set_average_balance_gwei",
          "Mean balance of the active validators, to hold the own ones against.");
inline constexpr auto kSetAverageEffectiveBalance =
    Gauge("beaconapi_validator_set_average_effective_balance_gwei",
          "Mean effective balance of the active validators.");
inline constexpr auto kSetLastSuccess =
    Gauge("beaconapi_validator_set_last_success_timestamp_seconds",
          "When the set was last read whole: how old the numbers are.");
inline constexpr auto kSetDuration =
    Gauge("beaconapi_validator_set_duration_seconds",
          "How long that took, from the question to the last byte.");
inline constexpr auto kSetBytes =
    Gauge("beaconapi_validator_set_bytes", "How long the answer was; it is never held whole.");
inline constexpr auto kSetFailures = Counter("beaconapi_validator_set_failures_total",
                                             "Times the set was asked for and not read whole.");

inline constexpr auto kValidatorSetMetrics =
    Table(kSetValidators, kSetBalance, kSetEffectiveBalance, kSetActive, kSetActiveBalance,
          kSetActiveEffectiveBalance, kSetSlashed, kSetAverageBalance, kSetAverageEffectiveBalance,
          kSetLastSuccess, kSetDuration, kSetBytes, kSetFailures);

}  // namespace stakewatch::beacon
