#pragma once
// The validator client: the keymanager API with its bearer token, and the metrics of its duties.
#include <string_view>

#include "tests/sim/beacon_api.h"

namespace stakewatch::sim {

// No secret: the control port tells it.
inline constexpr std::string_view kKeymanagerToken =
    "0x5f1a7b3c9d2e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8";

BeaconReply AnswerValidatorClient(const BeaconNode& node, const HttpRequest& request);

}  // namespace stakewatch::sim
