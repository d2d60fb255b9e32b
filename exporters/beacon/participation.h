#pragma once
// Source participation: how much of the network's stake votes, which Prysm alone can tell. Its help
// on other clients is validator_set.
#include <cstdint>
#include <string>

#include "common/metrics.h"
#include "exporters/beacon/client.h"

namespace stakewatch::beacon {

// /prysm/v1/validators/head/participation, in gwei; the current epoch is that of the head.
struct Participation {
  double current_active = 0, current_attesting = 0, current_target = 0;
  double previous_active = 0, previous_attesting = 0, previous_target = 0, previous_head = 0;
};

Result<Participation> ParseParticipation(const std::string& answer);
void TellParticipation(const Participation& told, Sheet& sheet);

// A node that is not Prysm answers 404: there is nothing to tell, and nothing has failed.
Result<void> ScrapeParticipation(const Client& client, const Deadline& deadline, Sheet& sheet);

}  // namespace stakewatch::beacon
