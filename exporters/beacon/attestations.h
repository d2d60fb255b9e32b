#pragma once
// The account of attestations: which of the own validators missed which, by the rewards that each
// epoch brought them. Pure: answers come in as structs.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "exporters/beacon/own_node.h"
#include "exporters/beacon/rewards.h"

namespace stakewatch::beacon {

// Of the consensus specification: a leak begins when more than as many epochs lie between the
// previous epoch and the finalized one.
inline constexpr std::uint64_t kMinEpochsToInactivityPenalty = 4;

// source, target, head, inactivity.
using VoteSums = std::array<double, 4>;
inline constexpr std::array<std::string_view, 4> kVotes = {"source", "target", "head",
                                                           "inactivity"};

// One group in one epoch.
struct GroupAttestations {
  std::uint64_t due = 0;
  std::uint64_t missed = 0;
  std::uint64_t missed_source = 0;
  std::uint64_t missed_head = 0;
  VoteSums rewards{};
  std::optional<VoteSums> ideal = VoteSums{};  // None: a balance without an ideal reward.
  std::uint64_t in_a_row_max = 0;
  std::uint64_t missing_2_epochs = 0;
  std::uint64_t missing_3_epochs = 0;
};

struct EpochAttestations {
  std::uint64_t epoch = 0;
  bool leak = false;  // Then a head reward of 0 means nothing: missed_head is of no use.
  std::vector<GroupAttestations> groups;
};

// One for the life of the process. The rewards of one epoch are those of several answers together.
class AttestationAccount {
 public:
  // What `due` (by index) got in the epoch. `finalized` is the finalized epoch of a head state in
  // epoch + 2, as the rewards of an epoch are reckoned with that; of a later head it is at least
  // that, and then a leak shows by ideal rewards of 0. Epochs come in ascending order; a gap ends
  // what was missed in a row. Fails, and changes nothing, when the answer lacks a validator.
  Result<EpochAttestations> Judge(std::uint64_t epoch, const OwnIndices& due,
                                  std::size_t group_count, const AttestationRewards& rewards,
                                  std::uint64_t finalized);

  std::optional<std::uint64_t> LastEpoch() const { return last_epoch_; }
  // Up to the last judged epoch.
  std::uint64_t MissedInARow(std::uint64_t index) const;
  // Those that missed the last judged epoch, with how many in a row.
  const std::unordered_map<std::uint64_t, std::uint64_t>& Missing() const { return in_a_row_; }

 private:
  std::optional<std::uint64_t> last_epoch_;
  std::unordered_map<std::uint64_t, std::uint64_t> in_a_row_;
};

}  // namespace stakewatch::beacon
