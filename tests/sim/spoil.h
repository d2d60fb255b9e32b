#pragma once
// Answers that are wrong: right in form, wrong in content, one way each.
#include <string>
#include <string_view>

#include "tests/sim/beacon_api.h"
#include "tests/sim/faults.h"

namespace stakewatch::sim {

// The fault that changes the content of `node`'s answers to `method`, if there is one.
const Fault* FindSpoil(const FaultSet& faults, int node, std::string_view method);

// The whole answer, without a newline. `id` and `result` are JSON.
std::string SpoiledEnvelope(const Fault& fault, const std::string& id, std::string_view result);

// The same for an answer of the Beacon API or the keymanager API.
void SpoilApi(const Fault& fault, BeaconReply& reply);

}  // namespace stakewatch::sim
