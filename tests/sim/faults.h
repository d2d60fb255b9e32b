#pragma once
// What can be made to go wrong, and which of it is switched on.
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"

namespace stakewatch::sim {

using Clock = std::chrono::steady_clock;

enum class Kind : std::uint8_t {
  // The node's state.
  kStop,
  kHang,
  kStuck,
  kSyncing,
  kNeverSynced,
  kNoPeers,
  kPeers,
  kNoInbound,
  kOneSubnet,
  kReorg,
  kGap,
  kWrongNetwork,
  kNotListening,
  kModuleOff,
  kNoFinalized,
  kNullFinalized,
  // The shape of what it tells.
  kClient,
  kOldGeth,
  kHandshakePeers,
  kEvilNames,
  // Its answers.
  kRpcError,
  kHttp500,
  kHttp401,
  kRedirect,
  kHtml,
  kEmpty,
  kTruncated,
  kWrongTypes,
  kHugeNumbers,
  kDeepNesting,
  kDuplicateKeys,
  kInvalidUtf8,
  kNotJson,
  kWrongId,
  // How they travel.
  kDrip,
  kEndlessBody,
  kEndlessHeaders,
  kEndlessHeaderLine,
  kDripHeader,
  kEndlessChunkSize,
  kLyingLength,
  kReset,
  kClose,
  kSlow,
  // The beacon node's and its validators'.
  kRestart,
  kElOffline,
  kFinalityStalled,
  kLateBlocks,
  kEarlyBlocks,
  kForkSoon,
  kMissedProposals,
  kMissedAttestations,
  kLateAttestations,
  kFeeRecipient,
  kSlashed,
  kSyncWeak,
  kEventsSilent,
  kEventsCut,
  kOldTopics,
  kNumbers,
  kNegative,
  kNoWallet,
  // supervisord's.
  kState,
  kProcess,
  kFlapping,
  kEntities,
  // The validator supervisor's.
  kReality,
  kOldDaemon,
  kErrorObject,
  kLongLine,
  kOtherCertificate,
  // Jormungandr's.
  kFork,
  kBehind,
  kBootstrapping,
  kVersion,
  kRejected,
  kLeader,
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kLeader) + 1;

// Whom a fault can befall; the first of a kind's targets is the one that is meant without a word.
enum Target : std::uint8_t {
  kOnGeth = 1,
  kOnBeacon = 2,
  kOnValidator = 4,
  kOnSupervisord = 8,
  kOnSupervisor = 16,
  kOnJormungandr = 32
};
inline constexpr std::uint8_t kOnJson = kOnGeth | kOnBeacon | kOnValidator | kOnJormungandr;
inline constexpr std::uint8_t kOnAll = kOnJson | kOnSupervisord;  // All that speak HTTP.
inline constexpr std::uint8_t kOnEach = kOnAll | kOnSupervisor;

struct KindInfo {
  std::string_view name;
  std::string_view help;     // One line, with what `value` means.
  std::string_view example;  // Of its query; empty: kind=<name>.
  std::uint8_t targets = kOnGeth;
};
const KindInfo& Info(Kind kind);
std::optional<Kind> FindKind(std::string_view name);

// Geths have numbers from 0 on. The others are no Geth: kEveryNode does not mean them.
inline constexpr int kEveryNode = -1, kBeaconNode = -2, kValidatorNode = -3, kSupervisordNode = -4,
                     kSupervisorNode = -5;
// All Jormungandr nodes; one of them is kJormungandrNode - 1 - i.
inline constexpr int kJormungandrNode = -100, kJormungandrNodes = 3;

struct Fault {
  Kind kind{};
  int node = kEveryNode;
  std::string method = {};  // Empty: each one. Of the HTTP APIs: what the path begins with;
                            // of supervisord: its method, or one of its programs.
  std::string value = {};   // Empty: the kind's default.
  std::optional<std::chrono::milliseconds> lasting = {};  // None: until it is cleared.
};

// A fault from the control port's query: kind, target, node, method, for, value.
Checked<Fault> FaultFromQuery(const std::unordered_map<std::string, std::string>& query);

// 2s, 1.5s, 200ms, 3m or plain seconds.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// `fault.value` as a number, or `other` when it is none.
std::uint64_t ValueOf(const Fault& fault, std::uint64_t other);

class FaultSet {
 public:
  // A second fault of the same kind, node and method replaces the first.
  void Set(Fault fault, Clock::time_point now);
  void Clear();
  void Clear(Kind kind);
  // Removes what has run out; true when something was removed.
  bool Expire(Clock::time_point now);
  // The fault of `kind` that holds for `node` and, when it is narrowed to a method, for `method`;
  // of the beacon node and the validator client, to paths that begin with it.
  const Fault* Find(Kind kind, int node, std::string_view method = {}) const;
  // The values of all module_off faults of `node`.
  std::vector<std::string> ModulesOff(int node) const;
  bool Any() const { return !faults_.empty(); }
  // A JSON array.
  std::string Json(Clock::time_point now) const;

 private:
  struct Active {
    Fault fault;
    std::optional<Clock::time_point> until;
  };
  std::vector<Active> faults_;
  // How many of each kind are on: the answer to most questions, at no cost.
  std::array<std::uint32_t, kKinds> counts_{};

  void Recount();
};

}  // namespace stakewatch::sim
