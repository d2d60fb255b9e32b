#pragma once
// Reads a slashing-protection interchange (EIP-3076, format 5) as it streams in: what the keys have
// signed, lowest and highest.
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/json_walk.h"
#include "common/result.h"

namespace stakewatch::supervisor {

struct Range {
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;

  bool operator==(const Range&) const = default;
};

struct Interchange {
  std::uint64_t keys = 0;              // Each once, however often it stands there.
  std::optional<Range> slots;          // Of signed blocks; none: no block signed.
  std::optional<Range> source_epochs;  // Of signed attestations.
  std::optional<Range> target_epochs;
};

// One document.
class InterchangeReader {
 public:
  InterchangeReader();
  InterchangeReader(const InterchangeReader&) = delete;
  InterchangeReader& operator=(const InterchangeReader&) = delete;

  Checked<void> Take(std::string_view piece) { return walk_.Take(piece); }
  // Once all has come.
  Checked<Interchange> Finish();

 private:
  // What an object or array is, by the names on the way to it.
  enum class Place {
    kRoot,
    kMetadata,
    kData,
    kKey,
    kBlocks,
    kBlock,
    kAttestations,
    kAttestation,
    kOther,
  };
  // What the last name was, as far as it is looked at.
  enum class Name {
    kOther,
    kMetadata,
    kFormatVersion,
    kData,
    kPubkey,
    kSignedBlocks,
    kSlot,
    kSignedAttestations,
    kSourceEpoch,
    kTargetEpoch,
  };

  Checked<void> OnToken(const JsonToken& token);
  Checked<void> OnOpen(bool object);
  Checked<void> OnClose();
  Checked<void> OnScalar(const JsonToken& token);
  Checked<void> OnKey(std::string_view pubkey);
  static Name NameOf(std::string_view name);

  Interchange found_;
  std::vector<std::uint64_t> keys_;  // The last eight bytes of each.
  std::vector<Place> places_;
  Name name_ = Name::kOther;
  bool format_ = false, data_ = false;
  bool pubkey_ = false;  // Of this key; the rest of this block or attestation.
  std::optional<std::uint64_t> slot_, source_epoch_, target_epoch_;
  JsonWalk walk_;
};

}  // namespace stakewatch::supervisor
