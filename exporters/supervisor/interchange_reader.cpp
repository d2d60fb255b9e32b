#include "exporters/supervisor/interchange_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/number.h"

namespace stakewatch::supervisor {
namespace {

constexpr std::size_t kKeysMax = 4'000'000;

void Widen(std::optional<Range>& range, std::uint64_t value) {
  if (!range) {
    range = Range{value, value};
  } else {
    range->lowest = std::min(range->lowest, value);
    range->highest = std::max(range->highest, value);
  }
}

// A decimal number in a string, as the format has them.
Checked<std::uint64_t> NumberOf(const JsonToken& token, std::string_view name) {
  const auto number = WholeNumber<std::uint64_t>(token.text);
  if (token.kind == JsonToken::Kind::kString && number) return *number;
  return std::unexpected("\"" + std::string(name) + "\" is no decimal number in a string");
}

}  // namespace

InterchangeReader::InterchangeReader()
    : walk_([this](const JsonToken& token) { return OnToken(token); }) {}

InterchangeReader::Name InterchangeReader::NameOf(std::string_view name) {
  constexpr std::pair<std::string_view, Name> kNames[] = {
      {"metadata", Name::kMetadata},
      {"interchange_format_version", Name::kFormatVersion},
      {"data", Name::kData},
      {"pubkey", Name::kPubkey},
      {"signed_blocks", Name::kSignedBlocks},
      {"slot", Name::kSlot},
      {"signed_attestations", Name::kSignedAttestations},
      {"source_epoch", Name::kSourceEpoch},
      {"target_epoch", Name::kTargetEpoch},
  };
  for (const auto& [text, known] : kNames) {
    if (text == name) return known;
  }
  return Name::kOther;
}

Checked<void> InterchangeReader::OnOpen(bool object) {
  Place place = Place::kOther;
  if (places_.empty()) {
    if (!object) return std::unexpected("no interchange: it is no object");
    place = Place::kRoot;
  } else {
    const Place in = places_.back();
    if (in == Place::kRoot && name_ == Name::kMetadata && object) place = Place::kMetadata;
    if (in == Place::kRoot && name_ == Name::kData) {
      if (object || std::exchange(data_, true)) {
        return std::unexpected("no interchange: its \"data\" is not one array");
      }
      place = Place::kData;
    }
    if (in == Place::kKey && name_ == Name::kSignedBlocks && !object) place = Place::kBlocks;
    if (in == Place::kKey && name_ == Name::kSignedAttestations && !object) {
      place = Place::kAttestations;
    }
    const bool element = in == Place::kData || in == Place::kBlocks || in == Place::kAttestations;
    if (element && !object) return std::unexpected("no interchange: an array of other things");
    if (in == Place::kData) place = Place::kKey;
    if (in == Place::kBlocks) place = Place::kBlock;
    if (in == Place::kAttestations) place = Place::kAttestation;
  }
  if (place == Place::kKey) pubkey_ = false;
  if (place == Place::kBlock) slot_.reset();
  if (place == Place::kAttestation) {
    source_epoch_.reset();
    target_epoch_.reset();
  }
  places_.push_back(place);
  return {};
}

Checked<void> InterchangeReader::OnClose() {
  const Place place = places_.back();
  places_.pop_back();
  if (place == Place::kKey && !pubkey_) return std::unexpected("an element without \"pubkey\"");
  if (place == Place::kBlock) {
    if (!slot_) return std::unexpected("a signed block without \"slot\"");
    Widen(found_.slots, *slot_);
  }
  if (place == Place::kAttestation) {
    if (!source_epoch_ || !target_epoch_) {
      return std::unexpected("a signed attestation without \"source_epoch\" or \"target_epoch\"");
    }
    Widen(found_.source_epochs, *source_epoch_);
    Widen(found_.target_epochs, *target_epoch_);
  }
  return {};
}

Checked<void> InterchangeReader::OnKey(std::string_view pubkey) {
  std::string_view hex = pubkey;
  if (hex.starts_with("0x")) hex.remove_prefix(2);
  // Half of a curve's points begin alike, so it is not the first byte that tells keys apart.
  const bool right =
      hex.size() == 96 && std::ranges::all_of(hex, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      });
  if (!right) return std::unexpected("a \"pubkey\" that is no key of 48 bytes");
  if (keys_.size() == kKeysMax) {
    return std::unexpected("more than " + std::to_string(kKeysMax) + " keys");
  }
  keys_.push_back(WholeNumber<std::uint64_t>(hex.substr(80), 16).value_or(0));
  pubkey_ = true;
  return {};
}

Checked<void> InterchangeReader::OnScalar(const JsonToken& token) {
  if (places_.empty()) return std::unexpected("no interchange: it is no object");
  const Place in = places_.back();
  const auto number = [&](std::string_view name,
                          std::optional<std::uint64_t>& value) -> Checked<void> {
    const auto read = NumberOf(token, name);
    if (!read) return std::unexpected(read.error());
    value = *read;
    return {};
  };
  if (in == Place::kMetadata && name_ == Name::kFormatVersion) {
    if (token.text != "5") {
      return std::unexpected("an interchange of another format than 5");
    }
    format_ = true;
  }
  if (in == Place::kKey && name_ == Name::kPubkey) return OnKey(token.text);
  if (in == Place::kBlock && name_ == Name::kSlot) return number("slot", slot_);
  if (in == Place::kAttestation && name_ == Name::kSourceEpoch) {
    return number("source_epoch", source_epoch_);
  }
  if (in == Place::kAttestation && name_ == Name::kTargetEpoch) {
    return number("target_epoch", target_epoch_);
  }
  const bool other =
      in == Place::kData || in == Place::kBlocks || in == Place::kAttestations ||
      (in == Place::kRoot && name_ == Name::kData) ||
      (in == Place::kKey && (name_ == Name::kSignedBlocks || name_ == Name::kSignedAttestations));
  if (other) return std::unexpected("no interchange: an array of other things");
  return {};
}

Checked<void> InterchangeReader::OnToken(const JsonToken& token) {
  switch (token.kind) {
    case JsonToken::Kind::kName:
      name_ = NameOf(token.text);
      return {};
    case JsonToken::Kind::kOpenObject:
    case JsonToken::Kind::kOpenArray:
      return OnOpen(token.kind == JsonToken::Kind::kOpenObject);
    case JsonToken::Kind::kCloseObject:
    case JsonToken::Kind::kCloseArray:
      return OnClose();
    case JsonToken::Kind::kString:
    case JsonToken::Kind::kBare:
      break;
  }
  return OnScalar(token);
}

Checked<Interchange> InterchangeReader::Finish() {
  if (const auto finished = walk_.Finish(); !finished) return std::unexpected(finished.error());
  if (!format_) return std::unexpected("no interchange: no \"interchange_format_version\"");
  if (!data_) return std::unexpected("no interchange: no \"data\"");
  std::ranges::sort(keys_);
  const auto same = std::ranges::unique(keys_);
  found_.keys = keys_.size() - same.size();
  return found_;
}

}  // namespace stakewatch::supervisor
