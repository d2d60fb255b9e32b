// The constants of /eth/v1/config/spec: Prysm v7.1.6's names, and the values of the presets
// "minimal" and "mainnet" as recorded.
#include "tests/sim/beacon_spec.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stakewatch::sim {
namespace {

struct Constant {
  std::string_view name;
  std::string_view minimal;
  std::string_view mainnet = {};  // Empty: as minimal.
};

constexpr std::array<Constant, 189> kConstants = {{
    {"AGGREGATE_DUE_BPS", "6667"},
    {"AGGREGATE_DUE_BPS_GLOAS", "5000"},
    {"ATTESTATION_DUE_BPS", "3333"},
    {"ATTESTATION_DUE_BPS_GLOAS", "2500"},
    {"ATTESTATION_PROPAGATION_SLOT_RANGE", "32"},
    {"ATTESTATION_SUBNET_COUNT", "64"},
    {"ATTESTATION_SUBNET_EXTRA_BITS", "0"},
    {"ATTESTATION_SUBNET_PREFIX_BITS", "6"},
    {"BALANCE_PER_ADDITIONAL_CUSTODY_GROUP", "32000000000"},
    {"BASE_REWARD_FACTOR", "64"},
    {"BLOB_SIDECAR_SUBNET_COUNT", "6"},
    {"BLOB_SIDECAR_SUBNET_COUNT_ELECTRA", "9"},
    {"BLS_WITHDRAWAL_PREFIX", "0x00"},
    {"BUILDER_INDEX_SELF_BUILD", "18446744073709551615"},
    {"BUILDER_PAYMENT_THRESHOLD_DENOMINATOR", "10"},
    {"BUILDER_PAYMENT_THRESHOLD_NUMERATOR", "6"},
    {"BUILDER_PENDING_WITHDRAWALS_LIMIT", "1048576"},
    {"BUILDER_REGISTRY_LIMIT", "1099511627776"},
    {"BUILDER_WITHDRAWAL_PREFIX", "0x03"},
    {"BYTES_PER_LOGS_BLOOM", "256"},
    {"CELLS_PER_EXT_BLOB", "128"},
    {"CHURN_LIMIT_QUOTIENT", "32", "65536"},
    {"CHURN_LIMIT_QUOTIENT_GLOAS", "16", "32768"},
    {"COMPOUNDING_WITHDRAWAL_PREFIX", "0x02"},
    {"CONSOLIDATION_CHURN_LIMIT_QUOTIENT", "32", "65536"},
    {"CONTRIBUTION_DUE_BPS", "6667"},
    {"CONTRIBUTION_DUE_BPS_GLOAS", "5000"},
    {"CUSTODY_REQUIREMENT", "4"},
    {"DATA_COLUMN_SIDECAR_SUBNET_COUNT", "128"},
    {"DEPOSIT_CONTRACT_ADDRESS", "0x4242424242424242424242424242424242424242",
     "0x00000000219ab540356cBB839Cbe05303d7705Fa"},
    {"DOMAIN_AGGREGATE_AND_PROOF", "0x06000000"},
    {"DOMAIN_APPLICATION_BUILDER", "0x00000001"},
    {"DOMAIN_APPLICATION_MASK", "0x00000001"},
    {"DOMAIN_BEACON_ATTESTER", "0x01000000"},
    {"DOMAIN_BEACON_BUILDER", "0x0b000000"},
    {"DOMAIN_BEACON_PROPOSER", "0x00000000"},
    {"DOMAIN_BLS_TO_EXECUTION_CHANGE", "0x0a000000"},
    {"DOMAIN_BUILDER_DEPOSIT", "0x0e000000"},
    {"DOMAIN_CONTRIBUTION_AND_PROOF", "0x09000000"},
    {"DOMAIN_DEPOSIT", "0x03000000"},
    {"DOMAIN_PROPOSER_PREFERENCES", "0x0d000000"},
    {"DOMAIN_PTC_ATTESTER", "0x0c000000"},
    {"DOMAIN_RANDAO", "0x02000000"},
    {"DOMAIN_REQUEST_AUTH", "0x0b000001"},
    {"DOMAIN_SELECTION_PROOF", "0x05000000"},
    {"DOMAIN_SYNC_COMMITTEE", "0x07000000"},
    {"DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF", "0x08000000"},
    {"DOMAIN_VOLUNTARY_EXIT", "0x04000000"},
    {"EFFECTIVE_BALANCE_INCREMENT", "1000000000"},
    {"EJECTION_BALANCE", "16000000000"},
    {"EPOCHS_PER_ETH1_VOTING_PERIOD", "4", "64"},
    {"EPOCHS_PER_HISTORICAL_VECTOR", "64", "65536"},
    {"EPOCHS_PER_SLASHINGS_VECTOR", "64", "8192"},
    {"EPOCHS_PER_SUBNET_SUBSCRIPTION", "256"},
    {"EPOCHS_PER_SYNC_COMMITTEE_PERIOD", "8", "256"},
    {"ETH1_ADDRESS_WITHDRAWAL_PREFIX", "0x01"},
    {"ETH1_FOLLOW_DISTANCE", "16", "2048"},
    {"FIELD_ELEMENTS_PER_BLOB", "4096"},
    {"FIELD_ELEMENTS_PER_CELL", "64"},
    {"FIELD_ELEMENTS_PER_EXT_BLOB", "8192"},
    {"FULL_EXIT_REQUEST_AMOUNT", "0"},
    {"GENESIS_DELAY", "0", "604800"},
    {"HISTORICAL_ROOTS_LIMIT", "16777216"},
    {"HYSTERESIS_DOWNWARD_MULTIPLIER", "1"},
    {"HYSTERESIS_QUOTIENT", "4"},
    {"HYSTERESIS_UPWARD_MULTIPLIER", "5"},
    {"INACTIVITY_PENALTY_QUOTIENT", "33554432", "67108864"},
    {"INACTIVITY_PENALTY_QUOTIENT_ALTAIR", "50331648"},
    {"INACTIVITY_PENALTY_QUOTIENT_BELLATRIX", "16777216"},
    {"INACTIVITY_SCORE_BIAS", "4"},
    {"INACTIVITY_SCORE_RECOVERY_RATE", "16"},
    {"KZG_COMMITMENTS_INCLUSION_PROOF_DEPTH", "4"},
    {"KZG_COMMITMENT_INCLUSION_PROOF_DEPTH", "17"},
    {"MAXIMUM_GOSSIP_CLOCK_DISPARITY", "500"},
    {"MAX_ATTESTATIONS", "128"},
    {"MAX_ATTESTATIONS_ELECTRA", "8"},
    {"MAX_ATTESTER_SLASHINGS", "2"},
    {"MAX_ATTESTER_SLASHINGS_ELECTRA", "1"},
    {"MAX_BLOBS_PER_BLOCK", "6"},
    {"MAX_BLOBS_PER_BLOCK_ELECTRA", "9"},
    {"MAX_BLOB_COMMITMENTS_PER_BLOCK", "4096"},
    {"MAX_BLS_TO_EXECUTION_CHANGES", "16"},
    {"MAX_BUILDERS_PER_WITHDRAWALS_SWEEP", "16", "16384"},
    {"MAX_BUILDER_DEPOSIT_REQUESTS_PER_PAYLOAD", "256"},
    {"MAX_BUILDER_EXIT_REQUESTS_PER_PAYLOAD", "16"},
    {"MAX_BYTES_PER_TRANSACTION", "1073741824"},
    {"MAX_COMMITTEES_PER_SLOT", "4", "64"},
    {"MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD", "2"},
    {"MAX_DEPOSITS", "16"},
    {"MAX_DEPOSIT_REQUESTS_PER_PAYLOAD", "8192"},
    {"MAX_EFFECTIVE_BALANCE", "32000000000"},
    {"MAX_EFFECTIVE_BALANCE_ELECTRA", "2048000000000"},
    {"MAX_EXTRA_DATA_BYTES", "32"},
    {"MAX_PAYLOAD_ATTESTATIONS", "4"},
    {"MAX_PAYLOAD_SIZE", "10485760"},
    {"MAX_PENDING_DEPOSITS_PER_EPOCH", "16"},
    {"MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP", "2", "8"},
    {"MAX_PER_EPOCH_ACTIVATION_CHURN_LIMIT", "4", "8"},
    {"MAX_PER_EPOCH_ACTIVATION_CHURN_LIMIT_GLOAS", "128000000000", "256000000000"},
    {"MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT", "128000000000", "256000000000"},
    {"MAX_PROPOSER_SLASHINGS", "16"},
    {"MAX_REQUEST_BLOB_SIDECARS", "768"},
    {"MAX_REQUEST_BLOB_SIDECARS_ELECTRA", "1152"},
    {"MAX_REQUEST_BLOCKS", "1024"},
    {"MAX_REQUEST_BLOCKS_DENEB", "128"},
    {"MAX_REQUEST_DATA_COLUMN_SIDECARS", "16384"},
    {"MAX_REQUEST_LIGHT_CLIENT_UPDATES", "128"},
    {"MAX_REQUEST_PAYLOADS", "128"},
    {"MAX_SEED_LOOKAHEAD", "4"},
    {"MAX_TRANSACTIONS_PER_PAYLOAD", "1048576"},
    {"MAX_VALIDATORS_PER_COMMITTEE", "2048"},
    {"MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP", "16", "16384"},
    {"MAX_VOLUNTARY_EXITS", "16"},
    {"MAX_WITHDRAWALS_PER_PAYLOAD", "4", "16"},
    {"MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD", "16"},
    {"MESSAGE_DOMAIN_INVALID_SNAPPY", "0x00000000"},
    {"MESSAGE_DOMAIN_VALID_SNAPPY", "0x01000000"},
    {"MIN_ACTIVATION_BALANCE", "32000000000"},
    {"MIN_ATTESTATION_INCLUSION_DELAY", "1"},
    {"MIN_BUILDER_WITHDRAWABILITY_DELAY", "2", "8192"},
    {"MIN_DEPOSIT_AMOUNT", "1000000000"},
    {"MIN_EPOCHS_FOR_BLOB_SIDECARS_REQUESTS", "4096"},
    {"MIN_EPOCHS_FOR_BLOCK_REQUESTS", "272", "33024"},
    {"MIN_EPOCHS_FOR_DATA_COLUMN_SIDECARS_REQUESTS", "4096"},
    {"MIN_EPOCHS_TO_INACTIVITY_PENALTY", "4"},
    {"MIN_GENESIS_ACTIVE_VALIDATOR_COUNT", "64", "16384"},
    {"MIN_GENESIS_TIME", "0", "1606824000"},
    {"MIN_PER_EPOCH_CHURN_LIMIT", "2", "4"},
    {"MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA", "64000000000", "128000000000"},
    {"MIN_SEED_LOOKAHEAD", "1"},
    {"MIN_SLASHING_PENALTY_QUOTIENT", "64", "128"},
    {"MIN_SLASHING_PENALTY_QUOTIENT_ALTAIR", "64"},
    {"MIN_SLASHING_PENALTY_QUOTIENT_BELLATRIX", "32"},
    {"MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA", "4096"},
    {"MIN_SYNC_COMMITTEE_PARTICIPANTS", "1"},
    {"MIN_VALIDATOR_WITHDRAWABILITY_DELAY", "256"},
    {"NUMBER_OF_COLUMNS", "128"},
    {"NUMBER_OF_CUSTODY_GROUPS", "128"},
    {"PAYLOAD_ATTESTATION_DUE_BPS", "7500"},
    {"PAYLOAD_BUILDER_VERSION", "0x00"},
    {"PAYLOAD_DUE_BPS", "7500"},
    {"PENDING_CONSOLIDATIONS_LIMIT", "64", "262144"},
    {"PENDING_DEPOSITS_LIMIT", "134217728"},
    {"PENDING_PARTIAL_WITHDRAWALS_LIMIT", "64", "134217728"},
    {"PRESET_BASE", "minimal", "mainnet"},
    {"PROPORTIONAL_SLASHING_MULTIPLIER", "2", "1"},
    {"PROPORTIONAL_SLASHING_MULTIPLIER_ALTAIR", "2"},
    {"PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX", "3"},
    {"PROPOSER_REORG_CUTOFF_BPS", "1667"},
    {"PROPOSER_REWARD_QUOTIENT", "8"},
    {"PROPOSER_SCORE_BOOST", "40"},
    {"PROPOSER_WEIGHT", "8"},
    {"PTC_SIZE", "16", "512"},
    {"RANDOM_SUBNETS_PER_VALIDATOR", "1"},
    {"REORG_HEAD_WEIGHT_THRESHOLD", "20"},
    {"REORG_MAX_EPOCHS_SINCE_FINALIZATION", "2"},
    {"REORG_PARENT_WEIGHT_THRESHOLD", "160"},
    {"RESP_TIMEOUT", "10"},
    {"SAMPLES_PER_SLOT", "8"},
    {"SECONDS_PER_ETH1_BLOCK", "14"},
    {"SHARD_COMMITTEE_PERIOD", "64", "256"},
    {"SHUFFLE_ROUND_COUNT", "10", "90"},
    {"SLOTS_PER_HISTORICAL_ROOT", "64", "8192"},
    {"SUBNETS_PER_NODE", "2"},
    {"SYNC_COMMITTEE_SIZE", "32", "512"},
    {"SYNC_COMMITTEE_SUBNET_COUNT", "4"},
    {"SYNC_MESSAGE_DUE_BPS", "3333"},
    {"SYNC_MESSAGE_DUE_BPS_GLOAS", "2500"},
    {"SYNC_REWARD_WEIGHT", "2"},
    {"TARGET_AGGREGATORS_PER_COMMITTEE", "16"},
    {"TARGET_AGGREGATORS_PER_SYNC_SUBCOMMITTEE", "16"},
    {"TARGET_COMMITTEE_SIZE", "4", "128"},
    {"TERMINAL_BLOCK_HASH", "0x0000000000000000000000000000000000000000000000000000000000000000"},
    {"TERMINAL_BLOCK_HASH_ACTIVATION_EPOCH", "18446744073709551615"},
    {"TERMINAL_TOTAL_DIFFICULTY", "0", "58750000000000000000000"},
    {"TIMELY_HEAD_FLAG_INDEX", "0x02"},
    {"TIMELY_HEAD_WEIGHT", "14"},
    {"TIMELY_SOURCE_FLAG_INDEX", "0x00"},
    {"TIMELY_SOURCE_WEIGHT", "14"},
    {"TIMELY_TARGET_FLAG_INDEX", "0x01"},
    {"TIMELY_TARGET_WEIGHT", "26"},
    {"TTFB_TIMEOUT", "5"},
    {"UNSET_DEPOSIT_REQUESTS_START_INDEX", "18446744073709551615"},
    {"UPDATE_TIMEOUT", "64", "8192"},
    {"VALIDATOR_CUSTODY_REQUIREMENT", "8"},
    {"VALIDATOR_REGISTRY_LIMIT", "1099511627776"},
    {"WEIGHT_DENOMINATOR", "64"},
    {"WHISTLEBLOWER_REWARD_QUOTIENT", "512"},
    {"WHISTLEBLOWER_REWARD_QUOTIENT_ELECTRA", "4096"},
}};

constexpr std::array<std::string_view, 8> kForks = {"GENESIS", "ALTAIR",  "BELLATRIX", "CAPELLA",
                                                    "DENEB",   "ELECTRA", "FULU",      "GLOAS"};

constexpr std::array<BeaconNetwork, 4> kNetworks = {{
    {"mainnet", "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95", 1, 0,
     0x01000000, 0x01000000},
    {"sepolia", "0xd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078", 11'155'111,
     0x90000069, 0x90000070, 1},
    {"hoodi", "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f", 560'048,
     0x10000910, 0x20000910, 0x10000000},
    {"seeddev", "0x83431ec7fcf92cfc44947fc0418e831c25e1d0806590231c439830db7ad54fda", 1337,
     0x20000089, 0x20000090, 1},
}};

void Add(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out += '"';
  out += name;
  out += "\":\"";
  out += value;
  out += '"';
}

std::uint64_t ForkEpoch(const SpecSettings& settings, std::size_t fork) {
  return fork <= kFulu ? 0 : settings.next_fork_epoch;
}

}  // namespace

BeaconNetwork BeaconNetworkOf(std::string_view name) {
  const auto* const found =
      std::find_if(kNetworks.begin(), kNetworks.end(),
                   [&](const BeaconNetwork& network) { return network.name == name; });
  return found == kNetworks.end() ? kNetworks.back() : *found;
}

std::string ForkVersion(const BeaconNetwork& network, std::uint32_t fork) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::uint32_t version = fork == 0
                                    ? network.genesis_version
                                    : network.altair_version + (fork - 1) * network.version_step;
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kHex[(version >> shift) & 15U];
  return text;
}

std::string SpecJson(const BeaconNetwork& network, const SpecSettings& settings) {
  const bool minimal = settings.slots_per_epoch == 8;
  std::string out;
  for (const Constant& constant : kConstants) {
    const bool same = minimal || constant.mainnet.empty();
    Add(out, constant.name, same ? constant.minimal : constant.mainnet);
  }
  for (std::size_t i = 0; i < kForks.size(); ++i) {
    const std::string name(kForks[i]);
    Add(out, name + "_FORK_VERSION", ForkVersion(network, static_cast<std::uint32_t>(i)));
    if (i > 0) Add(out, name + "_FORK_EPOCH", std::to_string(ForkEpoch(settings, i)));
  }
  const long long milliseconds = std::llround(settings.slot_seconds * 1000);
  Add(out, "SLOT_DURATION_MS", std::to_string(milliseconds));
  // Whole seconds only, and never 0: whoever needs this one is no better off with a false one.
  Add(out, "SECONDS_PER_SLOT", std::to_string(std::max(1LL, (milliseconds + 500) / 1000)));
  Add(out, "SLOTS_PER_EPOCH", std::to_string(settings.slots_per_epoch));
  Add(out, "CONFIG_NAME", network.name);
  Add(out, "DEPOSIT_CHAIN_ID", std::to_string(network.chain_id));
  Add(out, "DEPOSIT_NETWORK_ID", std::to_string(network.chain_id));
  out += ",\"BLOB_SCHEDULE\":";
  // Mainnet's has entries, a young network's is empty: readers meet both.
  out += network.chain_id == 1 ? R"([{"EPOCH":"0","MAX_BLOBS_PER_BLOCK":"15"},)"
                                 R"({"EPOCH":"1","MAX_BLOBS_PER_BLOCK":"21"}])"
                               : "[]";
  return out;
}

std::string ForkScheduleJson(const BeaconNetwork& network, const SpecSettings& settings) {
  std::string out;
  for (std::uint32_t i = 0; i < kForks.size(); ++i) {
    // Prysm leaves out forks that are never.
    const std::uint64_t epoch = ForkEpoch(settings, i);
    if (epoch == kFarFuture) continue;
    out += out.empty() ? "[{" : ",{";
    std::string members;
    Add(members, "previous_version", ForkVersion(network, i == 0 ? 0 : i - 1));
    Add(members, "current_version", ForkVersion(network, i));
    Add(members, "epoch", std::to_string(epoch));
    out += members + '}';
  }
  return out + ']';
}

}  // namespace stakewatch::sim
